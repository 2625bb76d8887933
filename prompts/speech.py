"""A recording to features: a small network on measures of spectrum and pitch.

Nobody knows how far a real microphone was, so the level is taken out: it is judged, as people do on the telephone, by
what effort does to the spectrum and the pitch.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from prompts.spectrum import N_MEASURES, measures
from tts.audio import read_audio
from tts.config import AUDIO

log = logging.getLogger(__name__)

MIN_SECONDS, MAX_SECONDS = 0.5, 600.0
WINDOW_SECONDS = 10.0
MAX_WINDOWS = 6
_SILENT_RMS = 1e-4  # -80 dBFS


@dataclass(frozen=True)
class SpeechConfig:
    """The speech network: hidden width, residual blocks, width of its features."""

    hidden: int = 384
    depth: int = 1
    out: int = 192
    dropout: float = 0.25


def read_windows(source: str | Path | np.ndarray, sample_rate: int = AUDIO.sample_rate) -> list[np.ndarray]:
    """A recording at 24 kHz mono, in one or several windows of at most ``WINDOW_SECONDS``, spread evenly.

    Args:
        source: a file, or samples (N,) or (N, channels) in [-1, 1] at ``sample_rate``.
    Raises:
        ValueError: unreadable, too short, silent, or with NaN or infinite samples.
    """
    if not isinstance(source, (str, Path, np.ndarray)):
        raise ValueError(f"a recording is a file or an array of samples, not {type(source).__name__}")
    if isinstance(source, np.ndarray):
        name, samples = "the given recording", _from_array(source, sample_rate)
    else:
        name, samples = str(source), read_audio(source)
    seconds = len(samples) / AUDIO.sample_rate
    if seconds < MIN_SECONDS:
        raise ValueError(f"{name} is too short: {seconds:.2f} s; give at least 1 s of speech")
    if seconds > MAX_SECONDS:
        log.warning("%s has %.0f s; the first %.0f are used", name, seconds, MAX_SECONDS)
        samples = samples[: int(MAX_SECONDS * AUDIO.sample_rate)]
    window = int(WINDOW_SECONDS * AUDIO.sample_rate)
    n_windows = min(MAX_WINDOWS, -(-len(samples) // window))
    starts = np.linspace(0, max(0, len(samples) - window), n_windows).astype(int)
    windows = [samples[start : start + window] for start in starts]
    heard = [w for w in windows if float(np.sqrt(np.mean(np.square(w - w.mean())))) > _SILENT_RMS]
    if not heard:
        raise ValueError(f"{name} is silent; give a recording with speech in it")
    return heard


def _from_array(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    if samples.ndim not in (1, 2) or not samples.size:
        raise ValueError(f"samples have shape (N,) or (N, channels), not {samples.shape}")
    if not 4000 <= sample_rate <= 768_000:
        raise ValueError(f"sample rate {sample_rate} is out of range; give 4000 to 768000 Hz")
    if np.issubdtype(samples.dtype, np.integer):
        highest = np.iinfo(samples.dtype).max
        middle = highest // 2 + 1 if samples.dtype.kind == "u" else 0  # of unsigned samples
        samples = (samples.astype(np.float64) - middle) / (highest - middle)
    samples = samples.astype(np.float32)
    if not np.isfinite(samples).all():
        raise ValueError("the given recording has NaN or infinite samples")
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if sample_rate == AUDIO.sample_rate:
        return samples
    import soxr

    return soxr.resample(samples, sample_rate, AUDIO.sample_rate).astype(np.float32)


class SpeechEncoder(nn.Module):
    """The measures of :mod:`prompts.spectrum` to features."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.config = config
        self.scale = nn.BatchNorm1d(N_MEASURES, affine=False)
        self.first = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(N_MEASURES, config.hidden), nn.LayerNorm(config.hidden), nn.GELU()
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(config.hidden),
                nn.Linear(config.hidden, config.hidden),
                nn.GELU(),
                nn.Dropout(config.dropout),
                nn.Linear(config.hidden, config.hidden),
            )
            for _ in range(config.depth)
        )
        self.features = nn.Linear(config.hidden, config.out)

    def forward(self, measured: Tensor) -> Tensor:
        """(B, N_MEASURES) to (B, out)."""
        x = self.first(self.scale(measured).clamp(-5, 5))
        for block in self.blocks:
            x = x + block(x)
        return nn.functional.gelu(self.features(x))

    def encode(self, windows: list[np.ndarray]) -> Tensor:
        """Windows of samples to features (out,): the mean over the windows."""
        return torch.stack([self(measures(torch.from_numpy(w)[None]))[0] for w in windows]).mean(dim=0)
