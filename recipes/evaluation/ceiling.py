"""What a student of the corpus can hope for: its teachers on the same sentences, in the same voices and emotions (extra
``[train]``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recipes.evaluation.bench import Bench, Reading
from recipes.evaluation.clip import Clip
from recipes.table import progress
from tts.checkpoint import Model
from tts.config import AUDIO
from tts.mel import log_mel
from tts.render import render
from tts.style import EMOTIONS, style_vector, voice_vector
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize


def unstyled() -> Callable[[str], Clip]:
    """``hibari-tts`` as it comes, in its own voice and manner."""
    from hibari import SAMPLE_RATE, Hibari

    teacher = Hibari(threads=1)

    def speak(text: str) -> Clip:
        wav = np.concatenate([np.asarray(piece, np.float32) for piece in teacher.stream(text, seed=0)])
        return Clip(text, wav, SAMPLE_RATE)

    return speak


def recording(seed: int, kokoro: Path | None = None) -> Callable[[str, str, str], Clip]:
    """A clip as :mod:`recipes.corpus` makes it: the teacher of the voice, restyled."""
    from recipes.corpus.draw import built_in_speaker
    from recipes.corpus.teachers import Teachers, seed_teachers

    seed_teachers(seed)
    rng = np.random.default_rng(seed)
    teachers = Teachers(kokoro)

    def speak(text: str, voice: str, emotion: str) -> Clip:
        made = teachers.speak(phonemize(normalize(text)), built_in_speaker(voice), EMOTIONS[emotion], rng)
        return Clip(text, made.samples, AUDIO.sample_rate)

    return speak


def through_codec(samples: np.ndarray, model: Model, voice: Tensor | None, style: Tensor | None) -> np.ndarray:
    """``samples`` (N,) as codes and back, by the codec and the vocoder of ``model``; voice and style (1, ...), ``None``
    where unknown.
    """
    codes = model.codec.encode(log_mel(torch.from_numpy(samples))[None])[0].tolist()
    return render(model, codes, voice, style)


class Heard(NamedTuple):
    """What the judges made of all clips: word error rate, and mean DNSMOS of those long enough (NaN: none)."""

    wer: float
    quality: float

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> Heard:
        """A clip counts at most as many errors as it has words."""
        found = [r.comparison for r in readings]
        errors = sum(c.bounded_errors for c in found)
        scores = [r.mos["ovrl"] for r in readings if r.mos]
        return cls(errors / sum(c.n_words for c in found), float(np.mean(scores)) if scores else np.nan)


def ceilings(
    bench: Bench, texts: Sequence[str], voices: Sequence[str], emotions: Sequence[str], kokoro: Path | None = None
) -> dict[str, Heard]:
    """How the judges of ``bench`` hear sentence i in voice i and emotion i: recordings, those through the codec of its
    model, and the first teacher in its own voice. ``kokoro``: the folder of Kokoro's voices, for mixtures of them.

    Raises:
        ValueError: the corpus has no such voice, or it is a mixture and ``kokoro`` is missing.
    """
    from recipes.corpus.draw import built_in_speaker

    speakers = {name: built_in_speaker(name) for name in dict.fromkeys(voices)}
    blends = [name for name, speaker in speakers.items() if speaker.blend]
    if blends and kokoro is None:
        raise ValueError(f"{blends[0]} is a mixture of Kokoro's speakers: give --kokoro, the folder of their voices")
    record, plain = recording(0, kokoro), unstyled()
    heard: dict[str, list[Reading]] = {"recordings": [], "recordings through the codec": [], "hibari-tts": []}
    for text, voice, emotion in progress(list(zip(texts, voices, emotions, strict=True)), "recordings"):
        clip = record(text, voice, emotion)
        who, how = voice_vector(speakers[voice].voice)[None], style_vector(EMOTIONS[emotion])[None]
        coded = through_codec(clip.samples, bench.synth.model, who, how)
        for readings, said in zip(heard.values(), (clip, clip._replace(samples=coded), plain(text)), strict=True):
            readings.append(bench.read(said))
    return {name: Heard.of(readings) for name, readings in heard.items()}
