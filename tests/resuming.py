"""A training that is killed and started again ends as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recipes.training import TrainConfig, train


def train_task(task: Any, settings: TrainConfig, out: Path, stop_at: int | None = None) -> Any:
    """Train ``task`` into ``out``; killed before step ``stop_at``."""

    def losses(step: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        if step == stop_at:
            raise KeyboardInterrupt
        return task.losses(step, rng)

    train(task, losses, settings, out, torch.device("cpu"))
    return task


def assert_goes_on_exactly(make: Callable[[], Any], settings: TrainConfig, folder: Path, stop_at: int) -> Any:
    """Train a task of ``make`` in one go and, killed in between, in two; returns the first, trained."""
    whole = train_task(make(), settings, folder / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_task(make(), settings, folder / "killed", stop_at)
    again = train_task(make(), settings, folder / "killed").state_dict()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again[name]), name
    return whole
