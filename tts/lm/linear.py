"""Matrix products for a few rows at a time, where reading the weights is all the work."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

ROWS = (4, 8, 16)  # numbers of rows whose products are computed alike, whatever else is in the batch
LARGE = 2**17  # numbers in a weight; reading smaller ones takes less than FBGEMM's call

Linear = Callable[[Tensor], Tensor]


def padded_rows(batch: int) -> int:
    """Rows to compute for ``batch`` of them: with these numbers a row's result does not depend on the others."""
    return next((n for n in ROWS if n >= batch), batch)


def half_linear(weight: Tensor, bias: Tensor | None = None) -> Linear:
    """``x -> x @ weight.T + bias`` in float32 with the weight (out, in) kept in float16, as the files have it.

    FBGEMM (x86) reads such weights directly, which halves the traffic; elsewhere, and where they are small, they are
    kept in float32, rounded alike.
    """
    if weight.numel() >= LARGE and "fbgemm" in torch.backends.quantized.supported_engines:
        packed = torch.ops.quantized.linear_prepack_fp16(weight.contiguous(), bias)
        return lambda x: torch.ops.quantized.linear_dynamic_fp16(x, packed)
    transposed = weight.half().float().t().contiguous()
    if bias is None:
        return lambda x: x @ transposed
    return lambda x: torch.addmm(bias, x, transposed)
