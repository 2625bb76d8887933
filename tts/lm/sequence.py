"""The speaking format: phonemes and codes interleaved, phoneme by phoneme.

    prefix  [voice] [style]
    then, for every phoneme or pause p:   [p]  code code ... code  (advance)

The model is at every moment on one phoneme. It emits that phoneme's codes and then *advance*, which brings in the
next one; so no word can be skipped or repeated, attention to the text is local and length is bounded phoneme by
phoneme. This is UniTTS's interleaving (arXiv 2505.17426) taken down to the phoneme, the arrangement of ELLA-V (arXiv
2401.07333). Look-ahead comes from a small encoder over the sentence's symbols: every position also receives the
encoding of its phoneme, which knows some twelve symbols on either side and the sentence's closing mark.

Spaces have no codes of their own: they are read by the encoder, and what the aligner gave them belongs to the phoneme
before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts.text.symbols import PUNCTUATION, SPACE, encode

MARKS = ("", *PUNCTUATION)


def closing_mark(symbols: list[str]) -> int:
    """Index into ``MARKS`` of the sentence's last punctuation mark (0 if there is none)."""
    marks = [s for s in symbols if s in PUNCTUATION]
    return MARKS.index(marks[-1]) if marks else 0


def spoken_positions(symbols: list[str]) -> list[int]:
    """Indices of the symbols that have codes: all but spaces."""
    return [i for i, s in enumerate(symbols) if s != SPACE]


@dataclass
class Sequence:
    """One utterance in the speaking format; ``L`` positions after the prefix.

    symbols (S,) ids; mark; symbol_at (L,) index into symbols; code_in (L,) the code that position carries, -1 where
    it carries a phoneme; age (L,) codes since the phoneme began; target (L,) the next code, -1 for advance.
    """

    symbols: np.ndarray
    mark: int
    symbol_at: np.ndarray
    code_in: np.ndarray
    age: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.target)


def build(symbols: list[str], ends: list[float], codes: np.ndarray, frame_rate: float) -> Sequence:
    """Interleave ``symbols`` (ending at ``ends`` seconds) with ``codes`` at ``frame_rate`` codes per second."""
    spoken = spoken_positions(symbols)
    following = [*spoken[1:], len(symbols)]
    borders = [min(len(codes), round(ends[nxt - 1] * frame_rate)) for nxt in following]
    borders[-1] = len(codes)
    symbol_at, code_in, age, target = [], [], [], []
    begin = 0
    for position, border in zip(spoken, borders, strict=True):
        own = [int(c) for c in codes[begin:border]]
        begin = max(begin, border)
        symbol_at += [position] * (len(own) + 1)
        code_in += [-1, *own]
        age += range(len(own) + 1)
        target += [*own, -1]
    arrays = (np.asarray(x, np.int64) for x in (symbol_at, code_in, age, target))
    return Sequence(np.asarray(encode(symbols), np.int64), closing_mark(symbols), *arrays)


def join(clips: list[Sequence]) -> Sequence:
    """Several utterances as one, in their order: a longer reference."""
    offsets = np.cumsum([0, *(len(c.symbols) for c in clips[:-1])])
    return Sequence(
        np.concatenate([c.symbols for c in clips]),
        clips[-1].mark,
        np.concatenate([c.symbol_at + offset for c, offset in zip(clips, offsets, strict=True)]),
        np.concatenate([c.code_in for c in clips]),
        np.concatenate([c.age for c in clips]),
        np.concatenate([c.target for c in clips]),
    )
