"""Text that arrives piece by piece, as from another language model, to whole sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tts.text.split import split_sentences

LONGEST = 1000  # characters without an end of sentence, after which they are cut as they are
CONTEXT = 200  # characters before a sentence that tell where in its line it stands


def incoming_sentences(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Sentences as soon as they are known to be complete, those that a piece completes together.

    A sentence is complete when the next has begun and its first word has ended: only then is it certain that "Dr." or
    "3." was no end. They are the sentences that :func:`tts.text.split.split_sentences` makes of the whole text, unless
    one is longer than ``LONGEST``.

    Raises:
        ValueError: a piece is not a string.
    """
    said, waiting = "", ""  # the end of what is said, and what is not said yet
    for piece in pieces:
        if not isinstance(piece, str):
            raise ValueError(f"text must come in strings, not {type(piece).__name__}")
        waiting += piece
        if not waiting.strip():
            said, waiting = (said + waiting)[-CONTEXT:], ""
            continue
        word = len(waiting.split()[-1]) if not waiting[-1].isspace() else 0  # may not be whole yet
        known = said + (waiting[:-word] if 0 < word <= LONGEST else waiting)
        found = split_sentences(known, LONGEST, begin=len(said))
        if len(found) < 2:
            continue
        last = known.rindex(found[-1])
        whole = said + waiting
        said, waiting = whole[max(0, last - CONTEXT) : last], whole[last:]
        yield [part for sentence in found[:-1] for part in split_sentences(sentence)]
    yield split_sentences(said + waiting, begin=len(said))
