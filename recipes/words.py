"""Words of a text, and where they are among its symbols and among the positions of an utterance."""

from __future__ import annotations

import re

import numpy as np

from tts.lm.sequence import Sequence
from tts.text.symbols import END, PUNCTUATION, SPACE, START

OUTSIDE = {START, END, SPACE, *PUNCTUATION}  # of words
WORD = re.compile(r"\s*[^\s—–-]+(?:\s*[—–-]+)*")


def split_words(text: str) -> list[str]:
    """``text`` in words, each with what surrounds it: joined they are the text again, after one space. The parts of a
    hyphenated word are words, as espeak-ng speaks them.
    """
    return WORD.findall(" " + text.strip())


def word_spans(symbols: list[str]) -> list[tuple[int, int]]:
    """Where each spoken word is in ``symbols``: the index of its first symbol and the one after its last."""
    spans: list[tuple[int, int]] = []
    begin = None
    for i, symbol in enumerate([*symbols, SPACE]):
        if symbol in OUTSIDE:
            if begin is not None:
                spans.append((begin, i))
            begin = None
        elif begin is None:
            begin = i
    return spans


def positions_of(span: tuple[int, int], sequence: Sequence) -> tuple[int, int]:
    """The positions at which the symbols of ``span`` are spoken: the first and the one after the last."""
    begin, end = np.searchsorted(sequence.symbol_at, span)
    return int(begin), int(end)
