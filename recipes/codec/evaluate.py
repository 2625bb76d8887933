"""What codec and vocoder cost: ``python -m recipes.codec.evaluate --out runs/codec-evaluation`` (extra ``[eval]``).

Without ``--folder`` on held-out clips of the corpus, their voice and style known to the decoder; with it on the WAV and
FLAC files of a folder, voice and style unknown. ``--run`` takes the codec out of a training run, a teacher's too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import torch

from recipes.codec.load import load_codec
from recipes.codec.measure import Clip, MelChain, draw_histogram, folder_clips, measure
from recipes.data import Corpus
from recipes.table import progress
from tts.checkpoint import DEFAULT_MODEL, load_model
from tts.cli_common import one_line_errors
from tts.config import AUDIO

JUDGED_FROM_S = 2.5


def corpus_clips(folders: tuple[Path, ...], splits: tuple[str, ...], seed: int) -> Iterator[Clip]:
    """Clips of ``splits`` in random order, those of the first folder that are fit for the judges (spoken aloud, 2.5 s
    or more) first.
    """
    fit, rest = [], []
    for folder in folders:
        for split in splits:
            try:
                corpus = Corpus(folder, split)
            except ValueError:
                if folder == folders[0]:
                    raise
                continue  # recipes.codec.held_out has one split only
            for index, row in enumerate(corpus.rows):
                aloud = row["style"]["whisper"] < 0.5 and row["n_samples"] > JUDGED_FROM_S * AUDIO.sample_rate
                (fit if aloud and folder == folders[0] else rest).append((corpus, index))
    order = random.Random(seed)
    order.shuffle(fit)
    for corpus, index in progress(fit + rest, "clips"):
        row = corpus.rows[index]
        samples = corpus.samples(index)
        yield Clip(f"{row['shard']}:{row['start']}", samples, row["text"], corpus.voices[index], corpus.styles[index])


@click.command()
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
@click.option("--run", type=click.Path(path_type=Path), default=None, help="A training run with the codec to put in.")
@click.option(
    "--corpus",
    "corpora",
    type=click.Path(path_type=Path),
    multiple=True,
    default=[Path("runs/corpus")],
    show_default=True,
    help="Repeatable; judged clips come from the first.",
)
@click.option("--split", "splits", multiple=True, default=["valid", "test"], show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=None, help="A folder of recordings instead.")
@click.option("--clips", "judged", default=40, show_default=True, help="Clips to judge; 0 counts codes only.")
@click.option("--threads", default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/codec-evaluation"), show_default=True)
@one_line_errors
def main(
    model: str,
    run: Path | None,
    corpora: tuple[Path, ...],
    splits: tuple[str, ...],
    folder: Path | None,
    judged: int,
    threads: int,
    out: Path,
) -> None:
    """Print codebook usage and the judges' table; write them as JSON and a picture of the code histogram."""
    torch.set_num_threads(threads)
    loaded = load_model(model)
    if run is not None:
        loaded = replace(loaded, codec=load_codec(run))
    clips = corpus_clips(corpora, splits, 0) if folder is None else folder_clips(folder, AUDIO.sample_rate)
    found = measure(MelChain(loaded), clips, judged, threads)
    click.echo(found.tables())
    out.mkdir(parents=True, exist_ok=True)
    (out / "codec.json").write_text(json.dumps(found.summary(), indent=1) + "\n", encoding="utf-8")
    draw_histogram(found, out / "codes.png", f"{run or model} on {folder or ', '.join(map(str, corpora))}")


if __name__ == "__main__":
    main()
