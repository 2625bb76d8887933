"""Waveform to log-mel spectrogram, the one contract that codec, refiner and vocoder share."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from tts._torchaudio import import_torchaudio
from tts.config import AUDIO, AudioConfig


@lru_cache(maxsize=4)
def filterbank(config: AudioConfig) -> Tensor:
    """The mel's bands, triangles of equal height on the HTK scale: (n_fft // 2 + 1, n_mels)."""
    functional = import_torchaudio().functional
    return functional.melscale_fbanks(
        config.n_fft // 2 + 1,
        0.0,
        config.sample_rate / 2,
        config.n_mels,
        config.sample_rate,
        norm=None,
        mel_scale="htk",
    )


def log_bands(magnitudes: Tensor, config: AudioConfig = AUDIO) -> Tensor:
    """Magnitude spectra (..., bins, T) to natural-log mel (..., n_mels, T)."""
    with torch.autocast(magnitudes.device.type, enabled=False):
        mel = filterbank(config).to(magnitudes.device).T @ magnitudes
    return torch.log(torch.clamp(mel, min=config.log_floor))


def log_mel(wav: Tensor, config: AudioConfig = AUDIO) -> Tensor:
    """Natural-log magnitude mel spectrogram, equal to the features of ``charactr/vocos-mel-24khz``.

    Args:
        wav: float samples in [-1, 1], shape (B, N) or (N,).
    Returns:
        (B, n_mels, T) or (n_mels, T) with T = N // hop_length + 1, always float32.
    """
    wav = wav.float()
    window = torch.hann_window(config.n_fft, device=wav.device)
    spec = torch.stft(
        wav, config.n_fft, config.hop_length, config.n_fft, window, center=True, pad_mode="reflect", return_complex=True
    ).abs()
    return log_bands(spec, config)
