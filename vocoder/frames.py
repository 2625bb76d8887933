"""Samples to the spectra of their frames and back; a hop of samples, a frame."""

from __future__ import annotations

import torch
from torch import Tensor


def spectra_of(samples: Tensor, window: Tensor, hop: int) -> Tensor:
    """Samples (B, T * hop) to complex spectra (B, bins, T) of frames as long as ``window`` (n_fft,), one at
    the begin of every hop.
    """
    n_fft = len(window)
    spectra = torch.stft(samples, n_fft, hop, n_fft, window, center=True, pad_mode="constant", return_complex=True)
    return spectra[..., : samples.shape[-1] // hop]


def samples_of(spectra: Tensor, window: Tensor, hop: int) -> Tensor:
    """The other way round; the last frame stands for the one that would follow, too."""
    n_fft, length = len(window), spectra.shape[-1] * hop
    spectra = torch.cat([spectra, spectra[..., -1:]], dim=-1)
    return torch.istft(spectra, n_fft, hop, n_fft, window, center=True, length=length)
