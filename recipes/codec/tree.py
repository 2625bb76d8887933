"""Order a codebook as a tree, so that the digits of a code go from coarse to fine."""

from __future__ import annotations

import torch
from torch import Tensor

from tts.codec.vq import VectorQuantizer

ROUNDS = 12


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """Indices of two equally large clusters of points (N, dim), N even: balanced 2-means.

    For given centres c0 and c1, halving at the median of ``x @ (c1 - c0)`` is the best balanced assignment.
    """
    centred = x - x.mean(0)
    direction = torch.zeros(x.shape[1], dtype=x.dtype)
    direction[centred.square().sum(0).argmax()] = 1.0  # of the widest spread
    for _ in range(ROUNDS):
        order = torch.argsort(centred @ direction, stable=True)
        low, high = order[: len(x) // 2], order[len(x) // 2 :]
        direction = centred[high].mean(0) - centred[low].mean(0)
    return low, high


def leaves(x: Tensor) -> Tensor:
    """Indices (N,) of points (N, dim), N a power of two, in the order of the leaves of a balanced binary tree."""
    if len(x) == 1:
        return torch.zeros(1, dtype=torch.long)
    return torch.cat([part[leaves(x[part])] for part in halves(x)])


@torch.no_grad()
def order_codebook(quantizer: VectorQuantizer) -> None:
    """Sort the codebook in place so that codes with equal first digits lie together.

    Raises:
        ValueError: a level is no power of two.
    """
    levels = quantizer.levels
    wrong = [n for n in levels if n & (n - 1)]
    if wrong:
        raise ValueError(f"level {wrong[0]} is no power of two; a codebook's tree needs such levels")
    points = quantizer.codebook.points
    path = leaves(points.double().cpu())  # the first digit is the most significant here, the least in a code
    by_digit = path.view(levels).permute(*reversed(range(len(levels)))).reshape(-1)
    points.copy_(points[by_digit.to(points.device)])
