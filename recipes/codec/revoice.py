"""What the decoder makes of the voice it is told: ``python -m recipes.codec.revoice`` (extra ``[eval]``).

Codes of held-out clips are decoded in the voice and style of the next clip of somebody else. The nearer the result is
to that voice's recording, and the further from the one that the codes were read off, the more the conditioning of the
decoder decides (style-adaptive convolutions, MM-TTS, arXiv 2312.10687), and the less the codes do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import numpy as np
import torch

from recipes.codec.evaluate import corpus_clips
from recipes.codec.load import load_codec
from recipes.codec.measure import Clip, Judges, MelChain
from recipes.judges import dnsmos
from recipes.table import table
from recipes.wording import wer
from tts.checkpoint import DEFAULT_MODEL, load_model
from tts.cli_common import one_line_errors

HEADERS = ("decoded in", "clips", "WER", "cosine to the told voice", "to the codes' voice", "DNSMOS")
OWN, OTHER = "its own voice", "another voice"


def pairs(clips: Iterator[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Every clip with the next one of another voice."""
    waiting: list[Clip] = []
    for clip in clips:
        others = [one for one in waiting if not torch.equal(one.voice, clip.voice)]
        for one in others:
            yield one, clip
        waiting = [one for one in waiting if one not in others] + [clip]


def revoice(chain: MelChain, clips: Iterator[Clip], judged: int, threads: int = 1) -> dict[str, dict[str, float]]:
    """Rows of ``HEADERS`` over the first ``judged`` pairs: codes decoded in their own voice, and in another.

    Raises:
        ValueError: the clips are all of one voice.
    """
    judges = Judges(threads)
    readings: dict[str, list] = {OWN: [], OTHER: []}
    scores: dict[str, list[tuple[float, float, float]]] = {OWN: [], OTHER: []}
    for clip, other in islice(pairs(clips), judged):
        codes = chain.encode(clip)
        mine, told = (judges.speaker.embed(c.samples, chain.sample_rate) for c in (clip, other))
        for name, who in ((OWN, clip), (OTHER, other)):
            made = chain.versions(clip._replace(voice=who.voice, style=who.style), codes)["codec and vocoder"]
            heard = judges.speaker.embed(made, chain.sample_rate)
            to_told = judges.speaker.cosine(heard, mine if name == OWN else told)
            quality = dnsmos(made, chain.sample_rate)["ovrl"]
            readings[name].append(judges.read(made, chain.sample_rate, clip.text))
            scores[name].append((to_told, judges.speaker.cosine(heard, mine), quality))
    if not scores[OWN]:
        raise ValueError("all clips are of one voice: give a corpus of several")
    return {
        name: dict(zip(HEADERS[1:], (len(rows), wer(readings[name]), *np.mean(rows, axis=0).tolist()), strict=True))
        for name, rows in scores.items()
    }


@click.command()
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
@click.option("--run", type=click.Path(path_type=Path), default=None, help="A training run with the codec to put in.")
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--clips", "judged", default=40, show_default=True, type=click.IntRange(min=1), help="Pairs to judge.")
@click.option("--threads", default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Also write the figures here, as JSON.")
@one_line_errors
def main(model: str, run: Path | None, corpus: Path, judged: int, threads: int, out: Path | None) -> None:
    """Print what the judges hear in clips that are decoded in their own voice, and in another."""
    torch.set_num_threads(threads)
    loaded = load_model(model)
    if run is not None:
        loaded = replace(loaded, codec=load_codec(run))
    rows = revoice(MelChain(loaded), corpus_clips((corpus,), ("valid", "test"), 0), judged, threads)
    shown = [[name, *row.values()] for name, row in rows.items()]
    click.echo(table("Codes of one voice, decoded in another", HEADERS, shown, digits=3))
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
