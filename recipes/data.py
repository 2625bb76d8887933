"""Read the corpus that :mod:`recipes.corpus.make` wrote."""

from __future__ import annotations

import json
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts.config import AUDIO
from tts.style import Style, Voice, style_vector, voice_vector


@cache
def _shard(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r")


class Corpus:
    """Rows of one split with their audio, f0 and conditioning vectors."""

    def __init__(self, folder: Path, split: str) -> None:
        self.folder = Path(folder)
        manifest = self.folder / "manifest.jsonl"
        if not manifest.exists():
            raise ValueError(f"no corpus in {folder}: make one with python -m recipes.corpus.make")
        with manifest.open(encoding="utf-8") as lines:
            self.rows = [row for row in map(json.loads, lines) if row["split"] == split]
        if not self.rows:
            raise ValueError(f"{manifest} has no rows of split {split!r}")

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def voices(self) -> Tensor:
        """(rows, VOICE_DIM)."""
        return torch.stack([voice_vector(Voice(**row["voice"])) for row in self.rows])

    @cached_property
    def styles(self) -> Tensor:
        """(rows, STYLE_DIM)."""
        return torch.stack([style_vector(Style(**row["style"])) for row in self.rows])

    def samples(self, index: int, start: int = 0, length: int | None = None) -> np.ndarray:
        """Float32 samples of a clip, or of a piece of it."""
        row = self.rows[index]
        begin = row["start"] + start
        end = row["start"] + (row["n_samples"] if length is None else min(start + length, row["n_samples"]))
        return _shard(self.folder / row["shard"])[begin:end].astype(np.float32) / 32767

    def f0(self, index: int) -> np.ndarray:
        """f0 in Hz per mel frame, 0 where unvoiced."""
        row = self.rows[index]
        shard = _shard(self.folder / row["shard"].replace(".npy", ".f0.npy"))
        return shard[row["f0_start"] : row["f0_start"] + row["n_frames"]].astype(np.float32)

    def phoneme_at(self, index: int, seconds: np.ndarray) -> np.ndarray:
        """Index into the row's phonemes at every of the times (n,), int64."""
        ends = np.asarray(self.rows[index]["ends"])
        return np.minimum(np.searchsorted(ends, seconds, side="right"), len(ends) - 1)

    def crop(self, index: int, n_frames: int, rng: np.random.Generator, multiple: int = 1) -> tuple[np.ndarray, int]:
        """A random piece of ``n_frames`` mel frames (zero-padded if the clip is shorter) and its first frame, a
        multiple of ``multiple``.
        """
        length = (n_frames - 1) * AUDIO.hop_length
        last = max(0, (self.rows[index]["n_samples"] - length) // AUDIO.hop_length)
        first = int(rng.integers(last + 1)) // multiple * multiple
        piece = self.samples(index, first * AUDIO.hop_length, length)
        return np.pad(piece, (0, length - len(piece))), first
