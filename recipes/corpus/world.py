"""Speech taken apart by WORLD (Morise et al. 2016) and put together in another voice and style, where a teacher gives
nothing but samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recipes.corpus.restyle import VOICED_HZ, envelope_gain, restyle_f0, warp
from tts.style import Style, Voice

FRAME_S = 0.005


@dataclass(frozen=True)
class Frames:
    """Speech of ``sample_rate`` Hz in frames of 5 ms: f0 in Hz (T,), 0 where unvoiced; natural-log power and
    aperiodicity, both (bins, T).
    """

    sample_rate: int
    f0: np.ndarray
    log_power: np.ndarray
    aperiodicity: np.ndarray


def take_apart(samples: np.ndarray, sample_rate: int, highest_hz: float) -> Frames:
    """Frames of ``samples`` (N,) whose pitch is between 60 and ``highest_hz``.

    f0 is Praat's: WORLD's own estimators hear a low, creaky voice an octave too high.

    Raises:
        ValueError: nothing is voiced.
    """
    import parselmouth
    import pyworld

    samples = np.asarray(samples, np.float64)
    times = np.arange(int(len(samples) / sample_rate / FRAME_S) + 1) * FRAME_S
    pitch = parselmouth.Sound(samples, sample_rate).to_pitch_ac(FRAME_S, 60.0, pitch_ceiling=highest_hz)
    nearest = np.round((times - pitch.xs()[0]) / FRAME_S).astype(int)
    f0 = pitch.selected_array["frequency"][np.clip(nearest, 0, pitch.n_frames - 1)]
    if (f0 > VOICED_HZ).sum() < 3:
        raise ValueError("no voiced frame")
    power = pyworld.cheaptrick(samples, f0, times, sample_rate)
    aperiodicity = pyworld.d4c(samples, f0, times, sample_rate)
    log_power = np.log(np.maximum(power, 1e-16)).T.astype(np.float32)
    return Frames(sample_rate, f0, log_power, aperiodicity.T.astype(np.float32))


def slowed(frames: Frames, factor: float) -> Frames:
    """``frames`` over ``factor`` times as much time."""
    if abs(factor - 1) < 1e-3:
        return frames
    last = len(frames.f0) - 1
    places = np.minimum(np.arange(round(len(frames.f0) * factor)) / factor, last)
    low = places.astype(int)
    high, weight = np.minimum(low + 1, last), (places - low).astype(np.float32)

    def between(x: np.ndarray) -> np.ndarray:
        return x[:, low] * (1 - weight) + x[:, high] * weight

    voiced = np.minimum(frames.f0[low], frames.f0[high]) > VOICED_HZ  # a mean with an unvoiced frame is no pitch
    f0 = np.where(
        voiced, frames.f0[low] * (1 - weight) + frames.f0[high] * weight, frames.f0[np.round(places).astype(int)]
    )
    return Frames(frames.sample_rate, f0, between(frames.log_power), between(frames.aperiodicity))


def put_together(
    frames: Frames, base_tract: float, voice: Voice, style: Style, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Samples (N,) in ``voice`` and ``style``, but for pace and level, of frames whose own vocal tract is
    ``base_tract``; and their f0, (T,).
    """
    import pyworld

    f0 = restyle_f0(frames.f0, FRAME_S, voice, style, rng)
    frequencies = np.linspace(0, frames.sample_rate / 2, len(frames.log_power))
    scale = voice.tract / base_tract * (1 + style.smile / 100)
    log_power = warp(frames.log_power, scale) + 2 * envelope_gain(frequencies, voice, style)[:, None]
    noise = warp(frames.aperiodicity, scale) ** 2 * 10 ** ((voice.breath + style.breath) / 10)
    noise = np.clip(noise + min(style.whisper, 1.0), 1e-6, 1 - 1e-6)
    if style.whisper > 0.95:
        f0 = np.zeros_like(f0)
    power = np.ascontiguousarray(np.exp(log_power).T, dtype=np.float64)
    mixed = np.ascontiguousarray(np.sqrt(noise).T, dtype=np.float64)
    samples = pyworld.synthesize(f0.astype(np.float64), power, mixed, frames.sample_rate, 1000 * FRAME_S)
    return samples, f0
