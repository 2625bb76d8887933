"""Codes that the language model draws along recordings: ``python -m recipes.lm.resample``.

At every position the model has heard the recording's own codes and draws the next one as it does when speaking. The
result keeps the recording's times and has the language model's slips: what the refiner must learn to mend, with the
recording beside it as the answer.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from recipes.codec.codes import read_points, write_codes
from recipes.data import Corpus
from recipes.lm.train import LMTask, LMTraining, load_sequences
from recipes.precision import mixed_precision
from recipes.training import CONFIG, trained
from tts.cli_common import one_line_errors
from tts.config import load_config
from tts.lm.generate import Sampling
from tts.lm.head import CodeHead


def draw(logits: np.ndarray, uniform: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Draw from logits (B, K) by inverse CDF with ``uniform`` (B,) in (0, 1], to indices (B,), within the nucleus: the
    likeliest values up to the first with which they have a share of ``top_p``. What :mod:`tts.lm.graph` does.
    """
    scaled = logits / max(sampling.temperature, 1e-6)
    p = np.exp(scaled - scaled.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    likelier = np.where(p[:, None] > p[:, :, None], p[:, None], 0).sum(2)
    below = np.where(likelier < sampling.top_p, p, 0).cumsum(1)
    return (below < uniform[:, None] * below[:, -1:]).sum(1)


def draw_codes(head: CodeHead, hidden: Tensor, sampling: Sampling, rng: np.random.Generator) -> Tensor:
    """Hidden states (N, dim) to codes (N,); never an advance."""
    state, codes = head.stem(hidden), torch.zeros(len(hidden), dtype=torch.long, device=hidden.device)
    for k, level in enumerate(head.levels):
        logits = head.logits(state, codes, k)[:, :level]
        digit = torch.from_numpy(draw(logits.cpu().numpy(), 1 - rng.random(len(hidden)), sampling))
        codes = codes + head.radix[k] * digit.to(hidden.device)
        if k + 1 < len(head.levels):
            state = head.add(state, codes, k)
    return codes


@torch.inference_mode()
def resample(task: LMTask, sampling: Sampling, positions: int) -> list[np.ndarray]:
    """Drawn codes (T,) of every clip of ``task``."""
    codes = [np.zeros(0, np.int64)] * len(task.order)
    begin, rng = 0, np.random.default_rng(task.config.train.seed)
    while begin < len(task.order):
        size = max(1, positions // int(task.lengths[begin]))
        rows = task.order[begin : begin + size]
        with mixed_precision(task.device.type):
            hidden, wanted = task.hidden(rows, noise=0.0)
        spoken = wanted >= 0
        drawn = draw_codes(task.lm.head, hidden[spoken].float(), sampling, rng).cpu().numpy()
        counts = [int((task.sequences[i].target >= 0).sum()) for i in rows]
        for i, own in zip(rows, np.split(drawn, np.cumsum(counts)[:-1]), strict=True):
            codes[i] = own
        begin += size
        print(f"{begin}/{len(task.order)}", file=sys.stderr, flush=True)
    return codes


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codes", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--lm", "run", type=click.Path(path_type=Path), default=Path("runs/lm"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm/drawn.npz"), show_default=True)
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(corpus: Path, codes: Path, run: Path, out: Path, device: str) -> None:
    """Draw codes along every training and test clip."""
    config = replace(load_config(LMTraining, run / CONFIG), compile=False)
    torch.manual_seed(config.train.seed)
    torch.set_num_threads(config.train.threads)
    splits = {}
    for split in ("train", "test"):
        clips = Corpus(corpus, split)
        sequences = load_sequences(clips, codes, split, config.frame_rate)
        task = LMTask(config, clips, sequences, torch.device(device)).to(device)
        task.lm.load_state_dict(trained(run, "lm"))
        splits[split] = resample(task.eval(), Sampling(), config.positions)
    write_codes(out, splits, read_points(codes))


if __name__ == "__main__":
    main()
