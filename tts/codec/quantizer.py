"""Finite scalar quantisation (Mentzer et al., arXiv 2309.15505): one codebook of 8 ** 5 = 32,768 codes that cannot
collapse; and what every quantiser answers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from tts.codec.vq import Codebook


class Lookup(NamedTuple):
    """One search in one learned codebook, for its training: points (N, code_dim) with gradient, their codes (N,)."""

    codebook: Codebook
    points: Tensor
    codes: Tensor


class Quantised(NamedTuple):
    """Quantised latents (B, T, dim), gradients passing straight through; codes (B, T), or (B, T, Q) where a frame has
    Q of them; the searches in learned codebooks, if there were any; of finite scalar quantisation the points before
    rounding, (B, T, D) in 0 to 1."""

    latents: Tensor
    codes: Tensor
    lookups: tuple[Lookup, ...] = ()
    points: Tensor | None = None


def check_codes(codes: Tensor, codebook_size: int) -> None:
    """Raises ``ValueError`` for a code outside the codebook."""
    if codes.numel() and not (int(codes.min()) >= 0 and int(codes.max()) < codebook_size):
        wrong = codes[(codes < 0) | (codes >= codebook_size)][0]
        raise ValueError(f"code {int(wrong)} is outside the codebook; codes are 0 to {codebook_size - 1}")


class DigitCodes(nn.Module):
    """Writes a code as mixed-radix digits, first digit least significant: what the language model predicts one after
    another."""

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.register_buffer("_levels", torch.tensor(levels), persistent=False)
        radix = [1]
        for level in levels[:-1]:
            radix.append(radix[-1] * level)
        self.register_buffer("_radix", torch.tensor(radix), persistent=False)

    @property
    def codebook_size(self) -> int:
        """Number of codes."""
        return math.prod(self.levels)

    @property
    def top(self) -> Tensor:
        """The largest value of every digit, (len(levels),)."""
        return self._levels - 1

    def digits(self, codes: Tensor) -> Tensor:
        """Codes (...) to digits (..., len(levels)), int64."""
        return codes[..., None] // self._radix % self._levels

    def codes(self, digits: Tensor) -> Tensor:
        """Inverse of :meth:`digits`."""
        return (digits * self._radix).sum(-1)


class FiniteScalarQuantizer(DigitCodes):
    """Projects to a few bounded dimensions and rounds each to one of its levels, which are the digits of the code."""

    def __init__(self, dim: int, levels: tuple[int, ...]) -> None:
        super().__init__(levels)
        self.project_in = nn.Linear(dim, len(levels))
        self.project_out = nn.Linear(len(levels), dim)

    def forward(self, latents: Tensor) -> Quantised:
        """Latents (B, T, dim) to quantised ones and codes (B, T) int64."""
        top = self.top.float()
        bounded = torch.sigmoid(self.project_in(latents).float()) * top
        digits = torch.round(bounded)
        straight = bounded + (digits - bounded).detach()
        return Quantised(self.project_out(straight / top * 2 - 1), self.codes(digits.long()), points=bounded / top)

    def vectors(self, codes: Tensor) -> Tensor:
        """Codes (...) to points of the codebook in [-1, 1], (..., len(levels))."""
        return self.digits(codes).float() / self.top * 2 - 1

    def embed(self, codes: Tensor) -> Tensor:
        """Codes (B, T) to quantised latents (B, T, dim). Raises ``ValueError`` for a code outside the codebook."""
        check_codes(codes, self.codebook_size)
        return self.project_out(self.vectors(codes))
