"""The mark of cloned voices: found after what happens to audio, not found elsewhere, not heard."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tts.audio import Audio, join
from tts.cli import main
from tts.config import AUDIO
from tts.watermark import THRESHOLD, detect, mark, mark_stream, pattern


def voice(seed: int, seconds: float = 3.0) -> np.ndarray:
    """A buzz with moving pitch and formants, and pauses: enough like speech for its spectrum."""
    rng = np.random.default_rng(seed)
    n = int(seconds * AUDIO.sample_rate)
    time = np.arange(n) / AUDIO.sample_rate
    f0 = 130 * 2 ** (0.3 * np.sin(2 * np.pi * 0.7 * time + seed))
    phase = 2 * np.pi * np.cumsum(f0) / AUDIO.sample_rate
    wave = sum(
        np.sin(k * phase) / k * (1 + 0.5 * np.sin(2 * np.pi * (2 + k % 5) * time + rng.uniform(0, 6)))
        for k in range(1, 50)
    )
    loudness = np.clip(np.sin(2 * np.pi * 1.5 * time) + 0.7, 0, 1)
    return (0.1 * wave * loudness + 0.003 * rng.standard_normal(n)).astype(np.float32)


def mp3(samples: np.ndarray) -> np.ndarray:
    """Through MP3 at 64 kbit/s."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, AUDIO.sample_rate, format="MP3", bitrate_mode="CONSTANT", compression_level=0.63)
    kbits = len(file.getvalue()) * 8 / (len(samples) / AUDIO.sample_rate) / 1000
    assert kbits < 68, kbits
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_mark_is_found_after_what_happens_to_audio(seed: int) -> None:
    import soxr

    marked = mark(voice(seed))
    at_16k = soxr.resample(marked, AUDIO.sample_rate, 16000)
    quarter = len(marked) // 4
    assert detect(marked).found
    assert detect(mp3(marked)).found
    assert detect(at_16k, 16000).found
    assert detect(marked[quarter + 77 : 3 * quarter]).found
    assert detect(0.2 * marked).found


def test_the_mark_is_not_found_elsewhere() -> None:
    scores = [detect(voice(seed)).score for seed in range(5)]
    scores += [detect(mark(voice(0)), key=bytes([i])).score for i in range(5)]
    scores += [detect(np.random.default_rng(0).standard_normal(72_000).astype(np.float32) * 0.1).score]
    assert max(scores) < THRESHOLD - 1.0


@pytest.mark.parametrize("length", [0, 1, 767, 768, 1023, 1024, 1025])
def test_clips_of_any_length_keep_it(length: int) -> None:
    assert len(mark(np.ones(length, np.float32))) == length


def test_what_cannot_be_looked_at() -> None:
    for samples, message in (
        (np.zeros((30_000, 2), np.float32), "average the channels"),
        (np.ones(100, np.float32), "too short"),
        (np.zeros(30_000, np.float32), "silent"),
        (np.full(30_000, np.nan, np.float32), "silent"),
    ):
        with pytest.raises(ValueError, match=message):
            detect(samples)


def test_the_mark_is_small_and_silence_stays_silent() -> None:
    wave = voice(3)
    wave[:20_000] = 0
    marked = mark(wave)
    assert len(marked) == len(wave)
    ratio = np.sum(wave**2) / np.sum((marked - wave) ** 2)
    assert 10 * np.log10(ratio) > 18
    assert np.abs(marked[:18_000]).max() < 1e-6


def test_a_stream_is_marked_as_a_whole_and_keeps_its_times() -> None:
    wave = voice(4)
    cuts = [0, 300, 6000, 6001, 40_000, len(wave)]
    pieces = [
        Audio(wave[a:b], alignment=[("a", 0.0, (b - a) / AUDIO.sample_rate)])
        for a, b in zip(cuts[:-1], cuts[1:], strict=True)
    ]
    made = join(list(mark_stream(iter(pieces))))
    assert np.allclose(made.samples, mark(wave), atol=1e-6)
    wanted = join(pieces).alignment
    assert np.allclose([t for _, *t in made.alignment], [t for _, *t in wanted], atol=1e-9)


def test_the_pattern_is_fixed_and_balanced() -> None:
    assert not pattern().sum(axis=0).any()
    assert set(np.unique(pattern())) == {-1.0, 1.0}
    assert pattern()[0, :12].astype(int).tolist() == PATTERN, "files marked before would not be recognised any more"


PATTERN = [1, 1, -1, 1, 1, -1, 1, -1, 1, 1, 1, 1]


def test_detect_prints_a_line_a_file(tmp_path: Path) -> None:
    Audio(mark(voice(5))).save(tmp_path / "marked.wav")
    Audio(voice(5)).save(tmp_path / "plain.wav")
    Audio(np.zeros(30_000, np.float32)).save(tmp_path / "silent.wav")
    (tmp_path / "text.wav").write_text("no audio")
    files = [str(tmp_path / name) for name in ("marked.wav", "plain.wav")]
    result = CliRunner().invoke(main, ["detect", *files])
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first.startswith("marked ") and second.startswith("no mark ") and second.endswith("plain.wav")
    for name, message in (("silent.wav", "silent"), ("text.wav", "not audio"), ("none.wav", "no such audio file")):
        result = CliRunner().invoke(main, ["detect", files[0], str(tmp_path / name), files[1]])
        assert result.exit_code == 2 and message in result.stderr and len(result.stdout.splitlines()) == 2
