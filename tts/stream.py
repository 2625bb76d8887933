"""Cuts sentences into pieces while the language model still speaks them.

Everything behind the language model is convolutional, so a piece of a sentence can be rendered as soon as the codes
that it depends on are there, and comes out as in one go (:mod:`tts.render`).
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from tts.lm.generate import Utterance

FIRST_CODES = 12  # codes in the first piece that is heard; every further piece has twice as many
MOST_CODES = 96  # up to these: two seconds, rendered in a tenth of one
BATCH = 16  # sentences that the language model speaks side by side
AFTER_REFERENCE = 8  # and where each of them has a recording in its cache: half the memory
FIRST_BATCHES = (1, 4)  # where somebody listens: few at first, so that they are heard soon


@dataclass(frozen=True)
class Sentence:
    """A sentence to speak: ``symbols``, its own ``seed``, its place in its text and the number of the ``text``."""

    symbols: list[str]
    seed: int
    place: int = 0
    text: int = 0


def checked_seed(seed: int) -> int:
    """A seed of any integer type as one that generators take, 64 bits. Raises ``ValueError`` for what is no integer."""
    try:
        return operator.index(seed) % 2**64
    except TypeError as error:
        raise ValueError(f"a seed is a whole number, not {seed!r}") from error


def own_seed(seed: int, place: int) -> int:
    """The seed of the sentence at ``place`` of a text, 31 bits."""
    return int(np.random.SeedSequence((checked_seed(seed), place)).generate_state(1)[0]) >> 1


def sentences_of(symbols: list[list[str]], seed: int, place: int = 0, text: int = 0) -> list[Sentence]:
    """Sentences of one text, from the one at ``place`` on."""
    return [Sentence(s, own_seed(seed, place + i), place + i, text) for i, s in enumerate(symbols)]


def in_batches(
    sentences: list[Sentence], first: tuple[int, ...] = (), with_reference: bool = False
) -> list[list[Sentence]]:
    """Cut into batches, of the ``first`` sizes to begin with."""
    batches, begin = [], 0
    for size in chain(first, repeat(AFTER_REFERENCE if with_reference else BATCH)):
        if begin >= len(sentences):
            return batches
        batches.append(sentences[begin : begin + size])
        begin += size


@dataclass(frozen=True)
class Piece:
    """The next codes of a sentence, and how many codes each further finished symbol has; ``last`` closes it."""

    sentence: Sentence
    codes: list[int]
    lengths: list[int]
    last: bool


class Cutter:
    """Cuts what a sentence has been given so far into pieces; the same pieces, however fast it grows and whoever waits
    for it, for pieces of other lengths are computed with other roundings.
    """

    def __init__(self, sentence: Sentence, utterance: Utterance, lookahead: int) -> None:
        self.sentence, self.utterance = sentence, utterance
        first = FIRST_CODES if sentence.place < sum(FIRST_BATCHES) else MOST_CODES
        self.wanted, self.following = lookahead + first, min(2 * first, MOST_CODES)
        self.codes = self.lengths = 0
        self.closed = False

    def ready(self) -> Iterator[Piece]:
        """Pieces that are complete by now."""
        while not self.closed:
            available = len(self.utterance.codes) - self.codes
            last = self.utterance.done and available < self.wanted
            if available < self.wanted and not last:
                return
            end = self.codes + min(available, self.wanted)
            codes, lengths = self.utterance.codes[self.codes : end], self.utterance.lengths[self.lengths :]
            self.codes, self.lengths, self.closed = end, self.lengths + len(lengths), last
            self.wanted, self.following = self.following, min(2 * self.following, MOST_CODES)
            yield Piece(self.sentence, codes, lengths, last)


def cut(
    decode: Callable[[list[Sentence]], Iterator[list[Utterance]]],
    batches: Iterable[list[Sentence]],
    lookahead: int,
    stopped: threading.Event,
) -> Iterator[Piece]:
    """Pieces of all sentences in their order, while ``decode`` speaks them batch by batch, step by step."""
    for batch in batches:
        cutters: list[Cutter] = []
        turn = 0
        for utterances in decode(batch):
            if stopped.is_set():
                return
            if not cutters:
                cutters = [Cutter(s, u, lookahead) for s, u in zip(batch, utterances, strict=True)]
            while turn < len(cutters):
                yield from cutters[turn].ready()
                if not cutters[turn].closed:
                    break
                turn += 1
