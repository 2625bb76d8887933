"""Several processes on one training; the real launcher is tried in test_codec_distill."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch

from recipes import parallel


def test_gradients_are_averaged_and_unused_parameters_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    both, nobody, other, frozen = (torch.nn.Parameter(torch.zeros(2)) for _ in range(4))
    frozen.requires_grad_(False)
    both.grad = torch.tensor([1.0, 2.0])
    sent = []

    def reduce(flat: torch.Tensor, how: str) -> torch.Tensor:
        sent.append(flat)
        there = torch.tensor([3.0, 4.0, 0.0, 0.0, 6.0, 8.0, 5.0, 1.0, 0.0, 1.0])  # what the other process sends
        return (flat + there) / 2

    package = ModuleType("accelerate.utils")
    package.reduce = reduce  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "accelerate", ModuleType("accelerate"))
    monkeypatch.setitem(sys.modules, "accelerate.utils", package)
    monkeypatch.setattr(parallel, "N_PROCESSES", 2)
    means = parallel.average_gradients([both, nobody, other, frozen], [torch.tensor(7.0)])
    assert [float(m) for m in means] == [6.0] and len(sent) == 1
    assert both.grad.tolist() == [2.0, 3.0] and other.grad.tolist() == [3.0, 4.0]
    assert nobody.grad is None and frozen.grad is None
