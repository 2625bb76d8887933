"""Words in capitals: which are spelled letter by letter, which are acronyms said as words, which only shout."""

from __future__ import annotations

import re

from tts.text.vocabulary import ACRONYMS, ALSO_WORDS, SHORT_WORDS, SPELLED

LETTER_A = "eh"  # espeak-ng reads "A" as the article; it reads "eh" as the name of the letter
_VOWELS = frozenset("AEIOUY")
_CAPITALS = re.compile(r"(?<![A-Za-z'])([A-Z]{2,40})('?s)?(?![A-Za-z])")
_MIXED = re.compile(r"(?<![A-Za-z'])([a-z])([A-Z]{2,5})(?![A-Za-z])")
_TAIL = re.compile(r"(?<=[a-z]{2})(?=[A-Z]{2,5}(?![A-Za-z]))")  # macOS
_CONTRACTION = re.compile(r"(?<![A-Za-z'])([A-Z]{1,12})'(S|T|LL|RE|VE|D|M)(?![A-Za-z'])")
_LETTER_PLURAL = re.compile(r"(?<![A-Za-z'])([B-HJ-LN-TV-Z])s(?![A-Za-z'])")


def spell(letters: str) -> str:
    """ "ATM" letter by letter, in the form that espeak-ng pronounces: a space between, "A" as :data:`LETTER_A`."""
    letters = letters.upper()
    return " ".join(LETTER_A if letter == "A" else letter for letter in letters)


def _pronounceable(word: str) -> bool:
    """Whether English could say ``word``: a vowel, no long run of consonants, a start that exists."""
    if not _VOWELS & set(word) or re.search(r"[^AEIOUY]{4}", word):
        return False
    if re.match(r"[^AEIOUY]{2}", word) and not re.match(
        r"(?:[BCFGPK][LR]|[DT]R|[CSTWPG]H|S[CKLMNPQTW]|[DT]W|QU|KN|WR|[A-Z]Y|TH[RW]|SHR|CHR|GN)", word
    ):
        return False
    return not re.search(r"(?:[BCDFGJKPTVM][BCDGJPVFM]|[^AEIOUYLSFRNTHKCDMPGBWZX])$", word) or len(word) > 5


def is_spelled(word: str) -> bool:
    """Whether a reader spells the capitals ``word`` letter by letter."""
    if word in SPELLED:
        return True
    if word in ACRONYMS or word in SHORT_WORDS:
        return False
    return len(word) <= 3 or not _pronounceable(word)


def _contraction(match: re.Match[str]) -> str:
    """DON'T to "don't", IT'S to "it's", I'M to "I'm"; FBI'S keeps its letters."""
    word, tail = match[1], match[2].lower()
    if len(word) > 1 and tail in "sd" and is_spelled(word) and word not in ALSO_WORDS:
        return f"{word}'{tail}"
    return f"{word if word == 'I' else word.lower()}'{tail}"


def read_capitals(text: str) -> str:
    """Spell the initialisms of ``text``, lower the words that shout, keep acronyms."""
    words = re.findall(r"[A-Za-z']{2,}", text)
    shouting = sum(len(w) > 1 and w.isupper() and not is_spelled(w) for w in words) > max(1, len(words) // 2)

    def read(match: re.Match[str]) -> str:
        word, tail = match[1], match[2] or ""
        if shouting and word in ALSO_WORDS and word not in ACRONYMS:
            return word.lower() + tail
        if word == "WHO" and not shouting and text[max(0, match.start() - 4) : match.start()].lower() == "the ":
            return "W H O" + tail
        if word == "OK":
            return "okay" + ("'s" if tail else "")
        if word in ACRONYMS:
            return word + tail
        if is_spelled(word):
            return spell(word[:-1]) + (" " if len(word) > 1 else "") + (f"{word[-1]}'s" if tail else spell(word[-1]))
        return word.lower() + tail

    text = _CONTRACTION.sub(_contraction, text)
    text = _LETTER_PLURAL.sub(r"\1's", text)
    text = _MIXED.sub(lambda match: spell(match[0]), text)
    text = _TAIL.sub(" ", text)
    return _CAPITALS.sub(read, text)
