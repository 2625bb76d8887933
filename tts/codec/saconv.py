"""Style-adaptive convolution: its kernel and gains are predicted from a conditioning vector (MM-TTS, arXiv
2312.10687, section 3.3).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SAConv(nn.Module):
    """Depthwise convolution whose kernels, gains and biases depend on a vector of voice and style.

    The kernel is a learned one plus a predicted change; output channels are scaled and shifted by predicted amounts.
    The prediction starts at zero, so an untrained SAConv is a plain depthwise convolution.
    """

    def __init__(self, dim: int, kernel_size: int, cond_dim: int) -> None:
        super().__init__()
        self.dim, self.kernel_size = dim, kernel_size
        bound = kernel_size**-0.5
        self.weight = nn.Parameter(torch.empty(dim, kernel_size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.predict = nn.Linear(cond_dim, dim * (kernel_size + 2))
        nn.init.zeros_(self.predict.weight)
        nn.init.zeros_(self.predict.bias)

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        """(B, dim, T) and (B, cond_dim) to (B, dim, T)."""
        batch, dim, length = x.shape
        change = self.predict(cond).view(batch, dim, self.kernel_size + 2)
        weight = (self.weight + change[..., : self.kernel_size]).to(x.dtype)
        gain, shift = change[..., -2:].to(x.dtype).unbind(-1)
        y = F.conv1d(
            x.reshape(1, batch * dim, length),
            weight.reshape(batch * dim, 1, self.kernel_size),
            padding=self.kernel_size // 2,
            groups=batch * dim,
        ).view(batch, dim, length)
        return y * (1 + gain[..., None]) + (self.bias.to(x.dtype) + shift)[..., None]
