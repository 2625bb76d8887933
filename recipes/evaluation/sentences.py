"""The evaluation sentences, and which sentences of the text sources are kept out of training.

`sentences/modern.txt` holds 100 of our own; `sentences/hard.txt` 200 that are hard to say (tongue twisters, consonant
clusters, long words, numbers, chains of vowels); `sentences/heldout.txt` 100 of the public-domain sources of the corpus
recipe (LJ Speech transcripts, Project Gutenberg novels), drawn from its test split. The last was made by

    python -m recipes.evaluation.sentences ljspeech.txt fiction.txt > recipes/sentences/heldout.txt
"""

from __future__ import annotations

import random
import re
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "sentences"
EVERYDAY = ("heldout", "modern")
SETS = (*EVERYDAY, "hard")
PLAIN = re.compile(r"(?!.*--)[A-Za-z][A-Za-z',.;:!? -]{29,159}")  # no digits, quotes or dashes


def is_test(sentence: str) -> bool:
    """Whether a source sentence belongs to the test split (1 in 50), which the corpus recipe never trains on."""
    return zlib.crc32(sentence.strip().encode()) % 50 == 0


def read_sentences(name: str) -> list[str]:
    """One of the committed sets, by name."""
    if name not in SETS:
        raise ValueError(f"no sentence set {name!r}; there are {', '.join(SETS)}")
    return [line.strip() for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines() if line.strip()]


def all_sentences(limit: int | None = None) -> dict[str, list[str]]:
    """Both everyday sets by name; with a limit, that many in all, evenly spread over each set."""
    sets = {name: read_sentences(name) for name in EVERYDAY}
    return sets if limit is None else {k: spread(v, -(-limit // len(sets))) for k, v in sets.items()}


def spread(items: list[str], limit: int | None) -> list[str]:
    """At most `limit` of `items`, evenly spaced."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[i * len(items) // limit] for i in range(limit)]


def mixed(limit: int | None = None) -> list[str]:
    """Both everyday sets in turn, short sentences left out: for measures that need some seconds of speech."""
    pairs = zip(*(read_sentences(name) for name in EVERYDAY), strict=True)
    return spread([s for pair in pairs for s in pair if len(s) >= 30], limit)


def running_text(n_chars: int) -> str:
    """A text of at least `n_chars` characters for long synthesis: `mixed` in a fixed order, again and again."""
    sentences = [s[0].upper() + s[1:].rstrip(",;:") for s in mixed()]
    sentences = [s if s[-1] in ".!?" else s + "." for s in sentences]
    text: list[str] = []
    length, turn = 0, 0
    while length < n_chars:
        if turn % len(sentences) == 0:
            random.Random(turn).shuffle(sentences)
        text.append(sentences[turn % len(sentences)])
        length += len(text[-1]) + 1
        turn += 1
    return " ".join(text)


def sample_test(paths: Iterable[Path], n_each: int = 50, seed: int = 0) -> list[str]:
    """`n_each` test-split sentences of 30 to 160 plain characters from every source, drawn with `seed`."""
    sampled: list[str] = []
    for path in paths:
        lines = dict.fromkeys(line.strip() for line in path.read_text(encoding="utf-8").splitlines())
        fitting = [s for s in lines if is_test(s) and PLAIN.fullmatch(s) and not s.endswith(("Mr.", "Mrs."))]
        sampled += random.Random(seed).sample(fitting, n_each)
    return sampled


if __name__ == "__main__":
    print(*sample_test([Path(name) for name in sys.argv[1:]]), sep="\n")
