"""The two conditioning spaces: *voice* (who speaks) and *style* (how), as named, standardised attributes.

Every coordinate has a meaning and a unit, the zero style vector is neutral speech, and one step of 1.0 is one typical
deviation. So ``intensity`` is a plain multiplication, a mix is a weighted mean, and whatever encodes a prompt
(attributes here, recordings, faces and sentences in :mod:`prompts`) hands the same vectors to the language model and
the codec.

Emotions are the measured ones: medians over 24 actors relative to their own neutral speech, at normal intensity
(``EMOTION_ACOUSTICS``), with what those six measures cannot tell (smile, tremor, falling line) added by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

IDENTITY_DIM = 16  # main directions in which speakers differ


@dataclass(frozen=True)
class Style:
    """How something is said, relative to the same voice speaking neutrally."""

    pitch: float = 0.0  # semitones
    range: float = 0.0  # pitch range, log2 ratio
    rate: float = 0.0  # speaking rate, log2 ratio
    level: float = 0.0  # dB RMS
    tilt: float = 0.0  # dB, 1-5 kHz against 50 Hz-1 kHz; positive is brighter, more effort
    breath: float = 0.0  # dB of added aspiration noise
    smile: float = 0.0  # formant shift, percent
    slope: float = 0.0  # declination of pitch, semitones per second
    tremor: float = 0.0  # depth of a 6 Hz pitch tremor, semitones
    whisper: float = 0.0  # 0 voiced to 1 whispered


@dataclass(frozen=True)
class Voice:
    """Who speaks."""

    pitch: float = 190.0  # median f0, Hz
    tract: float = 1.0  # formant scale; larger is a smaller vocal tract
    breath: float = 0.0  # dB
    tilt: float = 0.0  # dB
    bands: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)  # dB, cosines of 1..4 half periods over the mel axis
    timbre: float = -1.0  # the base recordings' character: -1 first (a woman's), +1 second (a man's)
    identity: tuple[float, ...] = (0.0,) * IDENTITY_DIM  # what else tells people apart: see recipes/corpus/kokoro.py


STYLE_SCALES = Style(3.0, 0.3, 0.2, 4.0, 3.0, 4.0, 4.0, 1.5, 0.4, 0.5)
STYLE_ATTRIBUTES = tuple(f.name for f in fields(Style))
STYLE_DIM = len(STYLE_ATTRIBUTES)
VOICE_DIM = 9 + IDENTITY_DIM
LARGEST = 10.0  # no attribute of a voice or style is ever so many typical deviations away
FASTEST_RATE = 0.5  # log2 ratio: nothing in the corpus is faster, or slower by more

# emotion: (rate ratio, f0 semitones, range ratio, level dB, tilt dB, HNR dB), mean of both sexes at normal intensity.
EMOTION_ACOUSTICS: dict[str, tuple[float, float, float, float, float, float]] = {
    "neutral": (1.0, 0.0, 1.0, 0.0, 0.0, 0.0),
    "angry": (0.877, 3.715, 1.134, 9.90, 4.277, -1.163),
    "calm": (0.901, -0.588, 0.930, -2.64, -1.441, 0.551),
    "disgust": (0.856, 0.119, 1.186, 1.69, 1.033, -1.502),
    "fearful": (0.956, 3.939, 0.830, 5.62, 0.811, -0.225),
    "happy": (1.015, 2.348, 1.146, 4.93, 1.622, -0.870),
    "sad": (0.913, -0.156, 0.838, -2.12, -1.047, 0.112),
    "surprised": (1.078, 4.977, 1.530, 5.41, 0.956, -2.000),
}
# What the acoustics above leave out: smiling raises the formants, lips drawn down lower them, fear trembles, sadness
# falls. Tremor and slope widen the measured range: they are small where that range is narrow.
_BEYOND: dict[str, dict[str, float]] = {
    "happy": {"smile": 4.0},
    "disgust": {"smile": -4.0, "slope": -0.5},
    "fearful": {"tremor": 0.25, "breath": 2.0},
    "sad": {"slope": -0.3, "breath": 2.0},
    "surprised": {"slope": 1.0, "smile": 1.5},
    "angry": {"slope": -0.3, "smile": -1.0},
}
# Loudness keeps its order but not its full span: 10 dB would leave no headroom at higher intensities.
_LEVEL_SPAN = 0.6


def _log2(ratio: float) -> float:
    return float(torch.log2(torch.tensor(ratio)))


def _emotion_style(name: str) -> Style:
    rate, semitones, span, level, tilt, hnr = EMOTION_ACOUSTICS[name]
    style = Style(semitones, _log2(span), _log2(rate), _LEVEL_SPAN * level, tilt, max(0.0, -1.5 * hnr))
    return replace(style, **_BEYOND.get(name, {}))


EMOTIONS: dict[str, Style] = {name: _emotion_style(name) for name in EMOTION_ACOUSTICS}


def style_vector(style: Style) -> Tensor:
    """Style attributes to the standardised vector, shape (STYLE_DIM,), float32."""
    return torch.tensor([getattr(style, a) / getattr(STYLE_SCALES, a) for a in STYLE_ATTRIBUTES])


def vector_style(vector: Tensor) -> Style:
    """Inverse of :func:`style_vector`."""
    return Style(*(float(v) * getattr(STYLE_SCALES, a) for v, a in zip(vector, STYLE_ATTRIBUTES, strict=True)))


def voice_vector(voice: Voice) -> Tensor:
    """Voice attributes to the standardised vector, shape (VOICE_DIM,), float32."""
    pitch = torch.log2(torch.tensor(voice.pitch / 165.0)) / 0.4
    tract = torch.log2(torch.tensor(voice.tract)) / 0.12
    rest = [voice.breath / 3.0, voice.tilt / 2.0, *(b / 2.0 for b in voice.bands), voice.timbre, *voice.identity]
    return torch.cat([pitch[None], tract[None], torch.tensor(rest)]).float()


def vector_voice(vector: Tensor) -> Voice:
    """Inverse of :func:`voice_vector`."""
    v = [float(x) for x in vector]
    bands = tuple(b * 2.0 for b in v[4:8])
    return Voice(165.0 * 2 ** (v[0] * 0.4), 2 ** (v[1] * 0.12), v[2] * 3.0, v[3] * 2.0, bands, v[8], tuple(v[9:]))


def emotion_vector(name: str, intensity: float = 1.0) -> Tensor:
    """Style vector of an emotion, scaled: 0 is neutral, 1 as measured on actors, at most 2.

    Raises:
        ValueError: unknown emotion, or intensity outside 0 to 2.
    """
    if name not in EMOTIONS:
        raise ValueError(f"unknown emotion {name!r}; the emotions are {', '.join(EMOTIONS)}")
    return intensity * style_vector(EMOTIONS[name])
