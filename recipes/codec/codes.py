"""Codes of a corpus as :mod:`recipes.lm.prepare` and :mod:`recipes.lm.resample` write them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from tts.audio import write_bytes


def _arrays(path: Path) -> NpzFile:
    if not Path(path).exists():
        raise ValueError(
            f"no codes in {path}: make them with python -m recipes.lm.prepare (drawn ones with recipes.lm.resample)"
        )
    return np.load(path)


def read_codes(path: Path, split: str, clips: int) -> list[np.ndarray]:
    """Codes (T,) of every clip of ``split``. Raises ``ValueError`` when the file is of another corpus."""
    with _arrays(path) as arrays:
        codes, lengths = arrays[split], arrays[f"{split}_lengths"]
    if len(lengths) != clips:
        raise ValueError(
            f"{path} has {len(lengths)} {split} clips, the corpus {clips}: run python -m recipes.lm.prepare again"
        )
    return np.split(codes, np.cumsum(lengths)[:-1])


def read_points(path: Path) -> np.ndarray | None:
    """The learned codebook (codes, dim) that the codes of a file are of, in the order of its tree; ``None`` where they
    are of finite scalar quantisation. Raises ``ValueError`` where there is no such file.
    """
    with _arrays(path) as arrays:
        return arrays.get("points")


def write_codes(path: Path, splits: dict[str, list[np.ndarray]], points: np.ndarray | None = None) -> None:
    """The codes (T,) of every clip, one after another, with their lengths, and the codebook's ``points``, if it is a
    learned one; the whole file or nothing.

    Raises:
        ValueError: codes that 16 bits do not hold.
    """
    arrays = {} if points is None else {"points": points.astype(np.float32)}
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
