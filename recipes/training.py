"""One training loop for every recipe: warm-up, constant rate, linear decay; checkpoints that resume exactly, also when
the process is asked to end (SIGTERM); one process or several (:mod:`recipes.parallel`).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from recipes.ending import asked_to_end
from recipes.parallel import IS_MAIN, N_PROCESSES, RANK, average_gradients, share_state
from recipes.precision import mixed_precision
from tts.config import from_dict, load_yaml

CONFIG = "config.yaml"  # in a run: what it was trained with
Step = Callable[[int, np.random.Generator], dict[str, Tensor]]
C = TypeVar("C")


@dataclass(frozen=True)
class TrainConfig:
    """How long and how fast to train."""

    steps: int = 1000
    lr: float = 1e-3
    warmup: int = 100
    decay: float = 0.3  # share of the steps over which the rate falls to zero
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    grad_clip: float = 1.0
    accumulate: int = 1  # batches whose gradients a process averages in a step
    bf16: bool = True
    seed: int = 0
    threads: int = 2
    checkpoint_s: float = 180.0
    log_every: int = 50

    def rate(self, step: int) -> float:
        """Learning rate at ``step``."""
        left = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.lr * min(1.0, (step + 1) / max(1, self.warmup), max(0.01, left))


def train(model: nn.Module, step_losses: Step, config: TrainConfig, out: Path, device: torch.device) -> nn.Module:
    """Minimise ``step_losses(step, rng)["loss"]`` over the parameters of ``model``.

    Every step draws from generators seeded by (seed, step), and model, optimiser and step are saved to
    ``out/last.pt``: a run that was killed goes on from there as if it had not been. A finished run returns at once.
    A process that is asked to end (SIGTERM) saves after the step it is in and exits with 143.
    A step of several batches seeds each by (seed, step, number of the batch), so that two processes of one batch each
    train as one process with ``accumulate=2``.

    Raises:
        ValueError: ``out`` holds the weights of a released model (:mod:`recipes.unpack`), which no training can go on.
    """
    torch.set_num_threads(config.threads)
    torch.set_flush_denormal(True)
    optimiser = torch.optim.AdamW(model.parameters(), config.lr, betas=config.betas, weight_decay=config.weight_decay)
    last = out / "last.pt"
    first = 0
    if last.exists():
        state = torch.load(last, map_location=device, weights_only=True)
        if "optimiser" not in state:
            raise ValueError(
                f"{last} is an unpacked release, no training; give another --out, with --init to begin there"
            )
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
        if IS_MAIN:
            print(f"resumed {last} at step {first}", file=sys.stderr)
    share_state(model)
    model.train()
    sums: dict[str, float] = defaultdict(float)
    begun = saved = time.time()
    logged = first
    with asked_to_end() as ending:
        for step in range(first, config.steps):
            for group in optimiser.param_groups:
                group["lr"] = config.rate(step)
            shown: dict[str, Tensor] = {}
            for part in range(config.accumulate):
                seed = (config.seed, step)
                if config.accumulate * N_PROCESSES > 1:
                    seed = (*seed, RANK * config.accumulate + part)
                torch.manual_seed(hash(seed))
                with mixed_precision(device.type, config.bf16):
                    losses = step_losses(step, np.random.default_rng(seed))
                (losses["loss"] / config.accumulate).backward()
                for name, value in losses.items():
                    shown[name] = shown.get(name, 0) + value.detach() / config.accumulate
            averages = average_gradients(model.parameters(), list(shown.values()))
            nn.utils.clip_grad_norm_(model.parameters(), config.grad_clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            for name, value in zip(shown, averages, strict=True):
                sums[name] += float(value)
            if not IS_MAIN:
                continue
            if (step + 1) % config.log_every == 0:
                means = "  ".join(f"{name} {total / (step + 1 - logged):.4f}" for name, total in sums.items())
                done = f"step {step + 1}/{config.steps}  {time.time() - begun:.0f} s"
                print(f"{done}  {means}", file=sys.stderr, flush=True)
                sums.clear()
                logged = step + 1
            if ending or time.time() - saved > config.checkpoint_s or step + 1 == config.steps:
                save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}, last)
                saved = time.time()
            if ending:
                raise SystemExit(128 + signal.SIGTERM)
    return model.eval()


def save(state: dict, path: Path) -> None:
    """``torch.save`` that never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    os.replace(partial, path)


def check_new(out: Path) -> None:
    """Raises ``ValueError`` where ``out`` holds a run, which :func:`save_trained` would replace."""
    if (out / "last.pt").exists():
        raise ValueError(f"{out} holds a run already; give another --out or remove it")


def save_trained(weights: dict[str, Tensor], prefix: str, sizes: dict, out: Path) -> None:
    """Write ``weights`` to ``out`` as the part ``prefix`` of a run of ``sizes``; :func:`trained` reads it."""
    save_config({"model": sizes}, out)
    save({"model": {f"{prefix}.{name}": value for name, value in weights.items()}}, out / "last.pt")


def trained(run: Path, prefix: str) -> dict[str, Tensor]:
    """Weights of the part ``prefix`` of what ``run`` trained. Raises ``ValueError`` when there is no such run."""
    path = run / "last.pt"
    if not path.exists():
        raise ValueError(f"no training run in {run}: {path.name} is missing")
    state = torch.load(path, map_location="cpu", weights_only=True)["model"]
    return {k.removeprefix(f"{prefix}."): v for k, v in state.items() if k.startswith(f"{prefix}.")}


def save_config(config: dict, out: Path) -> None:
    """Write what a run is trained with beside it.

    Raises:
        ValueError: ``out`` holds a training with other settings than steps, rates and the like (``train``).
    """
    written = out / CONFIG
    text = yaml.safe_dump(config, sort_keys=False)
    if (out / "last.pt").exists() and written.exists():
        before, now = load_yaml(written), yaml.safe_load(text)
        changed = [key for key in before | now if key != "train" and before.get(key) != now.get(key)]
        if changed:
            raise ValueError(f"{out} was trained with another {', '.join(changed)}; give another --out or remove it")
    if IS_MAIN:
        out.mkdir(parents=True, exist_ok=True)
        written.write_text(text, encoding="utf-8")


def trained_sizes(run: Path, kind: type[C]) -> C:
    """Sizes of the model that ``run`` trained. Raises ``ValueError`` when there is no such run, or of another kind."""
    written = run / CONFIG
    return from_dict(kind, load_yaml(written).get("model", {}), f"{written}: model")
