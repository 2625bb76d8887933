"""An inaudible mark in speech of cloned voices, and how to find it again.

Every 43 ms by 70 Hz tile of the spectrogram between 0.3 and 7 kHz is made a little louder or softer, by the signs of a
fixed pseudo-random pattern that repeats every 1.4 s: spread spectrum in the log-magnitude domain (Cox et al. 1997;
Kirovski & Malvar 2003). Silence stays silent. The detector takes the log spectrum's local mean away, folds it at the
pattern's period and correlates it with the pattern at every offset, so a crop, a shift or an encoder's delay do not
matter. Its score is the best offset's distance from the median over all offsets, in standard deviations; unmarked
sound makes it a maximum of Gaussian noise, which gives the false-alarm rate of :data:`THRESHOLD`.

The mark is a statement, not a lock: it survives lossy coding, resampling, cropping and noise, but not a change of
speed or pitch, and whoever reads this file can take it out.

Why our own: audioseal, silentcipher and wavmark fetch their weights from a hub. resemble-perth brings them along
(34 MB, with librosa and numba) and is as robust, but lowers DNSMOS by 0.09, takes 0.08 s a second of speech and needs
whole clips; this marks a stream as it is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from tts.audio import Audio
from tts.config import AUDIO

N_FFT, HOP = 1024, 256
TILE_FRAMES, TILE_BINS = 4, 3
PERIOD = 32  # tiles until the pattern repeats
FIRST_BIN, N_TILES = 13, 95  # 0.3 to 7 kHz: what a telephone's 16 kHz keep
STRENGTH_DB = 1.2
KEY = b"facet-tts watermark 1"
THRESHOLD = 5.5  # standard deviations: one false alarm in 100,000 if Gaussian; the most in 400 trials was 4.6
MIN_SECONDS = 0.5
_AROUND = (9, 21)  # frames and bins over which the local mean is taken
_GRID = 64  # samples between the offsets that are tried
_LIMIT = 0.6  # nats: beyond this around its surroundings a bin says nothing more
_SPAN = 7.0  # nats below the loudest frames, after which sound does not count
_WINDOW = np.hanning(N_FFT + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=4)
def pattern(key: bytes = KEY) -> np.ndarray:
    """Signs (PERIOD, N_TILES), float32, the same number of each in every row and column pair."""
    half = PERIOD // 2 * N_TILES
    bits = np.unpackbits(np.frombuffer(hashlib.shake_128(key).digest(-(-half // 8)), np.uint8))[:half]
    signs = 1 - 2.0 * bits.reshape(PERIOD // 2, N_TILES)
    return np.stack([signs, -signs], axis=1).reshape(PERIOD, N_TILES).astype(np.float32)


class Marker:
    """Marks a stream of samples at 24 kHz; what comes out is ``N_FFT - HOP`` samples behind what goes in."""

    def __init__(self) -> None:
        gains = np.expm1(STRENGTH_DB * np.log(10) / 20 * np.repeat(pattern(), TILE_BINS, axis=1))
        self._gains = np.zeros((PERIOD, N_FFT // 2 + 1), np.float32)
        self._gains[:, FIRST_BIN : FIRST_BIN + N_TILES * TILE_BINS] = gains
        self._frame = 0
        self._input = np.zeros(N_FFT - HOP, np.float32)  # samples that later frames still need
        self._change = np.zeros(N_FFT - HOP, np.float32)  # what frames so far add to them

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take samples (N,) float32; return those that are ready."""
        wav = np.concatenate([self._input, samples.astype(np.float32)])
        n_frames = max(0, (len(wav) - N_FFT) // HOP + 1)
        if not n_frames:
            self._input = wav
            return wav[:0]
        frames = np.lib.stride_tricks.sliding_window_view(wav, N_FFT)[::HOP][:n_frames]
        tile = (self._frame + np.arange(n_frames)) // TILE_FRAMES % PERIOD
        spectrum = np.fft.rfft(frames * _WINDOW) * self._gains[tile]
        added = np.fft.irfft(spectrum, N_FFT).astype(np.float32) * (_WINDOW / 1.5)
        change = np.zeros(n_frames * HOP + N_FFT - HOP, np.float32)
        change[: N_FFT - HOP] = self._change
        for index, frame in enumerate(added):
            change[index * HOP : index * HOP + N_FFT] += frame
        ready = n_frames * HOP
        made = wav[:ready] + change[:ready]
        lead = max(0, N_FFT - HOP - self._frame * HOP)  # the zeros before the first sample
        self._frame += n_frames
        self._input, self._change = wav[ready:], change[ready:]
        return made[lead:]

    def finish(self) -> np.ndarray:
        """The rest."""
        rest = len(self._input) - max(0, N_FFT - HOP - self._frame * HOP)
        return self.push(np.zeros(N_FFT + HOP, np.float32))[:rest]


def mark(samples: np.ndarray) -> np.ndarray:
    """Mark a whole clip (N,) at 24 kHz; as many samples come back."""
    marker = Marker()
    return np.concatenate([marker.push(samples), marker.finish()])


def mark_stream(pieces: Iterator[Audio]) -> Iterator[Audio]:
    """Mark speech piece by piece as it is made; the same samples as :func:`mark` of all of it."""
    marker, held = Marker(), 0
    for piece in pieces:
        samples = marker.push(piece.samples)
        late = held / piece.sample_rate  # what is still held of earlier pieces comes before this one
        alignment = [(symbol, start + late, end + late) for symbol, start, end in piece.alignment]
        held += len(piece.samples) - len(samples)
        yield replace(piece, samples=samples, alignment=alignment)
    yield Audio(marker.finish())


@dataclass(frozen=True)
class Finding:
    """What the detector made of a recording: ``score`` in standard deviations, and whether that is a mark."""

    score: float

    @property
    def found(self) -> bool:
        """Whether the mark is there."""
        return self.score >= THRESHOLD


def detect(samples: np.ndarray, sample_rate: int = AUDIO.sample_rate, key: bytes = KEY) -> Finding:
    """Look for the mark in a recording (N,).

    Raises:
        ValueError: not a row of samples, shorter than half a second, or silent.
    """
    if samples.ndim != 1:
        raise ValueError(f"samples have shape (N,), not {samples.shape}; average the channels first")
    if sample_rate != AUDIO.sample_rate:
        import soxr

        samples = soxr.resample(samples, sample_rate, AUDIO.sample_rate)
    seconds = len(samples) / AUDIO.sample_rate
    if seconds < MIN_SECONDS:
        raise ValueError(f"{seconds:.2f} s is too short to look for a watermark; give {MIN_SECONDS} s or more")
    if not np.abs(samples).max() > 1e-5:
        raise ValueError("the recording is silent: there is nothing to look for a watermark in")
    wanted = np.repeat(pattern(key), TILE_FRAMES, axis=0)
    wanted = np.fft.rfft(wanted, axis=0).conj()
    scores = []
    for shift in range(0, HOP, _GRID):
        folded = _folded(samples[shift:])
        scores.append(np.fft.irfft((np.fft.rfft(folded, axis=0) * wanted).sum(axis=1), len(folded)))
    every = np.stack(scores)
    middle = np.median(every)
    spread = 1.4826 * np.median(np.abs(every - middle))
    return Finding(float((every.max() - middle) / max(spread, 1e-9)))


def _folded(samples: np.ndarray) -> np.ndarray:
    """Log spectrum less its surroundings, summed over bins of a tile and over periods, (PERIOD * TILE_FRAMES,
    N_TILES)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32), N_FFT)[::HOP]
    spectrum = np.abs(np.fft.rfft(frames * _WINDOW))[:, FIRST_BIN : FIRST_BIN + N_TILES * TILE_BINS]
    power = np.log(spectrum.astype(np.float32) + 1e-7)
    loud = power.max(axis=1)
    spoken = loud > np.percentile(loud, 95) - _SPAN
    local = power - _mean(power, _AROUND[0], 0)
    local = np.clip(local - _mean(local, _AROUND[1], 1), -_LIMIT, _LIMIT) * spoken[:, None]
    tiles = local.reshape(len(local), N_TILES, TILE_BINS).sum(axis=2)
    period = PERIOD * TILE_FRAMES
    return np.pad(tiles, ((0, -len(tiles) % period), (0, 0))).reshape(-1, period, N_TILES).sum(axis=0)


def _mean(x: np.ndarray, width: int, axis: int) -> np.ndarray:
    """Running mean of odd ``width`` along ``axis``, edges repeated."""
    pad = [(0, 0), (0, 0)]
    pad[axis] = (width // 2 + 1, width // 2)
    total = np.cumsum(np.pad(x, pad, mode="edge"), axis=axis, dtype=np.float64)
    n = x.shape[axis]
    later = np.take(total, np.arange(width, width + n), axis)
    return ((later - np.take(total, np.arange(n), axis)) / width).astype(np.float32)
