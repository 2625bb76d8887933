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
VOICED_HZ = 40.0  # an f0 below is none


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


def _at(x: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Values (bins, frames) of ``x`` at fractional bins ``position`` (bins, frames) or (1, frames)."""
    position = np.clip(position, 0, len(x) - 1)
    low = np.minimum(position.astype(int), len(x) - 2)
    weight = position - low
    columns = np.arange(x.shape[1])[None, :]
    return x[low, columns] * (1 - weight) + x[low + 1, columns] * weight


def _wrapped(angles: np.ndarray) -> np.ndarray:
    """Angles brought into -pi to pi."""
    return np.angle(np.exp(1j * angles))


def _spacing(f0: np.ndarray, bin_hz: float) -> np.ndarray:
    """Bins from harmonic to harmonic, (1, frames)."""
    return np.where(f0 > VOICED_HZ, f0 / bin_hz, 1.0)[None, :]


def between_harmonics(values: np.ndarray, f0: np.ndarray, bin_hz: float, angles: bool = False) -> np.ndarray:
    """Redraw (bins, frames) as lines between its values at the harmonics of ``f0``; unvoiced frames stay. Lines between
    ``angles`` (radians) go the shorter way round.

    A filter learned for one f0 is only constrained where that f0 has harmonics: read anywhere else, as a shifted
    pitch does, its values are arbitrary.
    """
    spacing = _spacing(f0, bin_hz)
    position = np.arange(len(values))[:, None] / spacing
    below = np.maximum(np.floor(position), 1.0)
    weight = np.clip(position - below, 0.0, 1.0)
    read = np.exp(1j * values) if angles else values
    low, high = (_at(read, (below + k) * spacing) for k in (0, 1))
    if angles:
        low, high = np.angle(low), np.angle(high)
        high = low + _wrapped(high - low)
    return np.where(f0[None, :] > VOICED_HZ, low * (1 - weight) + high * weight, values).astype(np.float32)


def around_harmonics(
    detail: np.ndarray, f0: np.ndarray, moved_f0: np.ndarray, bin_hz: float, scale: float
) -> np.ndarray:
    """Bring what a filter does around each harmonic, (bins, frames), to the harmonics of ``moved_f0``: each takes the
    surroundings of the old one that ``scale`` brings nearest to it, bin by bin; zero where unvoiced.

    A harmonic is some four bins wide, and how it is shaped there makes a voice natural: drawn as plain lines it buzzes.
    """
    bins, old, new = np.arange(len(detail))[:, None], _spacing(f0, bin_hz), _spacing(moved_f0, bin_hz)
    harmonic = np.maximum(np.round(bins / new), 1.0)
    beside = np.clip(bins - harmonic * new, -old / 2, old / 2)
    nearest = np.maximum(np.round(harmonic * new / scale / old), 1.0)
    voiced = (f0 > VOICED_HZ) & (moved_f0 > VOICED_HZ)
    return np.where(voiced[None, :], _at(detail, nearest * old + beside), 0.0).astype(np.float32)


def move_harmonics(
    magnitudes: np.ndarray, angles: np.ndarray, f0: np.ndarray, moved_f0: np.ndarray, bin_hz: float, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A harmonic filter for another pitch and vocal tract.

    Args:
        magnitudes: natural-log, (bins, frames).
        angles: radians, (bins, frames).
        f0, moved_f0: Hz, (frames,), 0 where unvoiced.
        scale: of the frequency axis, see :func:`warp`.

    Returns:
        magnitudes and angles, and the magnitudes' envelope without what is around each harmonic.
    """
    envelope, turn = between_harmonics(magnitudes, f0, bin_hz), between_harmonics(angles, f0, bin_hz, angles=True)
    smooth = warp(envelope, scale)
    moved = smooth + around_harmonics(magnitudes - envelope, f0, moved_f0, bin_hz, scale)
    own = around_harmonics(_wrapped(angles - turn), f0, moved_f0, bin_hz, scale)
    return moved, _wrapped(warp(np.unwrap(turn, axis=0), scale) + own).astype(np.float32), smooth


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
    voiced = f0 > VOICED_HZ
    if not voiced.any():
        return f0
    log_f0 = np.log2(np.maximum(f0, VOICED_HZ))
    contour = (log_f0 - log_f0[voiced].mean()) * 2**style.range
    time = np.arange(len(f0)) * frame_s
    centred = np.clip(time - time[voiced].mean(), -2.0, 2.0)
    contour = contour + style.slope / 12 * centred
    phase = rng.uniform(0, 2 * np.pi)
    contour = contour + style.tremor / 12 * np.sin(2 * np.pi * 6.0 * time + phase)
    moved = voice.pitch * 2 ** (style.pitch / 12 + np.clip(contour, -1.2, 1.2))
    return np.where(voiced, np.clip(moved, 60.0, 600.0), 0.0).astype(np.float32)
