"""Distil a teacher's many codebooks into one: ``python -m recipes.codec.distill --teacher runs/codec-teacher``.

DMS, distilling multi-codebook to single-codebook (DistilCodec, arXiv 2505.17426): the student inherits encoder and
decoder, its codebook starts as k-means of the teacher's quantised latents in their principal components, and beside the
losses of :mod:`recipes.codec.train` its quantised latents, after a learned projection, are to be the teacher's.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.codec.kmeans import kmeans
from recipes.codec.load import load_codec
from recipes.codec.train import Batch, CodecTask, CodecTraining
from recipes.data import Corpus
from recipes.parallel import IS_MAIN, process_device
from recipes.precision import mixed_precision
from recipes.training import save_config, train, trained
from tts.cli_common import one_line_errors
from tts.codec.model import Codec
from tts.codec.quantizer import FiniteScalarQuantizer
from tts.codec.vq import VectorQuantizer
from tts.config import load_config


@dataclass(frozen=True)
class Distillation(CodecTraining):
    """Everything in ``distill.yaml``."""

    distill_weight: float = 1.0
    start_batches: int = 200  # of teacher's latents for the k-means
    start_rounds: int = 4  # of the k-means


class DistillTask(CodecTask):
    """The student's losses with the teacher beside it.

    Raises:
        ValueError: the student has no single learned codebook, or its encoder and decoder are not the teacher's.
    """

    config: Distillation

    def __init__(self, config: Distillation, corpus: Corpus, teacher: Codec, device: torch.device) -> None:
        if config.model.quantizer == "grvq":
            raise ValueError("a student has one codebook, quantizer fsq or vq, not 'grvq'")
        super().__init__(config, corpus, device)
        self._teacher = [teacher]  # in a list: not trained here, not saved with the student
        self.projection = nn.Linear(config.model.dim, teacher.config.dim)
        nn.init.eye_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)
        try:
            self.codec.encoder.load_state_dict(teacher.encoder.state_dict())
            self.codec.decoder.load_state_dict(teacher.decoder.state_dict())
        except RuntimeError as error:
            raise ValueError(f"the student's sizes are not the teacher's: {error}") from error

    @torch.no_grad()
    def teach(self, mel: Tensor) -> Tensor:
        """The teacher's quantised latents (B, T, dim) of log-mel (B, n_mels, T * stride)."""
        teacher = self._teacher[0]
        return teacher.quantizer(teacher.encoder(mel)).latents

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch: the losses of a codec and the distance to the teacher."""
        batch = self.batch(rng)
        losses, quantised = self.losses_of(batch)
        wanted = self.teach(batch.mel).float()
        distance = F.mse_loss(self.projection(quantised.latents).float(), wanted) / wanted.var()
        return losses | {"loss": losses["loss"] + self.config.distill_weight * distance, "distill": distance}

    @torch.no_grad()
    def start_codebook(self) -> None:
        """Start the quantiser in the principal components of the teacher's quantised latents: a learned codebook with
        their k-means, finite scalar quantisation with levels about equally likely; the way back is the best linear one.
        """
        config = self.config
        found = []
        for number in range(config.start_batches):
            batch: Batch = self.batch(np.random.default_rng((config.train.seed, 1 << 40, number)))
            with mixed_precision(self.device.type, config.train.bf16):
                found.append(self.teach(batch.mel).float().flatten(0, 1))
        latents = torch.cat(found)
        if isinstance(self.codec.quantizer, VectorQuantizer):
            told = self.start_vq(self.codec.quantizer, latents)
        else:
            told = self.start_fsq(self.codec.quantizer, latents)
        if IS_MAIN:
            print(f"{len(latents)} of the teacher's latents: {told}", file=sys.stderr, flush=True)

    def start_vq(self, quantizer: VectorQuantizer, latents: Tensor) -> str:
        """Start a learned codebook from latents (N, dim); says how near it comes."""
        config = self.config
        mean, axes, kept = components(latents, config.model.vq.code_dim)
        quantizer.project_in.weight.copy_(axes.T)
        quantizer.project_in.bias.copy_(-axes.T @ mean)
        quantizer.project_out.weight.copy_(axes)
        quantizer.project_out.bias.copy_(mean)
        points = (latents - mean) @ axes
        generator = torch.Generator().manual_seed(config.train.seed)
        chosen = torch.randperm(len(points), generator=generator)[: quantizer.codebook_size].to(points.device)
        book, counts = kmeans(points, points[chosen], config.start_rounds, generator)
        quantizer.codebook.points.copy_(book.points)
        assert self.averages is not None
        per_step = config.batch_size * (config.mel_frames // config.model.stride)
        self.averages.start_from(0, book.points, counts, per_step)
        left = (points - book.points[book.nearest(points)]).square().sum(1).mean() / points.square().sum(1).mean()
        return f"{axes.shape[1]} components keep {kept:.3f} of the variance, of which k-means leaves {left:.3f}"

    def start_fsq(self, quantizer: FiniteScalarQuantizer, latents: Tensor) -> str:
        """Start finite scalar quantisation from latents (N, dim); says how near it comes."""
        mean, axes, kept = components(latents, len(quantizer.levels))
        axes = axes * LOGISTIC / ((latents - mean) @ axes).std(0)
        quantizer.project_in.weight.copy_(axes.T)
        quantizer.project_in.bias.copy_(-axes.T @ mean)
        vectors = quantizer.vectors(quantizer(latents[None]).codes[0])
        with_one = torch.cat([vectors, torch.ones_like(vectors[:, :1])], 1)
        back = torch.linalg.lstsq(with_one, latents).solution  # (D + 1, dim)
        quantizer.project_out.weight.copy_(back[:-1].T)
        quantizer.project_out.bias.copy_(back[-1])
        left = (latents - with_one @ back).square().sum(1).mean() / (latents - mean).square().sum(1).mean()
        return f"{len(quantizer.levels)} components keep {kept:.3f} of the variance; rounded, {left:.3f} is missing"


LOGISTIC = 1.702  # the logistic function of 1.702 x is nearly the normal distribution's (Haley 1952)


def components(latents: Tensor, number: int) -> tuple[Tensor, Tensor, float]:
    """Mean (dim,) of latents (N, dim), their first principal components (dim, number), the widest last, and the share
    of the variance that these keep."""
    mean = latents.mean(0)
    spreads, axes = torch.linalg.eigh(torch.cov((latents - mean).T))
    return mean, axes[:, -number:], float(spreads[-number:].sum() / spreads.sum())


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--teacher", type=click.Path(path_type=Path), default=Path("runs/codec-teacher"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/codec-distilled"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("distill.yaml")
)
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(corpus: Path, teacher: Path, out: Path, config_file: Path, device: str) -> None:
    """Train the student; run again to resume."""
    config, place = load_config(Distillation, config_file), process_device(device)
    torch.set_num_threads(config.train.threads)
    torch.manual_seed(config.train.seed)
    task = DistillTask(config, Corpus(corpus, "train"), load_codec(teacher).to(place), place).to(place)
    if not (out / "last.pt").exists():
        task.probe.load_state_dict(trained(teacher, "probe"))
        task.start_codebook()
    save_config(asdict(config), out)
    train(task, task.losses, config.train, out, place)


if __name__ == "__main__":
    main()
