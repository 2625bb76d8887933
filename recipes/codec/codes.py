"""Codes of a corpus as :mod:`recipes.lm.prepare` and :mod:`recipes.lm.resample` write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def read_codes(path: Path, split: str, clips: int) -> list[np.ndarray]:
    """Codes (T,) of every clip of ``split``. Raises ``ValueError`` when the file is of another corpus."""
    if not Path(path).exists():
        raise ValueError(f"no codes in {path}: make them with python -m recipes.lm.prepare")
    with np.load(path) as arrays:
        codes, lengths = arrays[split], arrays[f"{split}_lengths"]
    if len(lengths) != clips:
        raise ValueError(
            f"{path} has {len(lengths)} {split} clips, the corpus {clips}: run python -m recipes.lm.prepare again"
        )
    return np.split(codes, np.cumsum(lengths)[:-1])


def write_codes(path: Path, splits: dict[str, list[np.ndarray]]) -> None:
    """The codes of every clip, one after another, with their lengths."""
    arrays = {}
    for split, codes in splits.items():
        arrays[split] = np.concatenate(codes).astype(np.uint16)
        arrays[f"{split}_lengths"] = np.asarray([len(c) for c in codes])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
