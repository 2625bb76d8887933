"""Convolutional stages on input that arrives piece by piece, with the result that they have on the whole."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Piecewise:
    """Runs a stage over a sliding window of its input.

    Every frame of the result is computed once, as soon as all the input that it depends on is there, in a window that
    holds that input; where a window begins or ends with the whole, the stage pads as it does for the whole.

    Args:
        stage: (..., T) to (..., T * rate).
        context: input frames on either side that one frame's result depends on.
        rate: frames of the result for each of the input.
    """

    def __init__(self, stage: Callable[[Tensor], Tensor], context: int, rate: int = 1) -> None:
        self.stage, self.context, self.rate = stage, context, rate
        self.window: Tensor | None = None
        self.before = 0  # frames at the window's begin whose result has been given

    def push(self, piece: Tensor | None, last: bool) -> Tensor | None:
        """The next input (..., n) to the results that it completes, ``None`` for none; ``last`` ends the input."""
        if piece is not None:
            self.window = piece if self.window is None else torch.cat([self.window, piece], dim=-1)
        if self.window is None:
            return None
        ready = self.window.shape[-1] - (0 if last else self.context)
        if ready <= self.before:
            return None
        result = self.stage(self.window)[..., self.before * self.rate : ready * self.rate]
        kept = max(0, ready - self.context)
        self.window, self.before = self.window[..., kept:], ready - kept
        return result
