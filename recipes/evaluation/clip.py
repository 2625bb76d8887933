"""A clip with its text, whoever spoke it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Clip(NamedTuple):
    """Speech with its text: samples (T,) float32 in [-1, 1]."""

    text: str
    samples: np.ndarray
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate
