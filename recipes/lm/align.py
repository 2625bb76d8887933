"""Stage 3, preference alignment: ``python -m recipes.lm.align --init facet-nano --pairs runs/preferences.jsonl --out
runs/lm_aligned``.

Direct preference optimisation (Rafailov et al., arXiv 2305.18290): the policy's log-likelihood of the better utterance
against the worse one, each relative to the model it starts from, through a logistic loss; with the likelihood of the
better one added so that it does not fall (as in Pang et al., arXiv 2404.19733). An utterance's log-likelihood is the
sum over its codes and advances.

One pair in ten is never learnt from. The share of these that the policy ranks rightly says whether it has learnt what
the judges prefer (well above a half) or the pairs by heart.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from recipes.data import Corpus
from recipes.lm.preferences import read_rows
from recipes.lm.train import LMTask, LMTraining
from recipes.parallel import IS_MAIN, process_device
from recipes.precision import mixed_precision
from recipes.start import start_from
from recipes.training import save_config, train
from tts.config import load_config
from tts.lm.sequence import Sequence, build

HELD_OUT_EVERY = 10  # pairs


@dataclass(frozen=True)
class AlignTraining:
    """Everything in ``align.yaml``."""

    lm: LMTraining = field(default_factory=LMTraining)
    beta: float = 0.1  # how far from the start the policy may go: lower is further
    likelihood: float = 0.3  # weight of the better utterances' nats a code


def utterances(rows: list[dict], corpus: Corpus, frame_rate: float) -> tuple[list[Sequence], list[int]]:
    """Better and worse utterances in turn, in the speaking format, and the clip of each.

    Raises:
        ValueError: no pairs, or pairs of another corpus.
    """
    sequences, clips = [], []
    for row in rows:
        if "best" not in row:
            continue
        clip = corpus.rows[row["clip"]] if row["clip"] < len(corpus) else None
        if clip is None or (clip["shard"], clip["start"]) != (row["shard"], row["start"]):
            raise ValueError(f"clip {row['clip']} of the pairs is not that of the corpus: make the pairs again")
        for name in ("best", "worst"):
            said = row[name]
            ends = (np.cumsum(said["lengths"]) / frame_rate).tolist()
            sequences.append(build(clip["phonemes"], ends, np.asarray(said["codes"]), frame_rate))
            clips.append(row["clip"])
    if not sequences:
        raise ValueError("there are no pairs to learn from: run python -m recipes.lm.preferences for longer")
    return sequences, clips


class AlignTask(LMTask):
    """The policy, the pairs, and the start's log-likelihoods of them."""

    def __init__(
        self, config: AlignTraining, corpus: Corpus, rows: list[dict], device: torch.device, init: str | None
    ) -> None:
        sequences, clips = utterances(rows, corpus, config.lm.frame_rate)
        pairs = SimpleNamespace(
            rows=[corpus.rows[c] for c in clips], voices=corpus.voices[clips], styles=corpus.styles[clips]
        )
        super().__init__(config.lm, pairs, sequences, device)  # type: ignore[arg-type]
        self.alignment = config
        start_from(self.lm, init, "lm")
        lengths = np.asarray([max(len(a), len(b)) for a, b in zip(sequences[::2], sequences[1::2], strict=True)])
        order = np.argsort(lengths, kind="stable")
        self.held_out = order[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
        self.by_length = np.delete(order, np.s_[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY])
        self.pair_lengths = lengths[self.by_length]
        self.to(device)
        with torch.no_grad(), mixed_precision(device.type, config.lm.train.bf16):
            self.register_buffer("before", self.pair_likelihoods(np.arange(len(lengths))), persistent=False)

    def pair_likelihoods(self, pairs: np.ndarray) -> Tensor:
        """Log-likelihoods of the better and the worse utterance of each pair, one pair at a time, (len(pairs), 2)."""
        found = [self.log_likelihoods(np.asarray([2 * p, 2 * p + 1])) for p in pairs]
        return torch.stack(found) if found else torch.zeros(0, 2, device=self.device)

    @torch.no_grad()
    def ranked(self) -> float:
        """The share of held-out pairs that the policy ranks rightly against the start; NaN where there are none."""
        with mixed_precision(self.device.type, self.config.train.bf16):
            better, worse = (self.pair_likelihoods(self.held_out) - self.before[self.held_out]).unbind(1)
        return float((better > worse).float().mean())

    def log_likelihoods(self, rows: np.ndarray) -> Tensor:
        """Log-likelihood of each utterance, nats, (len(rows),)."""
        hidden, wanted = self.hidden(rows, noise=0.0)
        nll = self.lm.head.nll(hidden, wanted.clamp(min=0)[:, None] // self.radix % self.levels, wanted >= 0)
        return -torch.stack([part.sum() for part in nll.split([len(self.sequences[i]) for i in rows])])

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """The preference loss of pairs of like length; ``right`` is the share that the policy ranks rightly."""
        middle = int(rng.integers(len(self.by_length)))
        size = max(1, self.config.positions // (2 * int(self.pair_lengths[middle])))
        first = min(max(0, middle - size // 2), max(0, len(self.by_length) - size))
        pairs = self.by_length[first : first + size]
        now = self.log_likelihoods(np.stack([2 * pairs, 2 * pairs + 1], axis=1).reshape(-1)).view(-1, 2)
        better, worse = (now - self.before[pairs]).unbind(1)
        margin = self.alignment.beta * (better - worse)
        lengths = torch.tensor([len(self.sequences[2 * p]) for p in pairs], device=self.device)
        likelihood = -(now[:, 0] / lengths).mean()
        loss = -F.logsigmoid(margin).mean() + self.alignment.likelihood * likelihood
        return {"loss": loss, "margin": margin.mean(), "right": (margin > 0).float().mean(), "nats": likelihood}


@click.command()
@click.option("--init", default="facet-nano", show_default=True, help="The model to start from.")
@click.option("--pairs", type=click.Path(path_type=Path), default=Path("runs/preferences.jsonl"), show_default=True)
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm_aligned"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("align.yaml")
)
@click.option("--steps", type=int, help="Instead of the configuration's.")
@click.option("--device", default="cpu", show_default=True)
def main(init: str, pairs: Path, corpus: Path, out: Path, config_file: Path, steps: int | None, device: str) -> None:
    """Align the language model with the judges' preferences; run again to resume."""
    config = load_config(AlignTraining, config_file)
    settings = config.lm.train if steps is None else replace(config.lm.train, steps=steps)
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    place = process_device(device)
    task = AlignTask(config, Corpus(corpus, "train"), read_rows(pairs), place, init)
    begun = time.monotonic()
    save_config(asdict(config.lm), out)
    train(task, task.losses, settings, out, place)
    if IS_MAIN:
        click.echo(f"{len(task.by_length)} pairs, {settings.steps} steps, {time.monotonic() - begun:.0f} s -> {out}")
        if len(task.held_out):
            click.echo(f"of {len(task.held_out)} held-out pairs {task.ranked():.0%} are ranked rightly")


if __name__ == "__main__":
    main()
