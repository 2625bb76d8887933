"""Frames slowed down or sped up, for the pace of a style and the speed that is asked for."""

from __future__ import annotations

import torch
from torch import Tensor


class Stretch:
    """Frames in, ``factor`` times as many out, piece by piece, drawn as lines between those that came in. The pieces
    are those of the whole.
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.given = 0  # frames that have gone out
        self.dropped = 0  # frames that came in and are needed no more
        self.kept: Tensor | None = None

    def push(self, frames: Tensor | None, last: bool) -> Tensor | None:
        """The next frames (1, n, T), none perhaps, to those that they complete, ``None`` if there are none."""
        if self.factor == 1:
            return frames
        if self.kept is None:
            self.kept = frames
        elif frames is not None:
            self.kept = torch.cat([self.kept, frames], dim=2)
        if self.kept is None:
            return None
        known = self.dropped + self.kept.shape[2]
        end = round(known * self.factor) if last else max(self.given, int((known - 1) * self.factor))
        places = torch.arange(self.given, end, dtype=torch.float64) / self.factor
        low = places.long()
        weight = (places - low).float()
        low = low - self.dropped
        high = (low + 1).clamp(max=self.kept.shape[2] - 1)
        low = low.clamp(max=self.kept.shape[2] - 1)
        found = self.kept[:, :, low] * (1 - weight) + self.kept[:, :, high] * weight
        self.given = end
        needed = min(int(end / self.factor), known - 1)
        self.kept, self.dropped = self.kept[:, :, needed - self.dropped :], needed
        return found if len(places) else None
