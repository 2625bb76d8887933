"""bfloat16 where the machine computes it in hardware, float32 elsewhere."""

from __future__ import annotations

import torch


def has_bfloat16(device: str) -> bool:
    """Whether matrix products in bfloat16 are fast on ``device`` ("cpu", "cuda"): a CPU without instructions for it
    takes fifty times longer than in float32.
    """
    if device == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return device != "cuda" or torch.cuda.is_bf16_supported()


def mixed_precision(device: str, wanted: bool = True) -> torch.autocast:
    """Autocast to bfloat16 for a ``with`` statement; does nothing where that is not ``wanted`` or not fast."""
    return torch.autocast(device, torch.bfloat16, enabled=wanted and has_bfloat16(device))
