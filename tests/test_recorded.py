"""The corpus as other people's recordings: what is changed, and by how much."""

from __future__ import annotations

import numpy as np
import torch

from recipes.recorded import as_recorded, faster
from tts.config import AUDIO

SECOND = AUDIO.sample_rate
TONE = 0.1 * torch.sin(2 * np.pi * 500 * torch.arange(SECOND) / SECOND)[None]


def peak_hz(wav: torch.Tensor) -> float:
    return float(torch.fft.rfft(wav[0]).abs().argmax() * SECOND / wav.shape[1])


def test_faster_is_shorter_and_higher_and_as_loud() -> None:
    for n_samples in (SECOND // 2, SECOND, 2 * SECOND):
        made = faster(TONE, n_samples)
        assert made.shape == (1, n_samples)
        assert peak_hz(made) == 500 * SECOND / n_samples
        assert torch.allclose(made.square().mean(), TONE.square().mean(), rtol=1e-3)


def test_recordings_differ_in_level_and_band_and_never_clip() -> None:
    noise = 0.3 * torch.randn(64, SECOND // 4, generator=torch.Generator().manual_seed(0))
    limited = as_recorded(noise, 1.0, 10.0, np.random.default_rng(0))
    whole = as_recorded(noise, 0.0, 10.0, np.random.default_rng(0))
    hz = torch.fft.rfftfreq(noise.shape[1], 1 / SECOND)
    high = [torch.fft.rfft(x).abs()[:, hz > 11_300].mean() for x in (noise, limited, whole)]
    assert high[1] < 1e-3 * high[0] < high[2]
    assert limited.abs().max() < 1 and whole.abs().max() < 1
    levels = 10 * torch.log10(whole.square().mean(1))
    assert levels.max() - levels.min() > 6
