"""The ConvNeXt encoder of DistilCodec (arXiv 2505.17426, appendix A.1; Liu et al., arXiv 2201.03545, over time).

Parameter names are those of the published checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPS = 1e-6


@dataclass(frozen=True)
class ConvNeXtEncoderConfig:
    """Sizes: mel bands in, blocks and channels of each stage, width of the convolutions over time."""

    input_channels: int = 128
    depths: tuple[int, ...] = (3, 3, 9, 3)
    dims: tuple[int, ...] = (256, 512, 768, 1024)
    kernel_size: int = 7

    def __post_init__(self) -> None:
        if len(self.depths) != len(self.dims) or not self.dims:
            raise ValueError(f"as many depths as dims are needed, not {self.depths} and {self.dims}")


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of (B, C, T)."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Block(nn.Module):
    """One ConvNeXt block over time."""

    def __init__(self, dim: int, kernel_size: int = 7) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, kernel_size, padding=kernel_size // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(torch.full((dim,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        y = self.norm(self.dwconv(x).transpose(1, 2))
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))
        return x + y.transpose(1, 2)


class ConvNeXtEncoder(nn.Module):
    """Log-mel (B, input_channels, T) to features (B, dims[-1], T), at the mel's own rate."""

    def __init__(self, config: ConvNeXtEncoderConfig) -> None:
        super().__init__()
        dims, kernel = config.dims, config.kernel_size
        stem = nn.Sequential(
            nn.Conv1d(config.input_channels, dims[0], kernel, padding=kernel // 2), ChannelNorm(dims[0])
        )
        widen = [nn.Sequential(ChannelNorm(a), nn.Conv1d(a, b, 1)) for a, b in zip(dims[:-1], dims[1:], strict=True)]
        self.downsample_layers = nn.ModuleList([stem, *widen])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(dim, kernel) for _ in range(depth)))
            for dim, depth in zip(dims, config.depths, strict=True)
        )
        self.norm = ChannelNorm(dims[-1])

    def forward(self, mel: Tensor) -> Tensor:
        """See the class."""
        x = mel
        for widen, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(widen(x))
        return self.norm(x)
