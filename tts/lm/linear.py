"""Matrix products for a few rows at a time, where reading the weights is all the work, and steps without Python."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def padded_rows(n: int) -> int:
    """Rows to compute for ``n`` of them with BLAS: with these numbers a row's result does not depend on the others."""
    return 4 if n <= 4 else 8 if n <= 8 else max(16, n)


class HalfLinear(nn.Module):
    """``x -> x @ weight.T + bias``, (N, in) to (N, out) in float32, by FBGEMM (x86), which reads a weight that is kept
    in float16: half the traffic. No row depends on another.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.packed = torch.ops.quantized.linear_prepack_fp16(weight.contiguous(), bias)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return torch.ops.quantized.linear_dynamic_fp16(x, self.packed)


class FloatLinear(nn.Module):
    """As :class:`HalfLinear` for any machine: the same rounded weight, kept in float32."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.weight = weight.half().float().t().contiguous()
        self.bias = torch.zeros(len(weight)) if bias is None else bias

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        n = x.size(0)
        return torch.addmm(self.bias, F.pad(x, (0, 0, 0, padded_rows(n) - n)), self.weight)[:n]


def half_linear(weight: Tensor, bias: Tensor | None = None) -> HalfLinear | FloatLinear:
    """A linear layer of weight (out, in) and bias (out,), rounded to float16, as the files have it."""
    fast = "fbgemm" in torch.backends.quantized.supported_engines
    return (HalfLinear if fast else FloatLinear)(weight.detach(), None if bias is None else bias.detach())


class Compiled:
    """A module as TorchScript: at the size of one position an operation takes Python longer than the arithmetic, and
    while it runs another thread has Python for itself.

    Nothing is optimised from one call to the next, so that the first call gives what the thousandth does.
    """

    def __init__(self, module: nn.Module) -> None:
        with warnings.catch_warnings():  # torch.compile, which it recommends, needs a C++ compiler
            warnings.simplefilter("ignore", DeprecationWarning)
            self.module = torch.jit.script(module)

    def __call__(self, *arguments: Any) -> Any:
        with torch.jit.optimized_execution(False):
            return self.module(*arguments)
