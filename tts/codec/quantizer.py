"""Finite scalar quantisation (Mentzer et al., arXiv 2309.15505): one codebook of 8 ** 5 = 32,768 codes that cannot
collapse.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FiniteScalarQuantizer(nn.Module):
    """Projects to a few bounded dimensions and rounds each to one of its levels.

    A code is the number whose mixed-radix digits are the levels (first digit least significant); the digits are what
    the language model predicts one after another.
    """

    def __init__(self, dim: int, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.project_in = nn.Linear(dim, len(levels))
        self.project_out = nn.Linear(len(levels), dim)
        self.register_buffer("_levels", torch.tensor(levels), persistent=False)
        radix = [1]
        for level in levels[:-1]:
            radix.append(radix[-1] * level)
        self.register_buffer("_radix", torch.tensor(radix), persistent=False)

    @property
    def codebook_size(self) -> int:
        """Number of codes."""
        size = 1
        for level in self.levels:
            size *= level
        return size

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (B, T, dim) to (quantised (B, T, dim), codes (B, T) int64); gradients pass straight through the
        rounding.
        """
        top = (self._levels - 1).float()
        bounded = torch.sigmoid(self.project_in(latents).float()) * top
        digits = torch.round(bounded)
        codes = (digits.long() * self._radix).sum(-1)
        straight = bounded + (digits - bounded).detach()
        return self.project_out(straight / top * 2 - 1), codes

    def digits(self, codes: Tensor) -> Tensor:
        """Codes (...) to digits (..., len(levels)), int64."""
        return codes[..., None] // self._radix % self._levels

    def codes(self, digits: Tensor) -> Tensor:
        """Inverse of :meth:`digits`."""
        return (digits * self._radix).sum(-1)

    def vectors(self, codes: Tensor) -> Tensor:
        """Codes (...) to points of the codebook in [-1, 1], (..., len(levels))."""
        return self.digits(codes).float() / (self._levels - 1) * 2 - 1

    def embed(self, codes: Tensor) -> Tensor:
        """Codes (B, T) to quantised latents (B, T, dim). Raises ``ValueError`` for a code outside the codebook."""
        if codes.numel() and not (int(codes.min()) >= 0 and int(codes.max()) < self.codebook_size):
            wrong = codes[(codes < 0) | (codes >= self.codebook_size)][0]
            raise ValueError(f"code {int(wrong)} is outside the codebook; codes are 0 to {self.codebook_size - 1}")
        return self.project_out(self.vectors(codes))
