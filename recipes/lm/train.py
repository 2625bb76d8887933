"""Train the language model: ``python -m recipes.lm.train --corpus runs/corpus --codes runs/lm/codes.npz --out
runs/lm``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn

from recipes.data import Corpus
from recipes.training import TrainConfig, train
from tts.codec.model import CodecConfig
from tts.config import load_config
from tts.lm.model import LM, LMConfig
from tts.lm.sequence import Sequence, build


@dataclass(frozen=True)
class LMTraining:
    """Everything in ``config.yaml``."""

    model: LMConfig = field(default_factory=LMConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    positions: int = 9000  # a batch, about
    noise_share: float = 0.1  # of the codes fed back: a model that has seen slips recovers from its own
    frame_rate: float = CodecConfig().frame_rate
    compile: bool = False  # 1.5 times faster on a CPU; needs a C++ compiler


def load_sequences(corpus: Corpus, codes_file: Path, split: str, frame_rate: float) -> list[Sequence]:
    """Every clip of ``corpus`` in the speaking format."""
    with np.load(codes_file) as arrays:
        codes, lengths = arrays[split], arrays[f"{split}_lengths"]
    if len(lengths) != len(corpus):
        raise ValueError(
            f"{codes_file} has {len(lengths)} {split} clips, the corpus {len(corpus)}: run recipes.lm.prepare again"
        )
    pieces = np.split(codes, np.cumsum(lengths)[:-1])
    return [
        build(row["phonemes"], row["ends"], piece, frame_rate) for row, piece in zip(corpus.rows, pieces, strict=True)
    ]


class LMTask(nn.Module):
    """The language model and its loss on batches of clips of like length."""

    def __init__(
        self, config: LMTraining, sequences: list[Sequence], voices: Tensor, styles: Tensor, device: torch.device
    ) -> None:
        super().__init__()
        self.config, self.device = config, device
        self.sequences, self.tables = sequences, (voices, styles)
        self.order = np.argsort([len(s) for s in sequences], kind="stable")
        self.lengths = np.asarray([len(sequences[i]) for i in self.order])
        self.lm = LM(config.model)
        self.lm.backbone.set_attn_implementation("eager")  # on a CPU, short sequences: faster than the fused kernels
        if config.compile:
            self.lm.backbone.compile(dynamic=True)
        self.register_buffer("levels", torch.tensor(config.model.levels), persistent=False)
        radix = np.cumprod([1, *config.model.levels[:-1]])
        self.register_buffer("radix", torch.from_numpy(radix), persistent=False)

    def choose(self, rng: np.random.Generator) -> np.ndarray:
        """Clips of like length, about ``positions`` in all; every clip equally likely."""
        middle = int(rng.integers(len(self.order)))
        size = max(1, self.config.positions // int(self.lengths[middle]))
        first = min(max(0, middle - size // 2), max(0, len(self.order) - size))
        return self.order[first : first + size]

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Nats a code, the advances counted in."""
        return self.loss_of(self.choose(rng), noise=self.config.noise_share)

    def loss_of(self, rows: np.ndarray, noise: float) -> dict[str, Tensor]:
        """Loss of the clips ``rows``; ``noise`` of the codes fed back have digits moved."""
        batch = [self.sequences[i] for i in rows]
        longest = -(-max(map(len, batch)) // 16) * 16  # few different shapes
        width = max(len(s.symbols) for s in batch)
        names = ("symbol_at", "code_in", "age", "target")
        grid = {n: np.full((len(batch), longest), -2 if n == "target" else 0, np.int64) for n in names}
        symbols, mask = np.zeros((len(batch), width), np.int64), np.zeros((len(batch), width), bool)
        for i, s in enumerate(batch):
            for n in names:
                grid[n][i, : len(s)] = getattr(s, n)
            symbols[i, : len(s.symbols)], mask[i, : len(s.symbols)] = s.symbols, True
        at, code_in, age, target = (torch.from_numpy(grid[n]).to(self.device) for n in names)
        voice, style = (table[rows].to(self.device) for table in self.tables)
        marks = torch.tensor([s.mark for s in batch], device=self.device)
        context = self.lm.context(
            torch.from_numpy(symbols).to(self.device), marks, torch.from_numpy(mask).to(self.device), voice, style
        )
        context = context.gather(1, at[..., None].expand(-1, -1, context.shape[-1]))
        digits = code_in.clamp(min=0)[..., None] // self.radix % self.levels
        if noise:
            slipped = torch.rand(digits.shape[:2], device=self.device) < noise
            moves = torch.randint(-1, 2, digits.shape, device=self.device) * slipped[..., None]
            digits = torch.minimum((digits + moves).clamp(min=0), self.levels - 1)
        positions = self.lm.embed(context, digits, code_in >= 0, age)
        hidden = self.lm(self.lm.prefix(voice, style), positions)
        counted = target > -2
        wanted = target[counted]
        nll = self.lm.head.nll(hidden[counted], wanted.clamp(min=0)[:, None] // self.radix % self.levels, wanted >= 0)
        return {"loss": nll.mean(), "code": nll[wanted >= 0].mean(), "advance": nll[wanted < 0].mean()}


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codes", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@click.option("--device", default="cpu", show_default=True)
def main(corpus: Path, codes: Path, out: Path, config_file: Path, device: str) -> None:
    """Train the language model; run again to resume."""
    config = load_config(LMTraining, config_file)
    torch.manual_seed(config.train.seed)
    clips = Corpus(corpus, "train")
    sequences = load_sequences(clips, codes, "train", config.frame_rate)
    task = LMTask(config, sequences, clips.voices, clips.styles, torch.device(device)).to(device)
    train(task, task.losses, config.train, out, torch.device(device))


if __name__ == "__main__":
    main()
