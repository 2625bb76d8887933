"""Noise that is the same however many frames are asked for at a time, so that streamed and whole speech are equal."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 16  # frames drawn at once, whoever asks for how many


class FrameNoise:
    """Unit Gaussian noise, ``width`` numbers a frame, drawn from ``generator`` in blocks of a fixed size."""

    def __init__(self, generator: torch.Generator, width: int) -> None:
        self.generator, self.width = generator, width
        self.rest = torch.zeros(0, width)

    def draw(self, n_frames: int) -> Tensor:
        """The next frames, (n_frames, width)."""
        missing = -(-(n_frames - len(self.rest)) // BLOCK)
        new = [torch.randn(BLOCK, self.width, generator=self.generator) for _ in range(max(0, missing))]
        drawn = torch.cat([self.rest, *new])
        self.rest = drawn[n_frames:]
        return drawn[:n_frames]
