"""Waveforms in and out: whole files or none."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import numpy as np
import pytest

from tts.audio import Audio, WavFile, check_writable, join, write_bytes


def test_a_file_written_in_pieces_is_the_file_of_the_whole(tmp_path: Path) -> None:
    samples = np.linspace(-1.2, 1.2, 1000, dtype=np.float32)
    pieces = [Audio(part, 16000, [("a", 0.0, len(part) / 16000)]) for part in np.split(samples, [1, 300])]
    with WavFile(tmp_path / "pieces.wav", sample_rate=16000) as file:
        for piece in pieces:
            file.write(piece.samples)
            assert not (tmp_path / "pieces.wav").exists()
    assert file.n_samples == 1000
    whole = join(pieces)
    whole.save(tmp_path / "whole.wav")
    assert (tmp_path / "pieces.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()
    with wave.open(str(tmp_path / "whole.wav")) as read:
        assert (read.getframerate(), read.getnframes()) == (16000, 1000)
    assert [begin for _, begin, _ in whole.alignment] == pytest.approx([0.0, 1 / 16000, 300 / 16000])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pieces.wav", "whole.wav"]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), WavFile(tmp_path / "a.wav") as file:
        file.write(np.zeros(10, np.float32))
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot write .*a\.wav: No space left"), WavFile(tmp_path / "a.wav") as file:
        file.file.close()
        file.file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
        file.write(np.zeros(10, np.float32))
    assert not list(tmp_path.iterdir())


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    for name in ("x" * 256, "x" * 300):
        with pytest.raises(ValueError, match="cannot write .*: File name too long"):
            check_writable(tmp_path / name, force=False)
    longest = tmp_path / ("x" * 255)
    check_writable(longest, force=False)
    write_bytes(longest, b"1")
    with WavFile(longest, force=True):
        pass
    assert longest.stat().st_size == 44


@pytest.mark.parametrize("name", ["a.mp3", "a.FLAC"])
def test_no_other_format_is_promised(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"cannot write .*{name}: sound is written as WAV"):
        Audio(np.zeros(10, np.float32)).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for write in (
        lambda p: check_writable(p, force=True),
        lambda p: Audio(np.zeros(9, np.float32)).save(p, force=True),
    ):
        with pytest.raises(ValueError, match="pipe.wav is no regular file; give a file name, or - for standard output"):
            write(tmp_path / "pipe.wav")
    target, link = tmp_path / "target.wav", tmp_path / "link.wav"
    link.symlink_to(target)
    target.write_bytes(b"old")
    Audio(np.zeros(9, np.float32)).save(link, force=True)
    with WavFile(link, force=True) as file:
        file.write(np.zeros(5, np.float32))
    assert link.is_symlink() and len(target.read_bytes()) == 44 + 10
