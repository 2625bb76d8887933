"""Raw text to sentences short enough to be spoken in one go."""

from __future__ import annotations

import math
import re

from tts.text.vocabulary import CLOCK_WORDS, COUNTED, ENDINGS, STARTERS, TITLES

_CLOSERS = "\"'”’»)]"
_STOP = re.compile(rf"[.!?…]{{1,20}}[{re.escape(_CLOSERS)}]{{0,4}}(?=\s|$)|\n")
_NEXT = re.compile(r"\s*([\"'“‘«(\[¿¡—–-]{0,4}\s?)(\w[\w'’]{0,30})?")
_LAST_WORD = re.compile(r"[\w.'’&-]{1,40}$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]", re.ASCII)
# Where a long sentence may be cut, from the best place to the worst.
_STRONG = re.compile(r"[;:—–](?=\s)|—(?=\w)|--")
_CLAUSE = re.compile(r",[\"'”’]?(?=\s)|[)\]](?=\s)|\s-(?=\s)")
_BLANK = re.compile(r"\S(?=\s)")
_WRAPPED = 55  # a line at least this long that stops without a mark goes on in the next line
_BULLET = re.compile(r"\s*(?:[-*•‣]|\d{1,3}[.)])\s")


def _abbreviated(before: str, after: str) -> bool:
    """Whether the full stop after ``before`` belongs to an abbreviation inside a sentence that ``after`` continues."""
    match = _LAST_WORD.search(before)
    word = match[0].lstrip("'’.-") if match else ""
    if word in TITLES:
        return True
    if _DOTTED.fullmatch(word):
        if word.lower() in ("a.m", "p.m"):
            return after in CLOCK_WORDS
        return word.lower() in ("e.g", "i.e") or after not in STARTERS
    if len(word) == 1 and word.isalpha() and word != "I":
        return word.isupper() and (after not in STARTERS or len(after) == 1) or after[:1].isdigit()
    if word in COUNTED and (after[:1].isdigit() or re.fullmatch("[VXLC][IVXLC]*|I[IVX]+", after)):
        return True
    if word in ("vs", "Vs", "St", "Ph.D", "cf", "viz"):
        return after not in STARTERS
    if word in ENDINGS:
        return word not in ("etc", "al") and after not in STARTERS
    line = before[: len(before) - len(word)].rstrip(" \t")  # "1." opens a list item when its line is empty before it
    return word.isdigit() and len(word) < 4 and (not line or line.endswith("\n"))


def _ends_line(line: str, text: str, at: int) -> bool:
    """Whether the newline at ``at``, after ``line``, ends a sentence (a paragraph, title or item) or only wraps it."""
    following = text[at + 1 : at + 80]
    if not following.strip():
        return True
    if following.split("\n", 1)[0].strip() == "" or _BULLET.match(following):
        return True
    first = following.lstrip()[:1]
    if line.rstrip()[-1:] in ",;—-" or first.islower():
        return False
    return line.rstrip()[-1:] in ".!?…:\"'”’)" or len(line) < _WRAPPED


def _ends_sentence(match: re.Match[str], text: str) -> bool:
    at = match.start()
    if match[0] == "\n":
        line = text[max(0, at - 2 * _WRAPPED) : at].rsplit("\n", 1)[-1]
        return _ends_line(line, text, at)
    coming = _NEXT.match(text, match.end())
    after = (coming[2] or "") if coming else ""
    if after[:1].islower():
        return False
    return match[0] != "." or not _abbreviated(text[max(0, at - 42) : at], after)


def _cut(sentence: str, length: int, limit: int) -> int:
    """Where to cut the head of ``length`` > ``limit`` characters: the best break near an even share of them."""
    target = length / math.ceil(length / limit)
    for pattern, nearest in ((_STRONG, 0.5), (_CLAUSE, 0.4), (_BLANK, 0.0)):
        ends = [m.end() for m in pattern.finditer(sentence, 0, limit + 1) if nearest * target <= m.end() <= limit]
        if ends:
            return min(ends, key=lambda end: abs(end - target))
    return limit


def split_sentences(text: str, max_chars: int = 240, begin: int = 0) -> list[str]:
    """Split raw ``text`` into sentences of at most ``max_chars`` characters.

    Abbreviations, initials, decimals and addresses do not end a sentence; a blank line does, and so does a newline that
    closes a title, an item or a paragraph. Longer sentences are cut at clause marks, else at blanks; a word longer than
    ``max_chars`` is cut. Nothing but white space is dropped. The first sentence is the one at ``begin``; what is before
    it only tells whether it stands at the beginning of a line.

    >>> split_sentences("Dr. Lee paid $3.50. She left.")
    ['Dr. Lee paid $3.50.', 'She left.']

    Raises:
        ValueError: ``max_chars`` is smaller than 1.
    """
    if max_chars < 1:
        raise ValueError(f"max_chars must be at least 1, not {max_chars}; 240 suits most voices")
    sentences, start = [], begin
    ends = [match.end() for match in _STOP.finditer(text, begin) if _ends_sentence(match, text)]
    for end in [*ends, len(text)]:
        sentence, start, at = text[start:end].strip(), end, 0
        while len(sentence) - at > max_chars:
            cut = _cut(sentence[at : at + max_chars + 2], len(sentence) - at, max_chars)
            sentences.append(sentence[at : at + cut].rstrip())
            at += cut
            while sentence[at].isspace():
                at += 1
        if at < len(sentence):
            sentences.append(sentence[at:])
    return sentences
