"""Waveforms in and out: reading, resampling, writing without ever leaving half a file."""

from __future__ import annotations

import io
import os
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tts import partial
from tts.config import AUDIO

NOT_WRITTEN = {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".ogg", ".opus", ".webm", ".wma"}


@dataclass
class Audio:
    """Speech: ``samples`` float32 mono in [-1, 1] at ``sample_rate`` Hz.

    ``alignment`` says where each phoneme is: (symbol, start, end), seconds.
    """

    samples: np.ndarray
    sample_rate: int = AUDIO.sample_rate
    alignment: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate

    def wav_bytes(self) -> bytes:
        """A 16-bit mono WAV file."""
        pcm = pcm16(self.samples)
        return wav_header(len(pcm) // 2, self.sample_rate) + pcm

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write a 16-bit WAV; ``"-"`` is standard output.

        Raises:
            ValueError: the file exists and ``force`` is not set, or it cannot be written.
        """
        if str(path) == "-":
            write_stdout(self.wav_bytes())
            return
        check_writable(path, force)
        write_bytes(path, self.wav_bytes())


class WavFile:
    """A 16-bit mono WAV file, written piece by piece; it appears under its name when it is complete, and not at all if
    an error ends it before. ``n_samples`` is how many have been written.

    Raises:
        ValueError: the file exists and ``force`` is not set, or it cannot be written.
    """

    def __init__(self, path: str | Path, force: bool = False, sample_rate: int = AUDIO.sample_rate) -> None:
        check_writable(path, force)
        self.path, self.sample_rate = Path(path).resolve(), sample_rate
        self.n_samples = 0

    def __enter__(self) -> WavFile:
        self.partial = partial.begin(self.path)
        try:
            self.file = self.partial.open("wb", buffering=0)  # a full disk is told by the write that meets it
            self.file.write(wav_header(0, self.sample_rate))
        except OSError as error:
            partial.end(self.partial)
            raise _unwritable(self.path, error) from error
        return self

    def write(self, samples: np.ndarray) -> None:
        """Append samples (N,)."""
        data = memoryview(pcm16(samples))
        try:
            while data:
                data = data[self.file.write(data) :]
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.n_samples += len(samples)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is None:
                self.file.seek(0)
                self.file.write(wav_header(self.n_samples, self.sample_rate))
                self.file.close()
                os.replace(self.partial, self.path)
        except OSError as failure:
            raise _unwritable(self.path, failure) from failure
        finally:
            self.file.close()
            partial.end(self.partial)


def join(pieces: list[Audio]) -> Audio:
    """Pieces of speech, one after another, as one. Raises ``ValueError`` when there are none."""
    if not pieces:
        raise ValueError("no sound was made; try another seed")
    alignment, shift = [], 0.0
    for piece in pieces:
        alignment += [(symbol, start + shift, end + shift) for symbol, start, end in piece.alignment]
        shift += piece.duration
    return Audio(np.concatenate([p.samples for p in pieces]), pieces[0].sample_rate, alignment)


def pcm16(samples: np.ndarray) -> bytes:
    """Float samples to little-endian 16-bit; what exceeds full scale is clipped."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()


def wav_header(n_samples: int | None, sample_rate: int) -> bytes:
    """RIFF header of 16-bit mono PCM; ``None`` for a stream of unknown length (sizes at their maximum)."""
    size = 0xFFFFFFFF - 36 if n_samples is None else 2 * n_samples
    form = struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + form + b"data" + struct.pack("<I", size)


def check_writable(path: str | Path, force: bool) -> None:
    """Raise ``ValueError`` when ``path`` exists (without ``force``), is a directory, lies in a folder that cannot be
    written, or promises a format of sound other than WAV.
    """
    path = Path(path)
    if path.suffix.lower() in NOT_WRITTEN:
        raise ValueError(f"cannot write {path}: sound is written as WAV; give a name that ends in .wav")
    try:
        if path.is_dir():
            raise ValueError(f"{path} is a directory; give a file name")
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is no regular file; give a file name, or - for standard output")
        if path.exists() and not force:
            raise ValueError(f"{path} exists; give another name or --force to overwrite it")
    except OSError as error:  # a name that no file can have
        raise _unwritable(path, error) from error
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"cannot write {path}: no permission to write in {path.parent}")


def check_folder(path: str | Path) -> None:
    """Raise ``ValueError`` when ``path`` is no folder and cannot be made one."""
    path = Path(path)
    if path.is_file():
        raise ValueError(f"{path} is a file; give a folder")
    if not path.is_dir():
        check_writable(path, force=False)


def _unwritable(path: Path, error: OSError) -> ValueError:
    return ValueError(f"cannot write {path}: {error.strerror}")


def write_stdout(data: bytes) -> None:
    """Write to standard output, at once. Raises ``ValueError`` when it cannot be written, as on a full disk."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever reads has left, which is no error of ours
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what still waits there goes nowhere
        raise ValueError(f"standard output: {error.strerror}") from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a whole file or nothing."""
    path = Path(path).resolve()  # a link stays one
    written = partial.begin(path)
    try:
        written.write_bytes(data)
        os.replace(written, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        partial.end(written)


def read_audio(source: str | Path | bytes, sample_rate: int = AUDIO.sample_rate) -> np.ndarray:
    """Any format that libsndfile reads to float32 mono at ``sample_rate``, channels averaged.

    Raises:
        ValueError: missing, unreadable, empty, or with NaN or infinite samples.
    """
    import soundfile
    import soxr

    name = "the given bytes" if isinstance(source, bytes) else str(source)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise ValueError(f"no such audio file: {name}")
    try:
        samples, rate = soundfile.read(
            io.BytesIO(source) if isinstance(source, bytes) else str(source), dtype="float32"
        )
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise ValueError(f"{name} is not audio that can be read: {error}") from error
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if not len(samples):
        raise ValueError(f"{name} is empty: it has no samples")
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} has NaN or infinite samples")
    return samples if rate == sample_rate else soxr.resample(samples, rate, sample_rate).astype(np.float32)
