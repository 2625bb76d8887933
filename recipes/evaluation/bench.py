"""What every section works with: the synthesiser under test, the judges, the recordings, and one clip's reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.evaluation.clip import Clip
from recipes.evaluation.reference import Reference
from recipes.judges import SpeakerSimilarity, Whisper, dnsmos
from recipes.wording import Comparison, compare, wer, wer_interval

if TYPE_CHECKING:
    from tts import Audio, Synthesizer

MOS_SECONDS = 1.5  # shorter clips are left out of DNSMOS averages (see `recipes.judges.dnsmos`)


@dataclass(frozen=True)
class Reading:
    """What the judges of words and quality made of one clip. `mos` is empty for clips too short for DNSMOS."""

    text: str
    heard: str
    comparison: Comparison
    mos: dict[str, float]
    seconds: float


def read_clip(clip: Clip, whisper: Whisper) -> Reading:
    """Has the judges of words and quality listen to `clip`."""
    heard = whisper.transcribe(clip.samples, clip.sample_rate)
    mos = dnsmos(clip.samples, clip.sample_rate) if clip.seconds >= MOS_SECONDS else {}
    return Reading(clip.text, heard, compare(clip.text, heard), mos, clip.seconds)


@dataclass
class Bench:
    """One evaluation run.

    Attributes:
        synth: the synthesiser under test.
        reference: recordings for the ceiling, or None.
        limit: sentences to take for each measure, more or fewer than usual, or None for its own default.
        voice_names: built-in voices to try, or empty for a section's own choice.
        whisper_model: faster-whisper model name or folder, None for Whisper base.
        threads: CPU threads of the judges.
        model: name or folder that `synth` was loaded from, for sections that load it again in a fresh process.
    """

    synth: Synthesizer
    reference: Reference | None = None
    limit: int | None = None
    voice_names: Sequence[str] = ()
    whisper_model: str | None = None
    threads: int = 2
    model: str = "facet-nano"

    @cached_property
    def whisper(self) -> Whisper:
        """The judge of words, loaded on first use."""
        return Whisper(self.whisper_model, self.threads)

    @cached_property
    def speaker(self) -> SpeakerSimilarity:
        """The judge of voices, loaded on first use."""
        return SpeakerSimilarity()

    def voices(self, default: int | None = None) -> list[str]:
        """Voices to try: those asked for, else the first `default` built-in ones (None: all)."""
        return list(self.voice_names) or list(self.synth.voices)[:default]

    def number(self, default: int) -> int:
        """Items to take where `default` is the usual number."""
        return default if self.limit is None else self.limit

    def say(self, text: str, voice: str | None = None, style: str | None = None, intensity: float = 1.0) -> Clip:
        """Synthesises `text` with seed 0."""
        return self.say_many([text], voice, style, intensity)[0]

    def say_many(
        self,
        texts: Sequence[str],
        voice: str | None = None,
        style: str | None = None,
        intensity: float = 1.0,
        seed: int = 0,
    ) -> list[Clip]:
        """Synthesises each of `texts`: with seed 0 the clips of `say`, sooner."""
        made = self.synth.say_many(list(texts), voice=voice, style=style, intensity=intensity, seed=seed)
        return [_usable(text, audio) for text, audio in zip(texts, made, strict=True)]

    def embed(self, clip: Clip) -> np.ndarray:
        """The voice of `clip` to the judge of voices, (256,)."""
        return self.speaker.embed(clip.samples, clip.sample_rate)

    def read(self, clip: Clip) -> Reading:
        """Has the judges of words and quality listen to `clip`."""
        return read_clip(clip, self.whisper)


def _usable(text: str, audio: Audio) -> Clip:
    samples = np.asarray(audio.samples, dtype=np.float32)
    if not samples.size or not np.isfinite(samples).all():
        raise ValueError(f"the synthesiser made no usable audio ({samples.size} samples) for {text!r}")
    return Clip(text, samples, audio.sample_rate)


@dataclass(frozen=True)
class Section:
    """One section's result: what goes into the JSON, and its tables for people."""

    data: dict[str, Any]
    tables: list[str]


SCORES = ("ovrl", "sig", "bak")
SUMMARY_HEADERS = ("", "clips", "WER", "95 %", "skipped", "repeated", "OVRL", "SIG", "BAK")


def summary(readings: Sequence[Reading]) -> dict[str, Any]:
    """Word error rate with its interval, runs of skipped and repeated words, and mean DNSMOS of several readings."""
    comparisons = [reading.comparison for reading in readings]
    low, high = wer_interval(comparisons)
    scored = [reading.mos for reading in readings if reading.mos]
    mos = {name: float(np.mean([m[name] for m in scored])) if scored else float("nan") for name in SCORES}
    return {
        "clips": len(readings),
        "seconds": sum(reading.seconds for reading in readings),
        "wer": wer(comparisons),
        "wer_95": [low, high],
        "skipped": sum(len(c.skipped) for c in comparisons),
        "repeated": sum(len(c.repeated) for c in comparisons),
        "mos_clips": len(scored),
        **mos,
    }


def summary_row(name: str, row: dict[str, Any]) -> list[object]:
    """A `summary` as a table row under `SUMMARY_HEADERS`."""
    interval = "{:.3f}-{:.3f}".format(*row["wer_95"])
    counts = (row["skipped"], row["repeated"])
    return [name, row["clips"], f"{row['wer']:.3f}", interval, *counts, *(row[score] for score in SCORES)]
