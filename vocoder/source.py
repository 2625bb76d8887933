"""The excitation of voiced speech: a band-limited pulse train whose phase is the integral of f0."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tts.config import AUDIO

VOICED_ABOVE_HZ = 40.0
BAND_LIMIT_HZ = 11500.0


def pulse_train(f0: Tensor, phase: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """f0 (B, T) in Hz per mel frame, 0 where unvoiced, to samples (B, T * hop_length) and the phase at their end (B,).

    All harmonics below the band limit at unit amplitude: sum_{h=1..H} cos(h p) = sin((H + 1/2) p) / (2 sin(p / 2)) -
    1/2. ``phase`` in cycles lets a train go on where another ended.
    """
    hop = AUDIO.hop_length
    voiced = (f0 > VOICED_ABOVE_HZ).float()
    known = f0.clamp(min=VOICED_ABOVE_HZ)
    hz = F.interpolate(known[:, None], scale_factor=hop, mode="linear", align_corners=False)[:, 0]
    gate = F.interpolate(voiced[:, None], scale_factor=hop, mode="linear", align_corners=False)[:, 0]
    cycles = torch.cumsum(hz.double() / AUDIO.sample_rate, dim=1)
    if phase is not None:
        cycles = cycles + phase[:, None].double()
    angle = (2 * math.pi * (cycles % 1.0)).float()
    harmonics = torch.floor(BAND_LIMIT_HZ / hz)
    half_sine = 2 * torch.sin(angle / 2)
    near_zero = half_sine.abs() < 2e-3  # the limit of the quotient there is H + 1/2
    quotient = torch.sin((harmonics + 0.5) * angle) / torch.where(near_zero, torch.ones_like(half_sine), half_sine)
    pulses = torch.where(near_zero, harmonics + 0.5, quotient) - 0.5
    return pulses * gate, cycles[:, -1] % 1.0
