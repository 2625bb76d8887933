"""Spread points evenly over the codes that they are rounded to: the sliced Wasserstein distance (Bonneel et al. 2015,
doi:10.1007/s10851-014-0506-3) from a batch's points to points of codes that are all equally likely.

An even use along every axis alone is not enough, for axes may say the same twice; along oblique directions that shows.
"""

from __future__ import annotations

import torch
from torch import Tensor

N_DIRECTIONS = 16  # beside the axes


def evenly_on_grid(number: int, levels: tuple[int, ...], device: torch.device) -> Tensor:
    """Points (number, D) in 0 to 1, of finite scalar quantisation with all codes equally likely: point ``k`` of a row
    is rounded to one of ``levels[k]`` values.
    """
    top = torch.tensor(levels, device=device) - 1.0
    even = torch.rand(number, len(levels), device=device) * (top + 1) - 0.5
    return even.clamp(min=torch.zeros_like(top), max=top) / top


def evenly_in_codebook(number: int, codebook: Tensor) -> tuple[Tensor, Tensor]:
    """Points (number, D) of a codebook (K, D), all codes equally likely, and the deviation (D,) of its axes."""
    return codebook[torch.randint(len(codebook), (number,), device=codebook.device)], codebook.std(0)


def unevenness(points: Tensor, even: Tensor) -> Tensor:
    """Mean distance from ``points`` (N, D) to ``even`` (N, D), which stand for an even use of the codes, along the axes
    and along random directions; a scalar, near 0 where all codes are equally likely.
    """
    n_axes = points.shape[1]
    directions = torch.randn(N_DIRECTIONS, n_axes, device=points.device)
    directions = torch.cat([torch.eye(n_axes, device=points.device), directions])
    directions = directions / directions.norm(dim=1, keepdim=True)
    with torch.autocast(points.device.type, enabled=False):
        here, there = ((x.float() @ directions.T).sort(dim=0).values for x in (points, even))
    return (here - there).abs().mean()
