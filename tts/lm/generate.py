"""Speak: sample codes phoneme by phoneme from the language model, several sentences at once, step by step."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.lm.decoder import Decoder
from tts.lm.model import LM
from tts.lm.sequence import Sequence, closing_mark, spoken_positions
from tts.text.symbols import encode

DRAWS = 64  # steps for which a sentence draws its random numbers at once


@dataclass(frozen=True)
class Sampling:
    """How codes are drawn."""

    temperature: float = 0.5
    top_p: float = 0.9
    max_repeats: int = 6  # the same code this often in a row closes a phoneme that is no pause

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < np.inf:
            raise ValueError(f"temperature {self.temperature} must be 0 (the likeliest code) or more, and finite")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p {self.top_p} must be above 0 and at most 1")
        if self.max_repeats < 1:
            raise ValueError(f"max_repeats {self.max_repeats} must be at least 1")


@dataclass
class Utterance:
    """A sentence as it is being spoken: codes so far, and how many of them each finished symbol has (a space: 0)."""

    codes: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    done: bool = False


class Row:
    """Where one sentence of the batch stands."""

    def __init__(self, symbols: list[str], seed: int, context_begins: int, room: int) -> None:
        self.spoken = spoken_positions(symbols)
        self.context_begins = context_begins  # its first symbol's place in the table of embeddings
        self.room = min(room, 12 * len(self.spoken) + 64)  # positions it can have
        self.is_pause = [not s[-1].isalpha() and s[-1] != "ː" for s in symbols]
        self.n_symbols = len(symbols)
        self.generator = torch.Generator().manual_seed(seed)
        self.uniforms: list[list[float]] = []
        self.utterance = Utterance()
        self.at = self.age = self.repeats = 0

    @property
    def symbol(self) -> int:
        """Index of the symbol that it is on."""
        return self.spoken[self.at]

    @property
    def left(self) -> int:
        """Symbols that have not ended."""
        return len(self.spoken) - self.at

    def draw(self, step: int, width: int) -> list[float]:
        """Uniform numbers in (0, 1], ``width`` of them, for this step."""
        if step % DRAWS == 0:
            self.uniforms = (1 - torch.rand(DRAWS, width, generator=self.generator)).tolist()
        return self.uniforms[step % DRAWS]

    def advance(self) -> None:
        """Close the symbol; what lies between it and the next has no codes."""
        following = self.spoken[self.at + 1] if self.left > 1 else self.n_symbols
        lengths = self.utterance.lengths
        lengths += [self.age] + [0] * (following - self.symbol - 1)
        self.at += 1
        self.age = self.repeats = 0
        self.utterance.done = not self.left

    def add(self, code: int) -> None:
        """Speak one code."""
        codes = self.utterance.codes
        same = bool(codes) and codes[-1] == code and not self.is_pause[self.symbol]
        self.repeats = self.repeats + 1 if same else 0
        codes.append(code)
        self.age += 1


class Speaker:
    """Decodes with the language model's weights; made once, used for every text."""

    def __init__(self, lm: LM, backbone: dict[str, Tensor]) -> None:
        self.lm = lm
        self.config = lm.config
        self.decoder = Decoder(lm, backbone)

    def _context(self, symbols: Tensor, mark: int, voice: Tensor, style: Tensor) -> Tensor:
        """Symbol ids (S,) to what each position of a symbol receives, (S, dim)."""
        mask = torch.ones(1, len(symbols), dtype=torch.bool)
        return self.lm.context(symbols[None], torch.tensor([mark]), mask, voice, style)[0]

    def prefix(self, voice: Tensor, style: Tensor, reference: Sequence | None = None) -> Tensor:
        """Backbone inputs (P, dim) that every sentence begins with."""
        first = self.lm.prefix(voice, style)[0]
        if reference is None:
            return first
        context = self._context(torch.from_numpy(reference.symbols), reference.mark, voice, style)
        at, codes, age = map(torch.from_numpy, (reference.symbol_at, reference.code_in, reference.age))
        return torch.cat([first, self.lm.embed(context[at], codes, age) + self.lm.reference])

    def decode(
        self,
        sentences: list[list[str]],
        voice: Tensor | None,
        style: Tensor,
        seeds: list[int],
        sampling: Sampling,
        reference: Sequence | None = None,
    ) -> Iterator[list[Utterance]]:
        """Speak sentences of symbols side by side; yields them after every step, the same objects, as they grow.

        Every sentence draws from its own generator, and no row of the computation depends on another, so it comes out
        the same alone and in a batch.

        Args:
            sentences: of symbols, one batch.
            voice: (1, VOICE_DIM); ``None`` where unknown, as when ``reference`` alone tells it.
            style: (1, STYLE_DIM).
            seeds: one for each sentence.
            reference: a recording in the speaking format whose voice is taken up.
        """
        steps = self._steps(sentences, voice, style, seeds, sampling, reference)
        while True:
            with torch.inference_mode():
                utterances = next(steps, None)
            if utterances is None:
                return
            yield utterances

    def _steps(
        self,
        sentences: list[list[str]],
        voice: Tensor | None,
        style: Tensor,
        seeds: list[int],
        sampling: Sampling,
        reference: Sequence | None,
    ) -> Iterator[list[Utterance]]:
        config, places = self.config, self.decoder.places
        voice = self.lm.no_voice[None] if voice is None else voice
        prefix = self.prefix(voice, style, reference)
        parts, rows = [places.tables, prefix], []
        for symbols, seed in zip(sentences, seeds, strict=True):
            rows.append(Row(symbols, seed, sum(map(len, parts)), config.max_positions - len(prefix)))
            parts.append(self._context(torch.tensor(encode(symbols)), closing_mark(symbols), voice, style))
        table, begin = torch.cat(parts).numpy(), len(places.tables)
        utterances = [row.utterance for row in rows]
        batch = self.decoder.start(
            table, range(begin, begin + len(prefix)), len(rows), sampling.temperature, sampling.top_p
        )
        step = 0
        while rows:
            positions = [
                [
                    row.context_begins + row.symbol,
                    places.ages + min(row.age, config.max_age),
                    row.utterance.codes[-1] if row.age else places.nothing,
                ]
                for row in rows
            ]
            must = [
                row.age >= config.max_age or row.repeats >= sampling.max_repeats or row.left >= row.room - step - 1
                for row in rows
            ]
            uniform = [row.draw(step, len(config.levels)) for row in rows]
            for row, code in zip(rows, batch.step(positions, uniform, must), strict=True):
                if code < 0:
                    row.advance()
                else:
                    row.add(code)
            step += 1
            yield utterances
            for i in reversed(range(len(rows))):
                if rows[i].utterance.done:
                    batch.drop(i)
                    rows[i] = rows[-1]
                    rows.pop()

    def speak(self, sentences: list[list[str]], *arguments: Any) -> list[Utterance]:
        """All of :meth:`decode` at once; arguments as there."""
        return deque(self.decode(sentences, *arguments), maxlen=1).pop()
