"""Utterances that judges rated, for stage 3: ``python -m recipes.lm.preferences --model facet-nano --corpus runs/corpus
--out runs/preferences.jsonl --minutes 60``.

The training clips with the rarest sequences of phonemes come first: where a model slips, judges can tell utterances
apart. For the sentence, voice and style of a clip the model speaks several times with more variety than usual. Outside
judges (:mod:`recipes.judges`) rate what it said: how likely Whisper finds each of the words in it, and length, voice
and style against the recording's. The file has a row a clip, so an interrupted run goes on after the last.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import torch

from recipes.data import Corpus
from recipes.judges import LONGEST_WINDOW_S, SpeakerSimilarity, Whisper, prosody
from recipes.processes import shared_map
from tts.checkpoint import find_model, load_model_config
from tts.cli_common import one_line_errors
from tts.config import AUDIO
from tts.lm.generate import Sampling
from tts.render import render
from tts.style import STYLE_SCALES
from tts.synthesizer import Synthesizer
from tts.voice_file import fingerprint

WORD_WEIGHT, LENGTH_WEIGHT, VOICE_WEIGHT, STYLE_WEIGHT = 0.5, 0.3, 1.0, 0.1
TOLERATED_LENGTH = 0.15  # log ratio to the recording's that is nobody's fault
PRIOR = 40  # see `hardest_first`


class Verdict(NamedTuple):
    """What the judges made of one utterance: Whisper's surprise at each word in nats, log of its length against the
    recording's, cosine of the voices, and how far its pitch, pitch range, level and tilt are from the recording's, in
    standard steps.
    """

    words: list[float]
    length: float
    voice: float
    style: float

    @property
    def surprise(self) -> float:
        """Nats a word."""
        return float(np.mean(self.words))

    @property
    def score(self) -> float:
        """Higher is better."""
        too_long = max(0.0, abs(self.length) - TOLERATED_LENGTH)
        faults = WORD_WEIGHT * self.surprise + LENGTH_WEIGHT * too_long + STYLE_WEIGHT * self.style
        return VOICE_WEIGHT * self.voice - faults

    def rounded(self) -> dict:
        """Its parts by name, as they are kept."""
        numbers = {name: round(float(getattr(self, name)), 4) for name in ("length", "voice", "style")}
        return {"words": [round(float(nats), 3) for nats in self.words], **numbers}


def verdict_of(utterance: dict) -> Verdict:
    """What the judges made of an utterance of a row."""
    return Verdict(*(utterance[name] for name in Verdict._fields))


def hear_style(wav: np.ndarray) -> np.ndarray:
    """Pitch, pitch range, level and tilt of ``wav`` (T,) to Praat, in standard steps of :mod:`tts.style`: (4,)."""
    heard = prosody(wav, AUDIO.sample_rate, roughness=False)
    span = heard.range_octaves
    return np.asarray(
        [
            12 * math.log2(heard.f0_hz) / STYLE_SCALES.pitch,
            (math.log2(span) if span > 0 else math.nan) / STYLE_SCALES.range,
            heard.level_db / STYLE_SCALES.level,
            heard.tilt_db / STYLE_SCALES.tilt,
        ]
    )


def style_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance over what was heard in both (a whisper has no pitch); 0 where nothing was."""
    apart = np.abs(one - other)
    return float(apart[np.isfinite(apart)].mean()) if np.isfinite(apart).any() else 0.0


@dataclass
class Maker:
    """Speaks clips of the corpus anew and has them judged."""

    synth: Synthesizer
    corpus: Corpus
    whisper: Any
    speaker: Any
    samples: int
    sampling: Sampling

    @classmethod
    def load(cls, model: str, corpus: Path, whisper: str | None, samples: int, sampling: Sampling) -> Maker:
        """With the judges and the training clips, on one thread."""
        torch.set_num_threads(1)
        synth = Synthesizer.from_pretrained(model)
        return cls(synth, Corpus(corpus, "train"), Whisper(whisper, 1), SpeakerSimilarity(), samples, sampling)

    @cached_property
    def model(self) -> str:
        """Which weights speak."""
        return fingerprint(self.synth.model.config)

    def rate(self, index: int) -> dict:
        """A row for clip ``index``: what was said and what the judges made of it."""
        row = self.corpus.rows[index]
        voice, style = self.corpus.voices[index][None], self.corpus.styles[index][None]
        seeds = [index * self.samples + i for i in range(self.samples)]
        spoken = self.synth.speaker.speak([row["phonemes"]] * self.samples, voice, style, seeds, self.sampling)
        recording = self.corpus.samples(index)
        who, how = self.speaker.embed(recording, AUDIO.sample_rate), hear_style(recording)
        utterances = []
        for utterance, seed in zip(spoken, seeds, strict=True):
            wav = render(self.synth.model, list(utterance.codes), voice, style, seed)
            window = wav[: LONGEST_WINDOW_S * AUDIO.sample_rate]  # a longer one is a runaway
            words = self.whisper.surprise(window, AUDIO.sample_rate, row["text"])
            cosine = SpeakerSimilarity.cosine(who, self.speaker.embed(wav, AUDIO.sample_rate))
            length = float(np.log(len(wav) / len(recording)))
            verdict = Verdict(list(words), length, cosine, style_distance(how, hear_style(wav)))
            codes, lengths = [int(c) for c in utterance.codes], [int(n) for n in utterance.lengths]
            utterances.append({"codes": codes, "lengths": lengths, **verdict.rounded()})
        return {
            "clip": index,
            "shard": row["shard"],
            "start": row["start"],
            "model": self.model,
            "utterances": utterances,
        }


