"""Encode the corpus for the language model: ``python -m recipes.lm.prepare --corpus runs/corpus --codec runs/codec
--out runs/lm/codes.npz``.

For :mod:`recipes.lm.large`, ``--codec`` is a model directory in UniTTS's layout, whose own codec then encodes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np
import torch

from recipes.codec.codes import write_codes
from recipes.codec.load import load_codec
from recipes.data import Corpus
from recipes.precision import mixed_precision
from tts.cli_common import one_line_errors
from tts.codec.facet import check_single
from tts.codec.model import Codec
from tts.codec.vq import VectorQuantizer
from tts.codec.waveform import Codec as WaveformCodec
from tts.mel import log_mel
from tts.unitts.synthesizer import is_unitts, read_config
from tts.unitts.synthesizer import load_codec as load_unitts_codec


def encode_batches(codec: Codec, clips: Corpus, *, batch_size: int, device: str) -> list[np.ndarray]:
    """Codes (T,) of every clip, clips of like length at once."""
    codes: list[np.ndarray] = [np.zeros(0, np.int64)] * len(clips)
    order = sorted(range(len(clips)), key=lambda i: clips.rows[i]["n_samples"])
    for begin in range(0, len(order), batch_size):
        batch = order[begin : begin + batch_size]
        longest = clips.rows[batch[-1]]["n_samples"]
        wav = np.stack([np.pad(clips.samples(i), (0, longest - clips.rows[i]["n_samples"])) for i in batch])
        with mixed_precision(device):
            made = codec.encode(log_mel(torch.from_numpy(wav).to(device)))
        for row, i in zip(made.cpu().numpy(), batch, strict=True):
            codes[i] = row[: -(-clips.rows[i]["n_frames"] // codec.config.stride)]
        if begin // batch_size % 50 == 0:
            print(f"{begin}/{len(order)}", file=sys.stderr, flush=True)
    return codes


def encode_clips(codec: WaveformCodec, clips: Corpus) -> list[np.ndarray]:
    """Codes (T,) of every clip, one after another."""
    codes = []
    for i in range(len(clips)):
        codes.append(codec.encode(clips.samples(i)))
        if i % 500 == 0:
            print(f"{i}/{len(clips)}", file=sys.stderr, flush=True)
    return codes


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codec", type=click.Path(path_type=Path), default=Path("runs/codec"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--batch-size", default=16, show_default=True)
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(corpus: Path, codec: Path, out: Path, batch_size: int, device: str) -> None:
    """Write the codes of every clip, one after another, with their lengths."""
    encode: Callable[[Corpus], list[np.ndarray]]
    points = None
    if is_unitts(codec):
        whole = load_unitts_codec(codec, read_config(codec), device)
        encode, size = partial(encode_clips, whole), whole.codebook_size
    else:
        model = load_codec(codec).to(device)
        check_single(model, str(codec))
        encode = partial(encode_batches, model, batch_size=batch_size, device=device)
        size = model.quantizer.codebook_size
        if isinstance(model.quantizer, VectorQuantizer):
            points = model.quantizer.codebook.points.cpu().numpy()
    splits = {}
    for split in ("train", "valid", "test"):
        print(split, file=sys.stderr, flush=True)
        splits[split] = encode(Corpus(corpus, split))
    write_codes(out, splits, points)
    counts = np.bincount(np.concatenate(splits["train"]), minlength=size)
    print(f"{counts.sum()} codes, {(counts > 0).sum()} of {len(counts)} in use -> {out}")


if __name__ == "__main__":
    main()
