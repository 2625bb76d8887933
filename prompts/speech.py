"""A recording to features: a mel network with attentive statistics pooling.

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

from tts.audio import read_audio
from tts.config import AUDIO
from tts.convnext import Stack
from tts.mel import log_mel

log = logging.getLogger(__name__)

MIN_SECONDS, MAX_SECONDS = 0.5, 600.0
WINDOW_SECONDS = 10.0
MAX_WINDOWS = 6
_SILENT_RMS = 1e-4  # -80 dBFS
_SPAN = 9.2  # 40 dB in natural-log power: frames further below the loudest are not speech
_FLOOR, _CEILING = -8.0, 4.0  # log amplitude around the mean of the speech


@dataclass(frozen=True)
class SpeechConfig:
    """The speech network: channels, hidden channels, blocks, width of its features."""

    dim: int = 144
    hidden: int = 320
    depth: int = 4
    out: int = 192


def read_windows(source: str | Path | np.ndarray, sample_rate: int = AUDIO.sample_rate) -> list[np.ndarray]:
    """A recording at 24 kHz mono, in one or several windows of at most ``WINDOW_SECONDS``, spread evenly.

    Args:
        source: a file, or samples (N,) or (N, channels) in [-1, 1] at ``sample_rate``.
    Raises:
        ValueError: unreadable, too short, silent, or with NaN or infinite samples.
    """
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
        samples = samples / float(np.iinfo(samples.dtype).max)
    samples = samples.astype(np.float32)
    if not np.isfinite(samples).all():
        raise ValueError("the given recording has NaN or infinite samples")
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if sample_rate == AUDIO.sample_rate:
        return samples
    import soxr

    return soxr.resample(samples, sample_rate, AUDIO.sample_rate).astype(np.float32)


def level_free(mel: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Take the level out of log-mels and find the speech in them.

    Args:
        mel: (B, n_mels, T), natural-log magnitudes.
        valid: (B, T), True where there is sound.
    Returns:
        The mel around its mean speech level, clamped and scaled, (B, n_mels, T), and where speech is, (B, T).
    """
    power = torch.logsumexp(2 * mel, dim=1).masked_fill(~valid, -40.0)
    speech = valid & (power > power.amax(dim=1, keepdim=True) - _SPAN)
    level = torch.logsumexp(power.masked_fill(~speech, -1e4), dim=1) - speech.sum(dim=1).clamp(min=1).log()
    centred = mel - 0.5 * (level[:, None, None] - float(np.log(mel.shape[1])))
    return centred.clamp(_FLOOR, _CEILING) / 3.0 + 0.5, speech


class AttentivePooling(nn.Module):
    """Mean and deviation over time, weighted by attention a channel (Okabe et al., arXiv 1803.10963)."""

    def __init__(self, dim: int, hidden: int = 64) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Conv1d(dim, hidden, 1), nn.Tanh(), nn.Conv1d(hidden, dim, 1))

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """(B, dim, T) and where to look (B, T), to (B, 2 dim)."""
        weights = self.attention(x).float().masked_fill(~valid[:, None], -1e4).softmax(dim=2)
        x = x.float()
        mean = (weights * x).sum(dim=2)
        variance = (weights * (x - mean[:, :, None]).square()).sum(dim=2)
        return torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)


class SpeechEncoder(nn.Module):
    """Log-mels to features."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv1d(AUDIO.n_mels, config.dim, 5, stride=2, padding=2)
        self.norm = nn.LayerNorm(config.dim)
        self.blocks = Stack(config.depth, config.dim, config.hidden)
        self.pool = AttentivePooling(config.dim)
        self.features = nn.Linear(2 * config.dim, config.out)

    def forward(self, mel: Tensor, valid: Tensor | None = None) -> Tensor:
        """Log-mels (B, n_mels, T) and their valid frames (B, T) (None: all) to features (B, out)."""
        if valid is None:
            valid = torch.ones(mel.shape[0], mel.shape[2], dtype=torch.bool, device=mel.device)
        x, speech = level_free(mel, valid)
        x = x * valid[:, None]
        x = self.blocks(self.norm(self.stem(x).transpose(1, 2)).transpose(1, 2))
        return torch.nn.functional.gelu(self.features(self.pool(x, speech[:, ::2])))

    def encode(self, windows: list[np.ndarray]) -> Tensor:
        """Windows of samples to features (out,): the mean over the windows."""
        return torch.stack([self(log_mel(torch.from_numpy(w))[None])[0] for w in windows]).mean(dim=0)
