"""Our phonemes in the letters of Kokoro and its kin: misaki's, one a diphthong or affricate, no length marks."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

LONGEST = 400  # letters
DURATION_S = 0.025  # the unit that networks of this family count a letter's length in
ALPHABET = {
    "eɪ": "A", "aɪ": "I", "oʊ": "O", "aʊ": "W", "ɔɪ": "Y", "tʃ": "ʧ", "dʒ": "ʤ", "ɚ": "əɹ", "ɜː": "ɜɹ", "ɐ": "ə",
    "ʔ": "t", "ɾ": "T", "ɑː": "ɑ", "ɔː": "ɔ", "iː": "i", "uː": "u", "o": "O", "a": "ɑ",
}  # fmt: skip


@lru_cache(maxsize=1)
def _vocabulary() -> dict[str, int]:
    """Numbers of the letters, from ``hibari-tts``; they are Kokoro's own."""
    return json.loads((Path(str(resources.files("hibari"))) / "assets" / "vocab.json").read_text("utf-8"))


def spell(symbols: list[str]) -> tuple[np.ndarray, list[int]]:
    """Letter numbers (1, N), silence before and after, and for each the place in ``symbols`` that it belongs to.

    Raises:
        ValueError: there are more than ``LONGEST`` letters.
    """
    letters, owner = [0], [0]
    for index, symbol in enumerate(symbols[1:-1], start=1):
        stress = symbol[0] if symbol[0] in "ˈˌ" else ""
        base = symbol[len(stress) :]
        found = [_vocabulary()[c] for c in stress + ALPHABET.get(base, base)]
        letters += found
        owner += [index] * len(found)
    if len(letters) >= LONGEST:
        raise ValueError(f"{len(letters) + 1} teacher letters; at most {LONGEST}")
    return np.asarray([[*letters, 0]], np.int64), [*owner, len(symbols) - 1]


def symbol_ends(durations: np.ndarray, owner: list[int]) -> np.ndarray:
    """When each symbol ends, s, from the lengths of the letters (any shape)."""
    lengths = np.zeros(owner[-1] + 1)
    np.add.at(lengths, owner, np.asarray(durations).reshape(-1))
    return np.cumsum(lengths) * DURATION_S
