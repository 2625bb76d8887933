"""The conditioning spaces."""

from __future__ import annotations

import pytest
import torch

from tts.style import (
    EMOTION_ACOUSTICS,
    EMOTIONS,
    STYLE_DIM,
    VOICE_DIM,
    Style,
    Voice,
    emotion_vector,
    style_vector,
    vector_style,
    vector_voice,
    voice_vector,
)


def test_vectors_round_trip() -> None:
    style = Style(1.0, -0.2, 0.1, -3.0, 2.0, 1.0, -4.0, 0.5, 0.3, 1.0)
    assert _close(vector_style(style_vector(style)), style)
    voice = Voice(111.0, 0.87, 2.0, -1.0, (1.0, -2.0, 0.5, 0.1), 1.0)
    assert _close(vector_voice(voice_vector(voice)), voice)
    assert style_vector(style).shape == (STYLE_DIM,)
    assert voice_vector(voice).shape == (VOICE_DIM,)


def _close(a: object, b: object) -> bool:
    flat = lambda x: [v for f in vars(x).values() for v in (f if isinstance(f, tuple) else (f,))]  # noqa: E731
    return flat(a) == pytest.approx(flat(b), abs=1e-4)


def test_neutral_is_zero_and_intensity_scales() -> None:
    assert not emotion_vector("neutral").any()
    assert not emotion_vector("angry", 0.0).any()
    assert torch.allclose(emotion_vector("sad", 1.5), 1.5 * emotion_vector("sad"))


def test_emotions_keep_the_measured_order() -> None:
    for attribute, column in (("rate", 0), ("pitch", 1), ("range", 2), ("level", 3), ("tilt", 4)):
        by_style = sorted(EMOTIONS, key=lambda e: getattr(EMOTIONS[e], attribute))
        by_measure = sorted(EMOTION_ACOUSTICS, key=lambda e: EMOTION_ACOUSTICS[e][column])
        assert by_style == by_measure


def test_unknown_emotion() -> None:
    with pytest.raises(ValueError, match="unknown emotion 'bored'; the emotions are neutral, angry"):
        emotion_vector("bored")
