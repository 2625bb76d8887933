"""Codes of a corpus as :mod:`recipes.lm.prepare` and :mod:`recipes.lm.resample` write them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from tts.audio import write_bytes


def read_codes(path: Path, split: str, clips: int) -> list[np.ndarray]:
    """Codes (T,) of every clip of ``split``. Raises ``ValueError`` when the file is of another corpus."""
    if not Path(path).exists():
        raise ValueError(
            f"no codes in {path}: make them with python -m recipes.lm.prepare (drawn ones with recipes.lm.resample)"
        )
    with np.load(path) as arrays:
        codes, lengths = arrays[split], arrays[f"{split}_lengths"]
    if len(lengths) != clips:
        raise ValueError(
            f"{path} has {len(lengths)} {split} clips, the corpus {clips}: run python -m recipes.lm.prepare again"
        )
    return np.split(codes, np.cumsum(lengths)[:-1])


def write_codes(path: Path, splits: dict[str, list[np.ndarray]]) -> None:
    """The codes (T,) of every clip, one after another, with their lengths; the whole file or nothing.

    Raises:
        ValueError: codes that 16 bits do not hold.
    """
    arrays = {}
    for split, codes in splits.items():
        joined = np.concatenate(codes)
        if len(joined) and joined.max() > np.iinfo(np.uint16).max:
            raise ValueError(f"code {joined.max()} is too large for {path}: at most {np.iinfo(np.uint16).max} is kept")
        arrays[split] = joined.astype(np.uint16)
        arrays[f"{split}_lengths"] = np.asarray([len(c) for c in codes])
    path.parent.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    np.savez(data, **arrays)
    write_bytes(path, data.getvalue())
