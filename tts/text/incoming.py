"""Text that arrives piece by piece, as from another language model, to whole sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tts.text.split import split_sentences

LONGEST = 1000  # characters without an end of sentence, after which they are cut as they are


def incoming_sentences(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Sentences as soon as they are known to be complete, those that a piece completes together.

    A sentence is complete when the next has begun and its first word has ended: only then is it certain that "Dr." or
    "3." was no end. They are the sentences that :func:`tts.text.split.split_sentences` makes of the whole text, unless
    one is longer than ``LONGEST``.

    Raises:
        ValueError: a piece is not a string.
    """
    waiting = ""
    for piece in pieces:
        if not isinstance(piece, str):
            raise ValueError(f"text must come in strings, not {type(piece).__name__}")
        waiting += piece
        whole_words = len(waiting) - len(waiting.split()[-1]) if waiting.split() and not waiting[-1].isspace() else None
        found = split_sentences(waiting[:whole_words], max_chars=LONGEST)
        if len(found) < 2:
            continue
        last = waiting.rindex(found[-1], 0, whole_words)
        waiting = waiting[last:]
        yield [part for sentence in found[:-1] for part in split_sentences(sentence)]
    yield split_sentences(waiting)
