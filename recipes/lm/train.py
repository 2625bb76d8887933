"""Train the language model: ``python -m recipes.lm.train --corpus runs/corpus --codes runs/lm/codes.npz --out
runs/lm``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from recipes.codec.codes import read_codes, read_points
from recipes.data import Corpus
from recipes.parallel import process_device
from recipes.start import init_option, start_from
from recipes.training import TrainConfig, save_config, train
from tts.cli_common import one_line_errors
from tts.codec.model import CodecConfig
from tts.config import load_config
from tts.lm.head import TreeHead
from tts.lm.model import LM, LMConfig
from tts.lm.sequence import Sequence, build, join


@dataclass(frozen=True)
class LMTraining:
    """Everything in ``config.yaml``."""

    model: LMConfig = field(default_factory=LMConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    positions: int = 9000  # a batch, about
    noise_share: float = 0.1  # of the codes fed back: a model that has seen slips recovers from its own
    reference_share: float = 0.4  # of the batches: the clip follows others of the same voice, to learn cloning
    reference_codes: int = 480  # at most, of one to three clips
    no_voice_share: float = 0.5  # of those batches: the voice vector is unknown, the reference alone tells it
    frame_rate: float = CodecConfig().frame_rate
    compile: bool = False  # 1.5 times faster on a CPU; needs a C++ compiler


def fitted(config: LMTraining, codes_file: Path) -> LMTraining:
    """``config`` for the codec that the codes are of: how the language model writes codes is for that to say."""
    points = read_points(codes_file)
    return replace(config, model=replace(config.model, code_dim=0 if points is None else points.shape[1]))


def know_codebook(lm: LM, codes_file: Path, started: bool) -> None:
    """Tell ``lm`` the codebook that the codes are of, if it is a learned one.

    Raises:
        ValueError: ``lm`` was ``started`` from one that knows another codebook.
    """
    points = read_points(codes_file)
    if points is None:
        return
    assert isinstance(lm.head, TreeHead)  # as :func:`fitted` has it
    before = lm.head.centres.clone()
    lm.head.grow(torch.from_numpy(points))
    if started and not torch.allclose(before, lm.head.centres, atol=0.02):
        raise ValueError(f"{codes_file} has codes of another codec than the language model of --init was trained on")


def load_sequences(corpus: Corpus, codes_file: Path, split: str, frame_rate: float) -> list[Sequence]:
    """Every clip of ``corpus`` in the speaking format."""
    pieces = read_codes(codes_file, split, len(corpus))
    return [
        build(row["phonemes"], row["ends"], piece, frame_rate) for row, piece in zip(corpus.rows, pieces, strict=True)
    ]


@dataclass
class Batch:
    """Clips side by side, padded: the arrays of :class:`tts.lm.sequence.Sequence` with a batch dimension."""

    lengths: list[int]
    symbols: Tensor
    mask: Tensor
    marks: Tensor
    symbol_at: Tensor
    code_in: Tensor
    age: Tensor
    target: Tensor

    @classmethod
    def of(cls, clips: list[Sequence], device: torch.device) -> Batch:
        """Pad ``clips``."""

        def padded(arrays: list[np.ndarray]) -> Tensor:
            return pad_sequence([torch.from_numpy(a) for a in arrays], batch_first=True).to(device)

        symbols = padded([c.symbols for c in clips])
        widths = torch.tensor([len(c.symbols) for c in clips], device=device)
        mask = torch.arange(symbols.shape[1], device=device) < widths[:, None]
        marks = torch.tensor([c.mark for c in clips], device=device)
        names = ("symbol_at", "code_in", "age", "target")
        return cls(
            [len(c) for c in clips], symbols, mask, marks, *(padded([getattr(c, n) for c in clips]) for n in names)
        )


class LMTask(nn.Module):
    """The language model and its loss on batches of clips of like length."""

    def __init__(self, config: LMTraining, corpus: Corpus, sequences: list[Sequence], device: torch.device) -> None:
        super().__init__()
        self.config, self.device = config, device
        self.sequences, self.tables = sequences, (corpus.voices, corpus.styles)
        self.order = np.argsort([len(s) for s in sequences], kind="stable")
        self.lengths = np.asarray([len(sequences[i]) for i in self.order])
        self.names, self.texts = ([row[key] for row in corpus.rows] for key in ("voice_name", "text"))
        self.spoken_by: dict[str, list[int]] = defaultdict(list)
        for row, name in enumerate(self.names):
            self.spoken_by[name].append(row)
        self.lm = LM(config.model)
        self.lm.backbone.set_attn_implementation("eager")  # on a CPU, short sequences: faster than the fused kernels
        if config.compile:
            self.lm.backbone.compile(dynamic=True)

    def choose(self, rng: np.random.Generator, positions: int) -> np.ndarray:
        """Clips of like length, about ``positions`` in all; every clip equally likely."""
        middle = int(rng.integers(len(self.order)))
        size = max(1, positions // int(self.lengths[middle]))
        first = min(max(0, middle - size // 2), max(0, len(self.order) - size))
        return self.order[first : first + size]

    def reference(self, row: int, rng: np.random.Generator) -> Sequence | None:
        """One to three other clips of the voice of ``row`` that say something else, ``None`` where it has none: what
        the corpus has said in several styles would only be copied.
        """
        clips, budget = [], self.config.reference_codes
        for other in rng.permutation(self.spoken_by[self.names[row]])[: 1 + int(rng.integers(1, 4))]:
            clip = self.sequences[other]
            if self.texts[other] != self.texts[row] and len(clip) <= budget and len(clips) < 3:
                clips.append(clip)
                budget -= len(clip)
        return join(clips) if clips else None

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Nats a code, the advances counted in."""
        noise = self.config.noise_share
        if rng.random() >= self.config.reference_share:
            return self.loss_of(self.choose(rng, self.config.positions), noise)
        found = [(row, self.reference(row, rng)) for row in self.choose(rng, self.config.positions // 2)]
        found = [(row, reference) for row, reference in found if reference is not None]
        if not found:
            return self.losses(step, rng)
        rows, references = zip(*found, strict=True)
        return self.loss_of(np.asarray(rows), noise, list(references), rng.random() >= self.config.no_voice_share)

    def positions(self, batch: Batch, voice: Tensor, style: Tensor, noise: float) -> Tensor:
        """Backbone inputs (B, L, dim) of a batch; ``noise`` of the codes fed back are others nearby."""
        context = self.lm.context(batch.symbols, batch.marks, batch.mask, voice, style)
        context = context.gather(1, batch.symbol_at[..., None].expand(-1, -1, context.shape[-1]))
        codes = batch.code_in
        if noise:
            slipped = (torch.rand(codes.shape, device=self.device) < noise) & (codes >= 0)
            codes = torch.where(slipped, self.lm.head.near(codes.clamp(min=0)), codes)
        return self.lm.embed(context, codes, batch.age)

    def hidden(
        self, rows: np.ndarray, noise: float, references: list[Sequence] | None = None, voice_known: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Hidden states (N, dim) and wanted codes (N,), -1 for advance, of all positions of the clips ``rows``."""
        voice, style = (table[rows].to(self.device) for table in self.tables)
        if not voice_known:
            voice = self.lm.no_voice.expand_as(voice)
        batch = Batch.of([self.sequences[i] for i in rows], self.device)
        inputs = self.positions(batch, voice, style, noise)
        before = [0] * len(rows)
        parts = [x[:n] for x, n in zip(inputs, batch.lengths, strict=True)]
        if references:
            heard = Batch.of(references, self.device)
            marked = self.positions(heard, voice, style, noise) + self.lm.reference
            before = heard.lengths
            parts = [torch.cat([x[:n], part]) for x, n, part in zip(marked, before, parts, strict=True)]
        inputs = pad_sequence(parts, batch_first=True)
        inputs = nn.functional.pad(inputs, (0, 0, 0, -inputs.shape[1] % 16))  # few different shapes
        hidden = self.lm(self.lm.prefix(voice, style), inputs)
        spoken = [h[b : b + n] for h, b, n in zip(hidden, before, batch.lengths, strict=True)]
        wanted = [t[:n] for t, n in zip(batch.target, batch.lengths, strict=True)]
        return torch.cat(spoken), torch.cat(wanted)

    def loss_of(
        self, rows: np.ndarray, noise: float, references: list[Sequence] | None = None, voice_known: bool = True
    ) -> dict[str, Tensor]:
        """Loss of the clips ``rows``, each after its reference if there are any."""
        hidden, wanted = self.hidden(rows, noise, references, voice_known)
        nll = self.lm.head.nll(hidden, wanted)
        return {"loss": nll.mean(), "code": nll[wanted >= 0].mean(), "advance": nll[wanted < 0].mean()}


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codes", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@init_option
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(corpus: Path, codes: Path, out: Path, config_file: Path, init: str | None, device: str) -> None:
    """Train the language model; run again to resume."""
    config = fitted(load_config(LMTraining, config_file), codes)
    place = process_device(device)
    torch.manual_seed(config.train.seed)
    clips = Corpus(corpus, "train")
    sequences = load_sequences(clips, codes, "train", config.frame_rate)
    task = LMTask(config, clips, sequences, place).to(place)
    start_from(task.lm, init, "lm")
    know_codebook(task.lm, codes, init is not None)
    save_config(asdict(config), out)
    train(task, task.losses, config.train, out, place)


if __name__ == "__main__":
    main()
