"""Text as written to sentences of phonemes."""

from __future__ import annotations

from tts.text.lexicon import Lexicon
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize
from tts.text.split import split_sentences

MAX_CHARACTERS = 200_000  # about four hours of speech


class UnreadableText(ValueError):
    """``reason``: what is wrong with the text at ``place``, counted from 0, of several."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(f"text {place + 1}: {reason}")
        self.place, self.reason = place, reason


def read_text(text: str, lexicon: Lexicon | None = None) -> list[list[str]]:
    """The phoneme symbols of every sentence; the words of ``lexicon`` are said as it has them.

    Raises:
        ValueError: not a string, too long, or nothing in it to speak.
    """
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, not {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} can be spoken at once")
    sentences = read_sentences(split_sentences(text), lexicon)
    if not sentences:
        raise ValueError(f"nothing to speak in {text[:40]!r}; give at least one English word")
    return sentences


def read_sentences(sentences: list[str], lexicon: Lexicon | None = None) -> list[list[str]]:
    """The phoneme symbols of ``sentences``; those without a letter or digit are left out."""
    return [read_sentence(sentence, lexicon) for sentence in sentences if any(c.isalnum() for c in sentence)]


def read_sentence(sentence: str, lexicon: Lexicon | None = None) -> list[str]:
    """The phoneme symbols of one sentence. Raises ``ValueError`` when there is nothing in it to speak."""
    if lexicon is None:
        return phonemize(normalize(sentence))
    return phonemize(normalize(lexicon.apply(sentence)), lexicon.said)
