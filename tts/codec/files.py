"""Codes in files: NPZ with ``codes`` int64 (T,), ``sample_rate``, ``frame_rate`` and ``codec``, the codec's hash."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from tts.audio import check_writable, write_bytes
from tts.codec.waveform import Codec, check_codes

# What numpy raises for files that are damaged, half there or something else.
_UNREADABLE = (OSError, EOFError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error)


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
    except _UNREADABLE as error:
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
