"""The released weights: what can be said of them without a judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tts import Audio, Prompt, Synthesizer
from tts.checkpoint import find_model
from tts.config import AUDIO
from tts.style import STYLE_ATTRIBUTES, Style, style_vector

SENTENCE = "The keeper of the lighthouse was gone, and nobody knew where he went."


@pytest.fixture(scope="module")
def synth() -> Synthesizer:
    return Synthesizer.from_pretrained()


def level_db(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(audio.samples**2)))


def pitch_hz(audio: Audio) -> float:
    """Median f0 by autocorrelation of 40 ms frames."""
    rate, frame = AUDIO.sample_rate, 960 * 2
    found = []
    for start in range(0, len(audio.samples) - frame, frame // 2):
        piece = audio.samples[start : start + frame] - audio.samples[start : start + frame].mean()
        power = float(piece @ piece)
        lags = np.arange(rate // 400, rate // 65)
        correlation = np.asarray([piece[lag:] @ piece[:-lag] for lag in lags]) / max(power, 1e-9)
        if power / frame > 1e-5 and correlation.max() > 0.6:
            found.append(rate / lags[correlation.argmax()])
    return float(np.median(found))


def test_size_and_card() -> None:
    folder: Path = find_model("facet-nano")
    assert sum(f.stat().st_size for f in folder.glob("*.safetensors")) <= 40e6
    assert "figures" in (folder / "MODEL_CARD.md").read_text().lower()


def test_every_phoneme_is_spoken_at_a_human_pace(synth: Synthesizer) -> None:
    audio = synth.say(SENTENCE)
    sounds = [s for s in audio.alignment if s[0][-1].isalpha() or s[0][-1] == "ː"]
    spoken = [(symbol, end - start) for symbol, start, end in sounds]
    assert 8 < len(spoken) / audio.duration < 20  # phonemes a second
    assert np.mean([length > 0 for _, length in spoken]) > 0.9
    assert max(length for _, length in spoken) < 0.6
    assert 0.01 < np.sqrt(np.mean(audio.samples**2)) < 0.3
    assert np.abs(audio.samples).max() <= 1.0


def test_voices_differ_in_register(synth: Synthesizer) -> None:
    pitches = {voice: pitch_hz(synth.say(SENTENCE, voice=voice)) for voice in synth.voices}
    for voice, hz in pitches.items():
        asked = synth.model.config.voices[voice].voice.pitch
        assert abs(np.log2(hz / asked)) < 0.35, (voice, hz, asked)


def test_emotions_move_level_pitch_and_pace(synth: Synthesizer) -> None:
    neutral, angry, sad = (synth.say(SENTENCE, style=style) for style in ("neutral", "angry", "sad"))
    assert level_db(angry) > level_db(neutral) + 2 > level_db(sad) + 2
    assert pitch_hz(angry) > 1.1 * pitch_hz(neutral)
    assert sad.duration > neutral.duration


def test_intensity_speed_and_pitch(synth: Synthesizer) -> None:
    levels = [level_db(synth.say(SENTENCE, style="angry", intensity=x)) for x in (0.0, 1.0, 2.0)]
    assert levels == sorted(levels)
    slow, fast = (synth.say(SENTENCE, speed=speed).duration for speed in (0.75, 1.35))
    assert slow > 1.3 * fast
    low, high = (pitch_hz(synth.say(SENTENCE, pitch=pitch)) for pitch in (-4.0, 4.0))
    assert high > 1.3 * low


@pytest.mark.parametrize("rate", [-0.2, 0.2])
def test_a_style_is_about_as_fast_as_it_says(synth: Synthesizer, rate: float) -> None:
    plain, paced = (list(synth.say_many([SENTENCE] * 3, style=style_vector(Style(rate=r)))) for r in (0.0, rate))
    told = np.log2(sum(a.duration for a in plain) / sum(a.duration for a in paced))
    assert told == pytest.approx(rate, abs=0.1)


@pytest.mark.parametrize("speed", [0.6, 1.6])
def test_pace_leaves_the_loudness_alone(synth: Synthesizer, speed: float) -> None:
    plain, paced = (synth.say(SENTENCE, speed=s) for s in (1.0, speed))
    assert level_db(paced) == pytest.approx(level_db(plain), abs=0.7)
    assert pitch_hz(paced) == pytest.approx(pitch_hz(plain), rel=0.1)


@pytest.mark.parametrize(
    ("description", "emotion", "attribute", "sign"),
    [
        ("speaking slowly", "neutral", "rate", -1),
        ("very fast", "neutral", "rate", 1),
        ("very loud", "neutral", "level", 1),
        ("quiet", "neutral", "level", -1),
        ("a woman who speaks quietly", "neutral", "level", -1),
        ("whispering", "neutral", "whisper", 1),
        ("not sad", "neutral", None, 0),
        ("not angry at all", "neutral", None, 0),
        ("happy, not sad", "happy", None, 0),
        ("a furious old man", "angry", "level", 1),
    ],
)
def test_what_is_said_of_manner_and_what_is_denied(
    synth: Synthesizer, description: str, emotion: str, attribute: str | None, sign: int
) -> None:
    said = synth.encode(Prompt.text(description))
    assert next(iter(said.emotions())) == emotion
    assert attribute is None or sign * float(said.style[STYLE_ATTRIBUTES.index(attribute)]) > 0.3


@pytest.mark.parametrize(
    ("description", "emotion"),
    [
        ("a cheerful young woman", "happy"),
        ("a sad old man", "sad"),
        ("a nervous young man", "fearful"),
        ("a gloomy old lady", "sad"),
        ("a young woman", None),
        ("an old man with a deep voice", None),
    ],
)
def test_a_person_with_an_emotion_is_both(synth: Synthesizer, description: str, emotion: str | None) -> None:
    said = synth.encode(Prompt.text(description))
    assert said.has_voice and said.has_style == (emotion is not None)
    assert emotion is None or next(iter(said.emotions())) == emotion
