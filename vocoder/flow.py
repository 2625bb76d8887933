"""Rectified flow (Liu et al., arXiv 2209.03003): straight paths from noise (t = 0) to data (t = 1), learned and solved.

Apart from the network: a velocity is any function of a point (B, C, T) and a time (B,).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
SOLVERS = ("euler", "midpoint")


def flow_loss(velocity: Velocity, start: Tensor, data: Tensor, t: Tensor) -> Tensor:
    """Mean squared error of the velocity at a point of the straight path (eq. 1 there); all of (B, C, T), t (B,)."""
    along = t[:, None, None]
    return (velocity(start + along * (data - start), t) - (data - start)).square().mean()


def solve(velocity: Velocity, start: Tensor, n_steps: int, solver: str = "euler") -> Tensor:
    """Follow the flow from ``start`` (B, C, T) to t = 1 in equal steps.

    Raises:
        ValueError: fewer than one step, or an unknown solver.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps {n_steps} must be 1 or more")
    if solver not in SOLVERS:
        raise ValueError(f"unknown solver {solver!r}; the solvers are {', '.join(SOLVERS)}")
    x, h = start, 1 / n_steps
    for i in range(n_steps):
        t = torch.full((len(x),), i * h, device=x.device)
        v = velocity(x, t)
        if solver == "midpoint":
            v = velocity(x + h / 2 * v, t + h / 2)
        x = x + h * v
    return x