def hardest_first(rows: list[dict]) -> list[int]:
    """Clips by the mean surprisal of their phonemes after the two before, as counted over all, the highest first. The
    mean is drawn to nothing by ``PRIOR`` phonemes, for short clips would be at both ends by chance.
    """
    texts = [[s.lstrip("ˈˌ") for s in row["phonemes"]] for row in rows]
    threes = Counter(three for text in texts for three in zip(text, text[1:], text[2:], strict=False))
    twos = Counter(two for text in texts for two in zip(text[:-1], text[1:-1], strict=False))
    surprisal = []
    for text in texts:
        found = [math.log(twos[a, b] / threes[a, b, c]) for a, b, c in zip(text, text[1:], text[2:], strict=False)]
        surprisal.append(sum(found) / (PRIOR + len(found)))
    return sorted(range(len(rows)), key=lambda i: -surprisal[i])


_maker: Maker | None = None  # a worker's own


def _begin(make: Callable[[], Maker]) -> None:
    global _maker
    _maker = make()


def _rate(index: int) -> dict:
    assert _maker is not None
    return _maker.rate(index)


def rated(make: Callable[[], Maker], clips: list[int], processes: int) -> Generator[dict]:
    """Rows of ``clips`` in turn, the work shared by ``processes``, each with its own ``make()``. Raises
    ``BrokenProcessPool`` when one cannot be made.
    """
    with shared_map(processes, _begin, (make,)) as mapped:
        yield from mapped(_rate, clips)


def read_rows(path: Path) -> list[dict]:
    """Whole rows of a file of rated utterances; a half-written last one is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1] == "\n"]


def drop_half_row(path: Path) -> None:
    """Cut off what an interrupted run began to write."""
    if path.exists():
        with path.open("rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)


@click.command()
@click.option("--model", default="facet-nano", show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/preferences.jsonl"), show_default=True)
@click.option("--clips", default=1000, show_default=True, help="Clips to speak anew.")
@click.option("--minutes", default=60.0, show_default=True, help="Stop after this time; run again to go on.")
@click.option("--samples", default=6, show_default=True, help="Utterances a clip.")
@click.option("--temperature", default=0.7, show_default=True)
@click.option("--top-p", default=0.95, show_default=True)
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
@click.option("--whisper", "whisper_model", help="A faster-whisper model; default Whisper base (extra [eval]).")
@one_line_errors
def main(
    model: str,
    corpus: Path,
    out: Path,
    clips: int,
    minutes: float,
    samples: int,
    temperature: float,
    top_p: float,
    processes: int,
    whisper_model: str | None,
) -> None:
    """Speak and rate until CLIPS are spoken or the time is over; run again to go on."""
    if samples < 2:
        raise click.UsageError(f"--samples {samples}: one needs another to be better than")
    begun = time.monotonic()
    chosen = hardest_first(Corpus(corpus, "train").rows)[:clips]
    rows = read_rows(out)
    said_by = {row["model"] for row in rows}
    if said_by - {fingerprint(load_model_config(find_model(model)))}:
        raise click.UsageError(f"{out} holds what another model than {model} said; give another --out")
    done = {row["clip"] for row in rows}
    left = [i for i in chosen if i not in done]
    make = partial(Maker.load, model, corpus, whisper_model, samples, Sampling(temperature, top_p))
    out.parent.mkdir(parents=True, exist_ok=True)
    drop_half_row(out)
    if minutes > 0 and left:
        with out.open("a", encoding="utf-8") as file, closing(rated(make, left, processes)) as made:
            for row in made:
                rows.append(row)
                file.write(json.dumps(row) + "\n")
                file.flush()
                if len(rows) % 10 == 0:
                    print(f"{len(rows)}/{clips} clips, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
                if time.monotonic() - begun > 60 * minutes:
                    break
    click.echo(summary(rows))


def summary(rows: list[dict]) -> str:
    """How many clips were spoken, and the means of the best and the worst utterances."""
    lines = [f"{len(rows)} clips"]
    ranked = [sorted(map(verdict_of, row["utterances"]), key=lambda v: -v.score) for row in rows]
    for name, place in (("best", 0), ("worst", -1)) if rows else ():
        names = ("surprise", "length", "voice", "style")
        means = {k: np.mean([getattr(verdicts[place], k) for verdicts in ranked]) for k in names}
        lines.append(f"  {name:5s}  " + "  ".join(f"{k} {v:+.3f}" for k, v in means.items()))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
