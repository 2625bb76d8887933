"""Give a teacher's speech frames another voice and style, exactly and by known amounts.

A frame is a source-filter description: pulses at f0 through a harmonic envelope, plus shaped noise. Everything that
makes a voice or a style is a change of these: pitch, range, declination and tremor act on f0, vocal tract and smile
resample the frequency axis, effort tilts the envelopes, breath raises the noise, whispering hands the harmonic
envelope to the noise.
"""

from __future__ import annotations

import numpy as np

from tts.style import Style, Voice

DB = np.log(10.0) / 20.0  # dB to natural-log amplitude


def warp(log_envelope: np.ndarray, scale: float) -> np.ndarray:
    """Resample the frequency axis of (bins, frames): formants move up by ``scale``."""
    if abs(scale - 1.0) < 1e-3:
        return log_envelope
    bins = log_envelope.shape[0]
    source = np.clip(np.arange(bins) / scale, 0, bins - 1)
    low = np.floor(source).astype(int)
    high = np.minimum(low + 1, bins - 1)
    weight = (source - low)[:, None].astype(np.float32)
    return log_envelope[low] * (1 - weight) + log_envelope[high] * weight


def between_harmonics(log_envelope: np.ndarray, f0: np.ndarray, bin_hz: float) -> np.ndarray:
    """Redraw (bins, frames) as lines between its values at the harmonics of ``f0``; unvoiced frames stay.

    A filter learned for one f0 is only constrained where that f0 has harmonics: read anywhere else, as a shifted
    pitch does, its values are arbitrary.
    """
    bins, frames = log_envelope.shape
    step = np.where(f0 > 40, f0 / bin_hz, 1.0)[None, :]
    below = np.maximum(np.floor(np.arange(bins)[:, None] / step), 1.0)

    def at(position: np.ndarray) -> np.ndarray:
        position = np.clip(position, 0, bins - 1)
        low = position.astype(int)
        high = np.minimum(low + 1, bins - 1)
        weight = position - low
        columns = np.arange(frames)[None, :]
        return log_envelope[low, columns] * (1 - weight) + log_envelope[high, columns] * weight

    weight = np.clip(np.arange(bins)[:, None] / step - below, 0.0, 1.0)
    smooth = at(below * step) * (1 - weight) + at((below + 1) * step) * weight
    return np.where(f0[None, :] > 40, smooth, log_envelope).astype(np.float32)


def tilt_curve(frequencies: np.ndarray, tilt_db: float) -> np.ndarray:
    """Log-amplitude slope that moves 1-5 kHz against 50 Hz-1 kHz by about ``tilt_db``; level is kept near 500 Hz."""
    octaves = np.log2(np.clip(frequencies, 200.0, 8000.0) / 500.0)
    return (DB * tilt_db / 2.0 * octaves).astype(np.float32)


def band_curve(frequencies: np.ndarray, bands: tuple[float, ...]) -> np.ndarray:
    """A voice's smooth spectral colour: cosines over the mel axis, dB coefficients."""
    position = np.log1p(frequencies / 700.0) / np.log1p(frequencies[-1] / 700.0)
    curve = sum(c * np.cos(np.pi * (k + 1) * position) for k, c in enumerate(bands))
    return (DB * np.asarray(curve)).astype(np.float32)


def envelope_gain(frequencies: np.ndarray, voice: Voice, style: Style) -> np.ndarray:
    """Log-amplitude change of the whole spectrum, shape (bins,); the level is set on the waveform."""
    return tilt_curve(frequencies, voice.tilt + style.tilt) + band_curve(frequencies, voice.bands)


def restyle_f0(f0: np.ndarray, frame_s: float, voice: Voice, style: Style, rng: np.random.Generator) -> np.ndarray:
    """f0 in Hz (0 = unvoiced), shape (frames,), moved to the voice's register and the style's line."""
    voiced = f0 > 40
    if not voiced.any():
        return f0
    log_f0 = np.log2(np.maximum(f0, 40.0))
    contour = (log_f0 - log_f0[voiced].mean()) * 2**style.range
    time = np.arange(len(f0)) * frame_s
    centred = np.clip(time - time[voiced].mean(), -2.0, 2.0)
    contour = contour + style.slope / 12 * centred
    phase = rng.uniform(0, 2 * np.pi)
    contour = contour + style.tremor / 12 * np.sin(2 * np.pi * 6.0 * time + phase)
    moved = voice.pitch * 2 ** (style.pitch / 12 + np.clip(contour, -1.2, 1.2))
    return np.where(voiced, np.clip(moved, 60.0, 600.0), 0.0).astype(np.float32)
