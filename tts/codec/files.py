"""Codes in files: NPZ with ``codes`` int64 (T,), ``sample_rate``, ``frame_rate`` and ``codec``, the codec's hash; and
long WAV files written as they are made.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tts.audio import check_writable, pcm16, wav_header, write_bytes
from tts.codec.waveform import Codec, check_codes


def save_codes(path: str | Path, codes: np.ndarray, codec: Codec, force: bool = False) -> None:
    """Write codes (T,). Raises ``ValueError`` when the file exists (without ``force``) or cannot be written."""
    check_writable(path, force)
    data = io.BytesIO()
    np.savez(
        data,
        codes=codes.astype(np.int64),
        sample_rate=codec.sample_rate,
        frame_rate=codec.frame_rate,
        codec=codec.id,
    )
    write_bytes(path, data.getvalue())


def load_codes(path: str | Path, codec: Codec) -> np.ndarray:
    """Read codes (T,) int64 that ``codec`` can decode.

    Raises:
        ValueError: missing, damaged, something else, codes of another codec, or outside the codebook.
    """
    if not Path(path).is_file():
        raise ValueError(f"no such file of codes: {path}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            codes, rate = arrays["codes"], float(arrays["frame_rate"])
            sample_rate = int(arrays["sample_rate"]) if "sample_rate" in arrays else codec.sample_rate
            made_by = str(arrays["codec"]) if "codec" in arrays else codec.id
    except (OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a file of codes that facet codec encode wrote") from error
    if abs(rate - codec.frame_rate) > 1e-3 or sample_rate != codec.sample_rate:
        raise ValueError(
            f"{path} has {rate:g} codes/s of {sample_rate} Hz audio; this codec has {codec.frame_rate:g} "
            f"of {codec.sample_rate}"
        )
    if made_by != codec.id:
        raise ValueError(
            f"{path} has codes of another codec ({made_by[:12]}, not {codec.id[:12]}); give --model as at encoding"
        )
    try:
        return check_codes(codes, codec.codebook_size).numpy()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def write_wav(path: str | Path, chunks: Iterable[np.ndarray], sample_rate: int) -> int:
    """Write pieces of float samples into one 16-bit WAV file as they come, the whole file or nothing.

    Returns:
        How many samples were written.
    Raises:
        ValueError: it cannot be written, or what the pieces raise.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    written = 0
    try:
        with partial.open("wb") as file:
            file.write(wav_header(0, sample_rate))
            for chunk in chunks:
                file.write(pcm16(chunk))
                written += len(chunk)
            file.seek(0)
            file.write(wav_header(written, sample_rate))
        os.replace(partial, path)
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    return written
