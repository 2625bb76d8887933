"""Steps a batch of sentences through the language model's graph, a position at a time, with a cache of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from torch import Tensor

from tts.lm.graph import Places, cache_names, step_graph
from tts.lm.model import LM

ROOM = 256  # positions that the cache grows by


class Decoder:
    """The graph, ready to run: made once, used for every text, from any number of threads."""

    def __init__(self, lm: LM, backbone: dict[str, Tensor]) -> None:
        self.config, self.places = lm.config, Places(lm)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # at this size a second one waits longer than it computes
        self.session = onnxruntime.InferenceSession(
            step_graph(lm, backbone, self.places), options, providers=["CPUExecutionProvider"]
        )

    def start(self, table: np.ndarray, prefix: range, batch: int, temperature: float, top_p: float) -> Batch:
        """Sequences that all begin with the same positions.

        Args:
            table: (rows, dim) float32: the ``tables`` of ``places``, then what positions can receive besides.
            prefix: rows of it, the inputs of the positions that every sequence begins with.
            batch: number of sequences.
            temperature, top_p: how codes are drawn, as :class:`tts.lm.generate.Sampling`.
        """
        options = (np.array(max(temperature, 1e-6), np.float32), np.array(top_p, np.float32))
        begun = Batch(self, table, 1, len(prefix), 0, options)
        begun.run([[[row, self.places.zeros, self.places.nothing] for row in prefix]])
        started = Batch(self, table, batch, len(prefix) + ROOM, len(prefix), options)
        for ours, theirs in zip(started.cached, begun.cached, strict=True):
            ours[:, :, : len(prefix)] = theirs
        return started


class Batch:
    """Sequences that stand at the same position. No row of the computation depends on another.

    Attributes:
        size: sequences that go on, the first of those that there is a cache for, which are more until it grows.
        used: positions so far.
        cached: keys and values (B, heads, room, width), layer by layer.
    """

    def __init__(
        self,
        decoder: Decoder,
        table: np.ndarray,
        size: int,
        room: int,
        used: int,
        options: tuple[np.ndarray, np.ndarray],
    ) -> None:
        self.config, self.session, self.size, self.used = decoder.config, decoder.session, size, used
        self.table, self.temperature, self.top_p = table, *options
        heads = self.config.n_heads
        shape = (size, heads, room, self.config.dim // heads)
        self.cached = [np.zeros(shape, np.float32) for _ in range(2 * self.config.n_layers)]
        self.bound: tuple[int, ...] = ()

    def drop(self, row: int) -> None:
        """Go on without this sequence; the last takes its place."""
        self.size -= 1
        if row < self.size:
            for cached in self.cached:
                cached[row, :, : self.used] = cached[self.size, :, : self.used]

    def step(self, positions: Any, uniform: Any, must_advance: Sequence[bool]) -> list[int]:
        """The next position of every sequence: inputs (B, 3) as of :func:`tts.lm.graph.step_graph`, uniform numbers
        (B, digits) in (0, 1] and whether its phoneme must end, to a code for each, or -1.
        """
        self.grow()
        self.run(np.asarray(positions)[:, None], uniform, must_advance)
        codes: list[int] = self.codes.tolist()
        return codes

    def grow(self) -> None:
        """Make room for the next position."""
        if self.used < self.cached[0].shape[2]:
            return
        for i in range(len(self.cached)):  # one after another: memory for one more, not for all
            cached = self.cached[i][: self.size]
            self.cached[i] = np.concatenate([cached, np.zeros_like(cached[:, :, :ROOM])], 2)
        self.bound = ()

    def run(self, positions: Any, uniform: Any = 1.0, must_advance: Any = True) -> None:
        """Run the graph for positions (B, S, 3), which there is room for; what it draws is in ``codes``."""
        positions = np.asarray(positions)
        if self.bound != positions.shape:
            self.bind(positions.shape)
        self.used += positions.shape[1]
        self.positions[:], self.uniform[:], self.must_advance[:] = positions, uniform, must_advance
        self.last[:], self.length[:] = self.used - 1, self.used
        self.session.run_with_iobinding(self.binding)

    def bind(self, shape: tuple[int, ...]) -> None:
        """Arrays that the graph reads and writes in place, for positions of this shape."""
        self.bound, batch = shape, shape[0]
        self.positions, self.codes = np.zeros(shape, np.int64), np.zeros(batch, np.int64)
        self.last, self.length = np.zeros(batch, np.int32), np.zeros(1, np.int32)
        self.uniform, self.must_advance = np.zeros((batch, len(self.config.levels)), np.float32), np.zeros(batch, bool)
        self.binding = self.session.io_binding()
        names = ("positions", "table", "last", "length", "uniform", "must_advance", "temperature", "top_p")
        inputs = {name: getattr(self, name) for name in names}
        outputs = {"codes": self.codes}
        for name, cached in zip(cache_names(self.config.n_layers), self.cached, strict=True):
            inputs[name] = outputs[f"{name}_out"] = cached[:batch]
        for bind, arrays in ((self.binding.bind_input, inputs), (self.binding.bind_output, outputs)):
            for name, array in arrays.items():
                bind(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
