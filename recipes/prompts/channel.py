"""What happens to real recordings on their way into a file, done to the training data: rooms, microphones, noise, other
people, band limits, clipping, coarse and lossy coding.
"""

from __future__ import annotations

import io
import math

import numpy as np
import torch
from torch import Tensor

from tts.config import AUDIO

_TOPS = (3400.0, 4000.0, 5500.0, 7000.0, 8000.0, 10_000.0, 12_000.0)  # Hz, of telephones and files


def _chosen(share: float, n: int) -> Tensor:
    return torch.rand(n, 1) < share


def _uniform(low: float, high: float, *shape: int) -> Tensor:
    return low + (high - low) * torch.rand(*shape)


def _decibels(db: Tensor) -> Tensor:
    return 10 ** (db / 20)


def microphones(n: int, hertz: Tensor) -> Tensor:
    """Random responses at ``hertz`` (bins,), dB, (n, bins): a tilt around 1 kHz, ripples, and limits of the band."""
    octaves = torch.log2(hertz.clamp(60, 11_000) / 1000)[None]
    position = (octaves + 4.06) / 7.5  # 0 at 60 Hz, 1 at 11 kHz
    waves = torch.cos(math.pi * torch.arange(1, 6)[:, None] * position)  # (5, bins)
    sizes = torch.randn(n, 5) * torch.tensor([3.0, 3.0, 2.5, 2.0, 1.5])
    response = torch.where(_chosen(0.75, n), _uniform(-4, 4, n, 1) * octaves + sizes @ waves, torch.zeros(1))
    top = torch.tensor(_TOPS)[torch.randint(len(_TOPS), (n, 1))]
    top = torch.where(_chosen(0.5, n), top, torch.tensor(4e4))
    bottom = torch.where(_chosen(0.3, n), _uniform(50, 350, n, 1), torch.tensor(1.0))
    steep = _uniform(20, 120, n, 2)
    above = torch.log2(hertz[None].clamp(min=1) / top).clamp(min=0) * steep[:, :1]
    below = torch.log2(bottom / hertz[None].clamp(min=1)).clamp(min=0) * steep[:, 1:] / 3
    return response - (above + below).clamp(max=90)


def rooms(n: int, n_samples: int) -> Tensor:
    """Spectra (n, bins) of random rooms: the direct sound, then decaying noise."""
    length = min(int(0.4 * AUDIO.sample_rate), n_samples)
    time = torch.arange(length) / AUDIO.sample_rate
    tail = torch.randn(n, length) * (-6.9 * time / _uniform(0.12, 0.9, n, 1)).exp()
    tail = tail / tail.square().sum(dim=1, keepdim=True).sqrt() * _decibels(_uniform(-18, -2, n, 1))
    tail[:, 0] = 1.0
    return torch.fft.rfft(tail, n_samples)


def _mu_law(wav: Tensor) -> Tensor:
    """Rounded to 8 bits as on the telephone (ITU-T G.711)."""
    coarse = (wav.sign() * torch.log1p(255 * wav.abs()) * (127 / math.log(256))).round() / 127
    return coarse.sign() * ((coarse.abs() * math.log(256)).exp() - 1) / 255


def _lossy(wav: Tensor, kind: int) -> Tensor:
    """(N,) through MP3 or Ogg Vorbis; the length stays."""
    import soundfile

    formats = (("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"))[kind]
    file = io.BytesIO()
    soundfile.write(file, wav.numpy(), AUDIO.sample_rate, format=formats[0], subtype=formats[1], compression_level=0.95)
    file.seek(0)
    decoded = soundfile.read(file, dtype="float32")[0][: len(wav)]
    return torch.from_numpy(np.pad(decoded, (0, len(wav) - len(decoded))))


@torch.no_grad()
@torch.autocast("cpu", enabled=False)
def worsen(wav: Tensor, lossy: int = 1) -> Tensor:
    """Clips (B, N) as worse rooms, microphones, neighbours and files would give them, peaks at 1.

    Args:
        lossy: how many of them go through a lossy codec, which is slow.
    """
    n, n_samples = wav.shape
    spectrum = torch.fft.rfft(wav)
    echoing = torch.nonzero(torch.rand(n) < 0.4).flatten()
    if len(echoing):
        spectrum[echoing] *= rooms(len(echoing), n_samples)
    power = spectrum.abs().square().mean(dim=1, keepdim=True).sqrt() + 1e-9
    others = torch.where(_chosen(0.15, n), _uniform(-28, -12, n, 1), torch.tensor(-120.0))
    spectrum = spectrum + power * _decibels(others) * (spectrum / power).roll(1, dims=0)

    # Responses change slowly with frequency: they are drawn at 256 places, evenly spaced in octaves.
    n_bins = spectrum.shape[1]
    place = torch.arange(1, n_bins + 1).log() * (255 / math.log(n_bins))
    hertz = torch.exp(torch.arange(256) * (math.log(n_bins) / 255)) * (AUDIO.sample_rate / 2 / n_bins)
    slope = torch.log2(hertz.clamp(min=60) / 500) * _uniform(-8, 2, n, 1)
    ratio = torch.where(_chosen(0.7, n), _uniform(-45, -6, n, 1), torch.tensor(-120.0))
    noise = torch.fft.rfft(torch.randn(n, n_samples)) * _decibels(slope)[:, place.round().long()]
    noise *= power * _decibels(ratio) / noise.abs().square().mean(dim=1, keepdim=True).sqrt()
    response = _decibels(microphones(n, hertz))[:, place.round().long()]
    heard = torch.fft.irfft((spectrum + noise) * response, n_samples)

    heard /= heard.abs().amax(dim=1, keepdim=True).clamp(min=1e-6)
    limit = torch.where(_chosen(0.2, n), _uniform(0.15, 0.7, n, 1), torch.tensor(1.0))
    heard = heard.clamp(-limit, limit) / limit
    coarse = torch.nonzero(torch.rand(n) < 0.12).flatten()
    heard[coarse] = _mu_law(heard[coarse])
    for i in range(min(lossy, n)):
        heard[i] = _lossy(heard[i], int(torch.randint(2, ())))
    return heard
