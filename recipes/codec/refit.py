"""Put the codes of a trained codec where its points lie: ``python -m recipes.codec.refit --run runs/codec --out
runs/codec-refit``.

In training a learned codebook follows an encoder that moves, and some codes are left behind where hardly anything
lies. The encoder stands still now: a few rounds of k-means from the trained codebook move every code to the mean of
its points, and codes without points to where others are crowded. Encoder, projections and decoder are unchanged. A
language model that knew the codes before is to learn them anew (:mod:`recipes.lm.transfer`); the decoder may be trained
on with ``keep_codes`` (:mod:`recipes.codec.train`).
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
import torch

from recipes.codec.kmeans import kmeans
from recipes.codec.load import load_codec
from recipes.codec.measure import perplexity
from recipes.codec.train import CodecTask, CodecTraining
from recipes.data import Corpus
from recipes.precision import mixed_precision
from recipes.table import progress
from recipes.training import check_new, save_trained
from tts.cli_common import one_line_errors
from tts.codec.vq import VectorQuantizer


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--run", type=click.Path(path_type=Path), default=Path("runs/codec"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/codec-refit"), show_default=True)
@click.option("--batches", default=250, show_default=True, help="To take points of: 3,000 each.")
@click.option("--rounds", default=5, show_default=True, help="Of k-means.")
@click.option("--threads", default=1, show_default=True)
@one_line_errors
def main(corpus: Path, run: Path, out: Path, batches: int, rounds: int, threads: int) -> None:
    """Write a run whose codec is RUN's with another codebook."""
    check_new(out)
    torch.set_num_threads(threads)
    codec = load_codec(run)
    if not isinstance(codec.quantizer, VectorQuantizer):
        raise ValueError(f"{run} has quantizer {codec.config.quantizer!r}; refit is for a learned codebook, vq")
    task = CodecTask(CodecTraining(codec.config, keep_codes=True), Corpus(corpus, "train"), torch.device("cpu"))
    parts = []
    for number in progress(range(batches), "batches"):
        mel = task.batch(np.random.default_rng((0, number))).mel
        with torch.inference_mode(), mixed_precision("cpu"):
            parts.append(codec.quantizer.project_in(codec.encoder(mel)).float().flatten(0, 1))
    found = torch.cat(parts)
    points = codec.quantizer.codebook.points
    before = len(torch.unique(codec.quantizer.codebook.nearest(found)))
    book, counts = kmeans(found, points, rounds, torch.Generator().manual_seed(0))
    points.copy_(book.points)
    save_trained(codec.state_dict(), "codec", asdict(codec.config), out)
    even = perplexity(counts.numpy())
    click.echo(f"{out}: {before} codes had any of {len(found)} points, now all have; perplexity {even:.0f}")


if __name__ == "__main__":
    main()
