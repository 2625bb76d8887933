"""Clips of the corpus as recordings of other people would be, for stages that shall also work on those: other voices,
microphones, bands and levels.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from tts.config import AUDIO

_BANDS = 6  # of a microphone's colour


def faster(wav: Tensor, n_samples: int) -> Tensor:
    """Pieces (B, N) resampled to (B, n_samples): pace, pitch and vocal tract move together."""
    spectrum = torch.fft.rfft(wav)
    bins = n_samples // 2 + 1
    kept = torch.nn.functional.pad(spectrum[:, :bins], (0, max(0, bins - spectrum.shape[1])))
    return torch.fft.irfft(kept, n_samples) * (n_samples / wav.shape[1])


def as_recorded(wav: Tensor, band_limit_share: float, gain_db: float, rng: np.random.Generator) -> Tensor:
    """Pieces (B, N) at other levels and through other microphones, some of them without their highest frequencies."""
    n = len(wav)
    hz = torch.fft.rfftfreq(wav.shape[1], 1 / AUDIO.sample_rate, device=wav.device)
    octaves = torch.log2(hz.clamp(min=60) / 60) / math.log2(AUDIO.sample_rate / 120)  # 0 to 1
    waves = torch.cos(math.pi * torch.arange(1, _BANDS, device=wav.device)[:, None] * octaves)
    colour = torch.from_numpy(rng.normal(0, 2.0, (n, _BANDS - 1))).to(wav) @ waves  # dB
    limited = rng.random(n) < band_limit_share
    cutoffs = np.where(limited, rng.uniform(3400, 11000, n), AUDIO.sample_rate)
    passed = ((torch.from_numpy(cutoffs).to(wav)[:, None] - hz) / 200).clamp(0, 1)  # 200 Hz from all to nothing
    heard = torch.fft.irfft(torch.fft.rfft(wav) * 10 ** (colour / 20) * passed, n=wav.shape[1])
    gains = torch.from_numpy(10 ** (rng.uniform(-gain_db, gain_db, n) / 20)).to(wav)
    return heard * torch.minimum(gains, 0.99 / (heard.abs().amax(1) + 1e-9))[:, None]
