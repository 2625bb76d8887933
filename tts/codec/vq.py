"""Vector quantisation (van den Oord et al., arXiv 1711.00937) with one large codebook, searched in few dimensions.

The codebook is not trained by gradients: :mod:`recipes.codec.averages` moves it. Written here rather than taken from a
library because it is part of every released codec: what is published brings five further packages with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tts.codec.quantizer import DigitCodes, Lookup, Quantised, check_codes

CPU_CHUNK = 2**19  # distances held at a time: 2 MB, so that they stay in a core's cache
GPU_CHUNK = 2**27


@dataclass(frozen=True)
class VQConfig:
    """Sizes of the one codebook; how many codes it has is the product of the codec's ``levels``."""

    code_dim: int = 16  # in which the nearest code is searched


class Codebook(nn.Module):
    """Points (size, dim); the nearest one by Euclidean distance is the code."""

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("points", torch.randn(size, dim))

    @torch.no_grad()
    def nearest(self, x: Tensor) -> Tensor:
        """Points (N, dim) to codes (N,), in float32, a chunk of distances at a time."""
        with torch.autocast(x.device.type, enabled=False):
            points = self.points.float()
            squares, across = points.square().sum(1), points.t().contiguous()
            rows = max(1, (CPU_CHUNK if x.device.type == "cpu" else GPU_CHUNK) // len(points))
            found = [torch.addmm(squares, part, across, alpha=-2).argmin(1) for part in x.float().split(rows)]
        return torch.cat(found) if found else torch.empty(0, dtype=torch.long, device=x.device)

    def forward(self, x: Tensor) -> tuple[Tensor, Lookup]:
        """Points (..., dim) to the nearest of the codebook, gradients passing straight through, and the search."""
        x = x.float()
        flat = x.reshape(-1, x.shape[-1])
        codes = self.nearest(flat)
        found = self.points[codes].view_as(x)
        return x + (found - x).detach(), Lookup(self, flat, codes)


class VectorQuantizer(DigitCodes):
    """Projects to few dimensions, takes the nearest of one large codebook and projects back.

    The codebook is kept in the order of a tree (:mod:`recipes.codec.tree`): the first digit of a code says which of
    ``levels[0]`` regions it lies in, the second which part of the region, and so on.
    """

    def __init__(self, dim: int, levels: tuple[int, ...], config: VQConfig) -> None:
        super().__init__(levels)
        self.project_in = nn.Linear(dim, config.code_dim)
        self.project_out = nn.Linear(config.code_dim, dim)
        self.codebook = Codebook(self.codebook_size, config.code_dim)

    def forward(self, latents: Tensor) -> Quantised:
        """Latents (B, T, dim) to quantised ones and codes (B, T) int64."""
        found, lookup = self.codebook(self.project_in(latents))
        return Quantised(self.project_out(found), lookup.codes.view(latents.shape[:-1]), (lookup,))

    def vectors(self, codes: Tensor) -> Tensor:
        """Codes (...) to points of the codebook (..., code_dim)."""
        return self.codebook.points[codes]

    def embed(self, codes: Tensor) -> Tensor:
        """Codes (B, T) to quantised latents (B, T, dim). Raises ``ValueError`` for a code outside the codebook."""
        check_codes(codes, self.codebook_size)
        return self.project_out(self.vectors(codes))
