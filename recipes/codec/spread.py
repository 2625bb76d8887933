"""Spread the points of finite scalar quantisation evenly over its codes: the sliced Wasserstein distance (Bonneel et
al. 2015, doi:10.1007/s10851-014-0506-3) from a batch's points to the uniform distribution over codes.

An even use of every digit alone is not enough, for digits may say the same twice; along oblique directions that shows.
"""

from __future__ import annotations

import torch
from torch import Tensor

N_DIRECTIONS = 16  # beside the axes


def unevenness(points: Tensor, levels: tuple[int, ...]) -> Tensor:
    """Mean distance, in shares of the whole width, from ``points`` (N, D) to an even use of the codes, along the axes
    and along random directions; a scalar, near 0 where all codes are equally likely.

    ``points[:, k]`` lies in 0 to 1 and is rounded to one of ``levels[k]`` values.
    """
    top = torch.tensor(levels, device=points.device) - 1.0
    even = (torch.rand_like(points) * (top + 1) - 0.5).clamp(min=torch.zeros_like(top), max=top) / top
    directions = torch.randn(N_DIRECTIONS, len(levels), device=points.device)
    directions = torch.cat([torch.eye(len(levels), device=points.device), directions])
    directions = directions / directions.norm(dim=1, keepdim=True)
    with torch.autocast(points.device.type, enabled=False):
        here, there = ((x @ directions.T).sort(dim=0).values for x in (points, even))
    return (here - there).abs().mean()
