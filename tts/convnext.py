"""ConvNeXt block over time (Liu et al., arXiv 2201.03545; 1-D as in Vocos, arXiv 2306.00814), plain or style-adaptive.

Codec and vocoder are built of it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tts.codec.saconv import SAConv

KERNEL_SIZE = 7  # frames, of every convolution over time


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, layer norm, two pointwise layers and a scaled residual.

    Args:
        dim: channels C.
        hidden: channels inside.
        cond_dim: width of the conditioning vector; 0 for a plain block, else the convolution is style-adaptive.
    """

    def __init__(
        self, dim: int, hidden: int, cond_dim: int = 0, kernel_size: int = KERNEL_SIZE, scale: float = 0.1
    ) -> None:
        super().__init__()
        self.depthwise = (
            SAConv(dim, kernel_size, cond_dim)
            if cond_dim
            else nn.Conv1d(dim, dim, kernel_size, padding=kernel_size // 2, groups=dim)
        )
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.scale = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        """(B, C, T) and, for a style-adaptive block, (B, cond_dim), to (B, C, T)."""
        y = self.depthwise(x) if cond is None else self.depthwise(x, cond)
        y = self.contract(torch.nn.functional.gelu(self.expand(self.norm(y.transpose(1, 2)))))
        return x + (self.scale * y).transpose(1, 2)


class Stack(nn.ModuleList):
    """Several blocks one after another."""

    def __init__(self, depth: int, dim: int, hidden: int, cond_dim: int = 0) -> None:
        super().__init__(ConvNeXtBlock(dim, hidden, cond_dim) for _ in range(depth))

    def forward(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        for block in self:
            x = block(x, cond)
        return x
