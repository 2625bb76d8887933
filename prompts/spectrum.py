"""What is measured of a recording: spectrum, pitch and how both move, the level taken out, the channel kept apart."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tts.config import AUDIO
from tts.mel import log_mel

HOP = 2 * AUDIO.hop_length  # samples; 46.9 frames a second
_AUDIO = replace(AUDIO, hop_length=HOP)
N_PITCHES = 72
N_GROUPS = 20  # of neighbouring mel bands
LAGS = (1, 2, 3, 4, 6, 8, 12, 16)  # frames, 21 to 340 ms: phones, syllables, words
PITCH_LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
N_STILL = 2 * AUDIO.n_mels + 2 * N_PITCHES + 1
N_MOVING = (len(LAGS) + 3) * N_GROUPS + len(LAGS) + 2 * len(PITCH_LAGS) + 7
N_MEASURES = N_STILL + N_MOVING
LOWEST, HIGHEST = 62.0, 520.0  # Hz: the pitches of speech, acted speech included
_TOP = 4000.0  # Hz: above it, files and microphones differ and harmonics are noise
_SHARP = 40.0  # of the softmax over pitches
_SPAN = 9.2  # 40 dB in natural-log power: frames further below the loudest are not speech
_FLOOR, _CEILING = -8.0, 4.0  # log amplitude around the mean of the speech


class Look(NamedTuple):
    """Clips frame by frame: bands around their means (B, n_mels, T), which pitch it is (B, N_PITCHES, T), how periodic
    (B, 1, T), where speech is (B, T); and what stays: spectrum and registers (B, N_STILL).
    """

    bands: Tensor
    pitches: Tensor
    voiced: Tensor
    speech: Tensor
    still: Tensor


@torch.no_grad()
@torch.autocast("cpu", enabled=False)
def measures(wav: Tensor, valid: Tensor | None = None) -> Tensor:
    """Samples (B, N) at 24 kHz, of which the frames (B, T), T = N // HOP + 1, are ``valid`` (None: all), to
    (B, N_MEASURES): what stays, then what moves.
    """
    seen = look(wav, valid)
    return torch.cat([seen.still, motion(seen)], dim=1)


def look(wav: Tensor, valid: Tensor | None = None) -> Look:
    """Samples (B, N) frame by frame."""
    mel = log_mel(wav, _AUDIO)
    if valid is None:
        valid = torch.ones(mel.shape[0], mel.shape[2], dtype=torch.bool, device=mel.device)
    mel, speech = level_free(mel, valid)
    bands, spectra = channel_free(mel, speech)
    pitches, voiced = periodicity(wav)
    registers = pitch_histograms(pitches, voiced * speech[:, None])
    return Look(bands, pitches, voiced, speech, torch.cat([spectra, registers], dim=1))


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


def channel_free(mel: Tensor, speech: Tensor) -> tuple[Tensor, Tensor]:
    """Split mels into what moves and what stays: microphones, rooms and band limits mostly stay.

    Cepstral mean subtraction (Atal 1974), in the log-mel domain and over speech frames only.

    Args:
        mel: (B, n_mels, T). speech: (B, T), True where somebody speaks.
    Returns:
        The mel around each band's mean, (B, n_mels, T), and mean and deviation of each band, (B, 2 n_mels).
    """
    weight = speech[:, None].float()
    count = weight.sum(dim=2).clamp(min=1)
    mean = (mel * weight).sum(dim=2) / count
    moving = mel - mean[:, :, None]
    deviation = ((moving.square() * weight).sum(dim=2) / count + 1e-4).sqrt()
    return moving, torch.cat([mean, deviation], dim=1)


@lru_cache(maxsize=1)
def _cosines() -> Tensor:
    """(bins, N_PITCHES): the autocorrelation of a spectrum at the delay of every pitch is its product with these.

    They are divided by what the window's own autocorrelation takes away from long delays.
    """
    delay = AUDIO.sample_rate / np.geomspace(LOWEST, HIGHEST, N_PITCHES)  # samples
    window = np.abs(np.fft.rfft(np.hanning(AUDIO.n_fft), 2 * AUDIO.n_fft)) ** 2
    own = np.interp(delay, np.arange(AUDIO.n_fft), np.fft.irfft(window)[: AUDIO.n_fft])
    bins = np.arange(int(_TOP / AUDIO.sample_rate * AUDIO.n_fft))
    cosines = np.cos(2 * np.pi * np.outer(bins, delay) / AUDIO.n_fft)
    return torch.from_numpy(cosines / np.sqrt(own / window.mean())).float()


def periodicity(wav: Tensor) -> tuple[Tensor, Tensor]:
    """How periodic the sound is at every pitch, by the autocorrelation of a compressed spectrum.

    Compression by a power of 2/3 makes peaks depend little on formants and microphones (Tolonen & Karjalainen 2000).

    Args:
        wav: (B, N).
    Returns:
        (B, N_PITCHES, T): which pitch it is, a softmax over pitches evenly spaced in octaves; and (B, 1, T): the
        highest peak, about 0.3 for a clear voice and near 0 for noise or a whisper. T as in :func:`look`.
    """
    window = torch.hann_window(AUDIO.n_fft, device=wav.device)
    spectrum = torch.stft(wav.float(), AUDIO.n_fft, HOP, AUDIO.n_fft, window, center=True, return_complex=True)
    compressed = (spectrum[:, : len(_cosines())].abs() + 1e-7).pow(2 / 3)
    correlation = torch.einsum("bft,fp->bpt", compressed, _cosines().to(wav.device))
    found = correlation / (compressed.sum(dim=1, keepdim=True) + 1e-9)
    return (_SHARP * found).softmax(dim=1), found.amax(dim=1, keepdim=True)


def pitch_histograms(pitches: Tensor, weight: Tensor) -> Tensor:
    """Register and range, falling or rising: how often each pitch is heard in the first and in the second half.

    Args:
        pitches: (B, N_PITCHES, T). weight: (B, 1, T), how much each frame counts.
    Returns:
        (B, 2 N_PITCHES + 1), the last one the mean weight.
    """
    passed = weight.cumsum(dim=2) / weight.sum(dim=2, keepdim=True).clamp(min=1e-6)
    halves = [weight * (passed <= 0.5), weight * (passed > 0.5)]
    found = [(pitches * w).sum(dim=2) / w.sum(dim=2).clamp(min=1e-6) for w in halves]
    return torch.cat([*(8 * f for f in found), 4 * weight.mean(dim=2)], dim=1)


def motion(seen: Look) -> Tensor:
    """How fast and how far the sound moves, by what it differs from itself some frames later; (B, N_MOVING).

    Differences at several delays (structure functions) hold what a modulation spectrum holds: speaking rate, melody,
    tremor. None of them depends on level or microphone.
    """
    speech = seen.speech[:, None].float()
    count = speech.sum(dim=2).clamp(min=1)
    groups = seen.bands.unflatten(1, (N_GROUPS, -1)).mean(dim=2)  # (B, N_GROUPS, T)
    found = [_differences(groups, speech, lag)[1] for lag in LAGS]
    found += [_differences(seen.voiced, speech, lag)[1] for lag in LAGS]
    found.append((groups.pow(3) * speech).sum(dim=2) / count)

    semitones = 12 * torch.linspace(-1, 1, N_PITCHES, device=groups.device) * float(np.log2(HIGHEST / LOWEST)) / 2
    pitch = torch.einsum("bpt,p->bt", seen.pitches, semitones)[:, None]
    clear = speech * (seen.voiced - 0.08).clamp(0, 0.3)
    for lag in PITCH_LAGS:
        found += _differences(pitch, clear, lag)
    weight = clear / clear.sum(dim=2, keepdim=True).clamp(min=1e-6)

    def mean(x: Tensor) -> Tensor:
        return (weight * x).sum(dim=2)

    time = torch.arange(pitch.shape[2], device=pitch.device)[None, None] * (HOP / AUDIO.sample_rate)
    around, late = pitch - mean(pitch)[:, :, None], time - mean(time.expand_as(pitch))[:, :, None]
    deviation = (mean(around.square()) + 1e-2).sqrt()
    found += [mean(pitch) / 6, deviation, mean(around * late) / (mean(late.square()) + 0.02)]
    found += [mean(groups), mean(groups * around) / deviation]
    found += [10 * mean(seen.voiced), speech.mean(dim=2), (clear > 0).float().mean(dim=2), 10 * clear.mean(dim=2)]
    return torch.cat(found, dim=1)


def _differences(x: Tensor, weight: Tensor, lag: int) -> tuple[Tensor, Tensor]:
    """Mean and root mean square of x (B, C, T) less itself ``lag`` frames earlier, where both count; (B, C) each."""
    if x.shape[2] <= lag:
        return x[:, :, 0] * 0, x[:, :, 0] * 0
    both = weight[:, :, lag:] * weight[:, :, :-lag]
    total = both.sum(dim=2).clamp(min=1e-6)
    change = x[:, :, lag:] - x[:, :, :-lag]
    return (both * change).sum(dim=2) / total, ((both * change.square()).sum(dim=2) / total + 1e-6).sqrt()
