"""HiFi-GAN's generator (Kong et al., arXiv 2010.05646) as DistilCodec has it: SiLU, wide first and last convolutions.

Parameter names are those of DistilCodec's published checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

_GAIN, _DIRECTION = (f".parametrizations.weight.original{k}" for k in (0, 1))


@dataclass(frozen=True)
class HiFiGANConfig:
    """Sizes of the generator. Every upsampling halves the channels."""

    input_dim: int = 1024
    channels: int = 1024
    upsample_rates: tuple[int, ...] = (8, 4, 2, 2, 2)
    upsample_kernel_sizes: tuple[int, ...] = (16, 12, 4, 4, 4)
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    pre_kernel_size: int = 13
    post_kernel_size: int = 13

    def __post_init__(self) -> None:
        if len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            raise ValueError(
                f"as many upsample kernels as rates are needed, not {self.upsample_kernel_sizes} "
                f"for {self.upsample_rates}"
            )
        if len(self.resblock_kernel_sizes) != len(self.resblock_dilations):
            raise ValueError(
                f"as many dilation sets as residual kernels are needed, not {self.resblock_dilations} "
                f"for {self.resblock_kernel_sizes}"
            )
        if self.channels % 2 ** len(self.upsample_rates):
            raise ValueError(f"{self.channels} channels cannot be halved {len(self.upsample_rates)} times")

    @property
    def hop_length(self) -> int:
        """Samples made of one input frame."""
        return prod(self.upsample_rates)


def _conv(inside: int, out: int, kernel_size: int, dilation: int = 1) -> nn.Conv1d:
    return nn.Conv1d(inside, out, kernel_size, dilation=dilation, padding=(kernel_size - 1) * dilation // 2)


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair with its own residual."""

    def __init__(self, channels: int, kernel_size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_conv(channels, channels, kernel_size, d) for d in dilations)
        self.convs2 = nn.ModuleList(_conv(channels, channels, kernel_size) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            x = x + plain(F.silu(dilated(F.silu(x))))
        return x


class MeanOfBlocks(nn.Module):
    """The mean of residual blocks of several kernel sizes side by side."""

    def __init__(self, channels: int, config: HiFiGANConfig) -> None:
        super().__init__()
        pairs = zip(config.resblock_kernel_sizes, config.resblock_dilations, strict=True)
        self.blocks = nn.ModuleList(ResidualBlock(channels, k, d) for k, d in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) to (B, C, T)."""
        return torch.stack([block(x) for block in self.blocks]).mean(dim=0)


class HiFiGAN(nn.Module):
    """Features (B, input_dim, T) to samples (B, T * hop_length) in [-1, 1].

    Args:
        weight_normed: every convolution's weights as gain and direction, for training and as published; for inference
            plain convolutions take the weights of :func:`fold_weight_norm`.
    """

    def __init__(self, config: HiFiGANConfig, weight_normed: bool = True) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.conv_pre = _conv(config.input_dim, width, config.pre_kernel_size)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2))
            width //= 2
            self.resblocks.append(MeanOfBlocks(width, config))
        self.conv_post = _conv(width, 1, config.post_kernel_size)
        if weight_normed:
            for module in list(self.modules()):
                if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
                    weight_norm(module)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        x = self.conv_pre(features)
        for up, blocks in zip(self.ups, self.resblocks, strict=True):
            x = blocks(up(F.silu(x)))
        return torch.tanh(self.conv_post(F.silu(x)))[:, 0]


def fold_weight_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """State dict of a weight-normed generator to that of plain convolutions. What lacks its other half stays as it is.

    Raises:
        RuntimeError: gain and direction do not fit each other.
    """
    folded = dict(state)
    for name in [n for n in state if n.endswith(_GAIN) and n.removesuffix(_GAIN) + _DIRECTION in state]:
        base = name.removesuffix(_GAIN)
        gain, direction = folded.pop(name), folded.pop(base + _DIRECTION)
        length = direction.flatten(1).norm(dim=1).view_as(gain)
        folded[f"{base}.weight"] = direction * (gain / length)
    return folded
