"""The excitation of voiced speech: a band-limited pulse train whose phase is the integral of f0."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tts.config import AUDIO

VOICED_ABOVE_HZ = 40.0
BAND_LIMIT_HZ = 11500.0


def frame_phases(f0: Tensor, before: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Phase in cycles, [0, 1), at the centre of every frame of f0 (B, T), the integral of f0 up to there.

    ``before`` is f0 and phase, both (B, 1), of the frame that a train goes on from. f0 is linear from one centre to
    the next.
    """
    hz = f0.clamp(min=VOICED_ABOVE_HZ).double()
    half = AUDIO.hop_length / 2 / AUDIO.sample_rate
    earlier = torch.zeros_like(hz[:, :1]) if before is None else before[0].clamp(min=VOICED_ABOVE_HZ).double()
    steps = (hz + torch.cat([earlier, hz[:, :-1]], dim=1)) * half
    return ((steps.cumsum(1) + (0 if before is None else before[1].double())) % 1.0).float()


def pulse_train(f0: Tensor, phases: Tensor) -> Tensor:
    """f0 (B, T) in Hz per mel frame, 0 where unvoiced, and its :func:`frame_phases` to samples (B, T * hop_length).

    All harmonics below the band limit at unit amplitude: sum_{h=1..H} cos(h p) = sin((H + 1/2) p) / (2 sin(p / 2)) -
    1/2. Before the first centre and after the last, f0 stays as it is there.
    """
    hop, rate = AUDIO.hop_length, AUDIO.sample_rate
    known = f0.clamp(min=VOICED_ABOVE_HZ)
    voiced = (f0 > VOICED_ABOVE_HZ).float()
    begin = phases[:, :1] - known[:, :1] * (hop / rate)  # a frame before the first centre
    phases = torch.cat([begin, phases], dim=1)[..., None]
    passed = torch.arange(1, hop + 1, device=f0.device) / hop  # of the way to the next centre, after each sample

    def line(values: Tensor, at: Tensor) -> Tensor:
        values = torch.cat([values[:, :1], values, values[:, -1:]], dim=1)
        return values[:, :-1, None] + values.diff(dim=1)[..., None] * at

    hz, gate = line(known, passed - 0.5 / hop), line(voiced, passed - 0.5 / hop)
    angle = 2 * math.pi * ((phases + line(known, passed / 2) * passed * (hop / rate)) % 1.0)
    harmonics = torch.floor(BAND_LIMIT_HZ / hz)
    half_sine = 2 * torch.sin(angle / 2)
    near_zero = half_sine.abs() < 2e-3  # the limit of the quotient there is H + 1/2
    quotient = torch.sin((harmonics + 0.5) * angle) / torch.where(near_zero, torch.ones_like(half_sine), half_sine)
    pulses = (torch.where(near_zero, harmonics + 0.5, quotient) - 0.5) * gate
    return pulses.flatten(1)[:, hop // 2 : -(hop // 2)]
