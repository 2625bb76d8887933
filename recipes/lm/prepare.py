"""Encode the corpus for the language model: ``python -m recipes.lm.prepare --corpus runs/corpus --codec runs/codec
--out runs/lm/codes.npz``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np
import torch

from recipes.codec.codes import write_codes
from recipes.codec.load import load_codec
from recipes.data import Corpus
from recipes.precision import mixed_precision
from tts.codec.facet import check_single
from tts.mel import log_mel


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codec", type=click.Path(path_type=Path), default=Path("runs/codec"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--batch-size", default=16, show_default=True)
@click.option("--device", default="cpu", show_default=True)
def main(corpus: Path, codec: Path, out: Path, batch_size: int, device: str) -> None:
    """Write the codes of every clip, one after another, with their lengths."""
    model = load_codec(codec).to(device)
    check_single(model, str(codec))
    splits = {}
    for split in ("train", "valid", "test"):
        clips = Corpus(corpus, split)
        codes: list[np.ndarray] = [np.zeros(0, np.int64)] * len(clips)
        order = sorted(range(len(clips)), key=lambda i: clips.rows[i]["n_samples"])
        for begin in range(0, len(order), batch_size):
            batch = order[begin : begin + batch_size]
            longest = clips.rows[batch[-1]]["n_samples"]
            wav = np.stack([np.pad(clips.samples(i), (0, longest - clips.rows[i]["n_samples"])) for i in batch])
            with mixed_precision(device):
                made = model.encode(log_mel(torch.from_numpy(wav).to(device)))
            for row, i in zip(made.cpu().numpy(), batch, strict=True):
                codes[i] = row[: -(-clips.rows[i]["n_frames"] // model.config.stride)]
            if begin // batch_size % 50 == 0:
                print(f"{split}: {begin}/{len(order)}", file=sys.stderr, flush=True)
        splits[split] = codes
    write_codes(out, splits)
    counts = np.bincount(np.concatenate(splits["train"]), minlength=model.quantizer.codebook_size)
    print(f"{counts.sum()} codes, {(counts > 0).sum()} of {len(counts)} in use -> {out}")


if __name__ == "__main__":
    main()
