"""Long recordings piece by piece, with as much context that the result is that of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from tts.codec.saconv import SAConv

CHUNK_S = 10.0  # seconds of sound worked on at once


@dataclass(frozen=True)
class Piece:
    """Frames ``first`` to ``last`` go in, of what comes out only ``begin`` to ``end`` are kept."""

    begin: int
    end: int
    first: int
    last: int


def pieces(length: int, size: int, context: int) -> Iterator[Piece]:
    """Cover ``length`` frames by pieces of ``size`` with ``context`` more on either side, where there are any."""
    for begin in range(0, length, size):
        end = min(length, begin + size)
        yield Piece(begin, end, max(0, begin - context), min(length, end + context))


def context_of(*modules: nn.Module) -> int:
    """Input frames on either side that one output frame depends on, at most.

    The convolutions of the modules are taken to run one after another in the order of registration; where they run
    side by side the answer is too large, never too small.
    """
    context, jump = 0.0, 1.0  # jump: input frames a frame at this depth
    for module in (m for outer in modules for m in outer.modules()):
        if isinstance(module, SAConv):
            context += module.kernel_size // 2 * jump
        elif isinstance(module, nn.Conv1d):
            reach = (module.kernel_size[0] - 1) * module.dilation[0]
            context += (reach if module.stride[0] > 1 else reach / 2) * jump
            jump *= module.stride[0]
        elif isinstance(module, nn.ConvTranspose1d):
            context += (module.kernel_size[0] - 1) / module.stride[0] * jump
            jump /= module.stride[0]
    return math.ceil(context)


def exact_float32() -> AbstractContextManager[None]:
    """Convolutions on a GPU in full float32: codes must not depend on the device."""
    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
