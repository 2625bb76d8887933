"""The whole chain on a tiny random model."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tts import Synthesizer
from tts.render import LOUD, limited
from tts.style import FASTEST_RATE, STYLE_DIM, VOICE_DIM, Style, style_vector, vector_style
from tts.synthesizer import Delivery

TEXT = "Hello there. How are you? Fine!"


@pytest.fixture(scope="module")
def synth(tiny_model: Path) -> Synthesizer:
    return Synthesizer.from_pretrained(str(tiny_model))


def test_audio_and_alignment(synth: Synthesizer) -> None:
    audio = synth.say(TEXT)
    assert audio.sample_rate == 24000
    assert audio.samples.dtype == np.float32 and audio.samples.ndim == 1
    assert np.isfinite(audio.samples).all()
    symbols = [symbol for symbol, _, _ in audio.alignment]
    assert symbols.count("^") == symbols.count("$") == 3
    starts = [start for _, start, _ in audio.alignment]
    assert starts == sorted(starts)
    assert audio.alignment[-1][2] == pytest.approx(audio.duration, abs=0.05)


def test_seed_decides_the_samples(synth: Synthesizer) -> None:
    first = synth.say(TEXT, seed=5).samples
    assert np.array_equal(first, synth.say(TEXT, seed=5).samples)
    assert not np.array_equal(first, synth.say(TEXT, seed=6).samples)


def test_thread_count_does_not_matter(synth: Synthesizer) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = synth.say(TEXT, seed=5).samples
        torch.set_num_threads(2)
        assert np.array_equal(one, synth.say(TEXT, seed=5).samples)
    finally:
        torch.set_num_threads(before)


def test_voice_and_style_by_name_and_vector(synth: Synthesizer) -> None:
    assert synth.voices == ["a", "b"]
    assert synth.emotions[0] == "neutral" and len(synth.emotions) == 8
    plain = synth.say("Yes.")
    assert np.array_equal(plain.samples, synth.say("Yes.", voice="a", style="neutral").samples)
    assert np.array_equal(plain.samples, synth.say("Yes.", style="angry", intensity=0.0).samples)
    assert np.array_equal(
        plain.samples, synth.say("Yes.", voice=synth.voice_vector("a"), style=torch.zeros(STYLE_DIM)).samples
    )
    assert not np.array_equal(plain.samples, synth.say("Yes.", voice="b").samples)


def test_pitch_adds_to_the_style(synth: Synthesizer) -> None:
    style, plain = (vector_style(synth.style_vector("happy", 1.0, pitch)) for pitch in (3.0, 0.0))
    assert style.pitch - plain.pitch == pytest.approx(3.0, abs=1e-4)
    assert style.rate == pytest.approx(plain.rate)


@pytest.mark.parametrize("speed", [0.5, 0.9, 1.2, 2.0])
def test_speed_is_exact_and_changes_nothing_else(synth: Synthesizer, speed: float) -> None:
    plain, other = (synth.say(TEXT, seed=1, speed=x) for x in (1.0, speed))
    assert other.duration == pytest.approx(plain.duration / speed, abs=0.05)
    assert [symbol for symbol, _, _ in other.alignment] == [symbol for symbol, _, _ in plain.alignment]
    assert [end * speed for _, _, end in other.alignment] == pytest.approx([e for _, _, e in plain.alignment], abs=0.05)
    pieces = list(synth.stream(TEXT, speed=speed, seed=1))
    assert np.array_equal(np.concatenate([p.samples for p in pieces]), other.samples)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": ""}, "nothing to speak"),
        ({"text": "... !?"}, "nothing to speak"),
        ({"text": "Привет"}, "П"),
        ({"text": "x " * 200_001}, "400002 characters; at most 200000"),
        ({"text": b"bytes"}, "must be a string, not bytes"),
        ({"voice": "nobody"}, "unknown voice 'nobody'; the voices are a, b"),
        ({"style": "bored"}, "unknown emotion 'bored'"),
        ({"intensity": 2.1}, "intensity 2.1 is out of range"),
        ({"intensity": float("nan")}, "intensity nan"),
        ({"speed": 0.1}, "speed 0.1 is out of range"),
        ({"pitch": 13.0}, "pitch 13.0 is out of range"),
        ({"speed": "fast"}, "speed is a number, not 'fast'"),
        ({"pitch": None}, "pitch is a number, not None"),
        ({"seed": 1.5}, "a seed is a whole number, not 1.5"),
        ({"reference": "me.wav"}, "a reference is what Synthesizer.reference() returns, not str"),
        ({"voice": torch.zeros(VOICE_DIM + 1)}, "a voice vector has shape"),
        ({"style": torch.full((STYLE_DIM,), float("inf"))}, "a style vector has shape"),
        (
            {"style": -20 * torch.eye(STYLE_DIM)[2]},
            "values are typical deviations, at most 10; -20 is too far",
        ),
    ],
)
def test_bad_input(synth: Synthesizer, options: dict, message: str) -> None:
    options = {"text": "Hello.", **options}
    with pytest.raises(ValueError, match="(?s)" + re.escape(message)):
        synth.say(**options)


def test_seeds_of_any_integer_type(synth: Synthesizer) -> None:
    plain = synth.say("Yes.", seed=3).samples
    for seed in (np.int64(3), torch.tensor(3), 3 + 2**64):
        assert np.array_equal(synth.say("Yes.", seed=seed).samples, plain)


def test_several_texts_are_several(synth: Synthesizer) -> None:
    for texts in ("Hi.", None):
        with pytest.raises(ValueError, match="texts must be several strings, not .*; say.. speaks one"):
            synth.say_many(texts)


def test_what_the_language_model_leaves_out_of_a_pace_is_stretched() -> None:
    for rate, told, speed in ((0.0, 0.0, 1.0), (-0.4, -0.4, 1.0), (1.0, FASTEST_RATE, 1.25)):
        delivery = Delivery.of(None, style_vector(Style(pitch=2.0, rate=rate)), 0.4, speed)
        torch.testing.assert_close(delivery.style, style_vector(Style(pitch=2.0, rate=told))[None])
        assert delivery.slower == pytest.approx(2 ** (0.4 * told - rate) / speed)


def test_loud_peaks_are_bent_below_full_scale() -> None:
    samples = np.linspace(-3, 3, 1001, dtype=np.float32)
    bent = limited(samples)
    assert np.abs(bent).max() < 1 and (np.diff(bent) >= 0).all() and bent.dtype == np.float32
    assert np.array_equal(bent[np.abs(samples) < LOUD], samples[np.abs(samples) < LOUD])


def test_import_is_light() -> None:
    heavy = "('transformers', 'torchaudio', 'vocos')"
    code = f"import sys, tts, tts.cli, tts.synthesizer; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
