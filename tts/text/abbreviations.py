"""Titles, shortened words and initials in full."""

from __future__ import annotations

import re

from tts.text.initialisms import spell
from tts.text.vocabulary import COUNTED, ENDINGS, LETTERED, PHRASES, SAINTS, STARTERS, TITLES

_TITLE = re.compile(
    r"\b(" + "|".join(TITLES) + r")\.(?= ?[A-Z\"'(])|\b(Dr|Mr|Mrs|Ms|Prof|Sgt|Capt|Lt|Mt|Gov|Sen|Gen) (?=[A-Z][a-z])"
)
_ENDING = re.compile(r"\b(" + "|".join(re.escape(key) for key in ENDINGS) + r")\.(?!\w)")
_COUNTED = re.compile(r"(?<![\w.'])(" + "|".join(COUNTED) + r")\. ?(?=[#(]?\d|I?[VXLC][IVXLC]*\b|I[IVX]+\b)")
_PHRASE = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(key) for key in PHRASES) + r")(?![\w+#])", re.ASCII)
_WITH = re.compile(r"(?<!\w)w/(?=[ a-z])(?!o\b)")
_SAINT = re.compile(
    r"(\b(?:[A-Z][a-z]{1,30}(?:'s)?|\d{1,4}(?:st|nd|rd|th)) )?\bSt\.?(?= ?([A-Z][a-z]{1,30})| *)(?![A-Za-z])"
)
_DOCTOR_DRIVE = re.compile(r"(?<=[a-z] )Dr\.(?! ?[A-Z])")
_DOCTORATE = re.compile(r"\bPh\.? ?D(?:\.(?!s\b)|\b)?(\.?'?s\b)?")
_DOTTED = re.compile(
    r"(?<![\w.])([A-Za-z](?:\.[A-Za-z]){1,8}(?:\.|(?![\w.])))('s\b)?(?![A-Za-z])"
    r"|(?<![\w.])((?:[A-Z]\. ?){1,4})(?=[A-Z][a-z])"
)


def _stop(match: re.Match[str]) -> str:
    """The full stop that an abbreviation shares with the end of its sentence, "" inside a sentence."""
    rest = match.string[match.end() : match.end() + 24].lstrip("\"') ")
    word = re.match(r"[A-Za-z]+", rest)
    return "." if not rest or (word and word[0] in STARTERS) else ""


def _saint(match: re.Match[str]) -> str:
    before, after = match[1] or "", match[2] or ""
    saintly = after in SAINTS if before and before.strip() not in STARTERS else bool(after)
    if not saintly and not before:
        return match[0]
    return before + ("Saint" if saintly else "Street" + (_stop(match) if match[0].endswith(".") else ""))


def _dotted(match: re.Match[str]) -> str:
    if match[3]:
        letters = re.sub("[^A-Z]", "", match[3])
        word = re.match(r"[A-Za-z]+", match.string[match.end() : match.end() + 24])
        before = re.search(r"([A-Za-z]+) $", match.string[max(0, match.start() - 20) : match.start()])
        named = bool(before) and before[1].lower() in LETTERED
        if letters == "I" or (len(letters) == 1 and (named or (word and word[0] in STARTERS))):
            return match[0]
        return spell(letters) + " "
    letters = match[1].replace(".", "")
    return spell(letters) + (match[2] or _stop(match))


def _doctorate(match: re.Match[str]) -> str:
    if match[1]:
        return "P H D's"
    return "P H D" + (_stop(match) if match[0].endswith(".") else "")


def read_abbreviations(text: str) -> str:
    """Titles, shortened words and initials of ``text`` in full."""
    text = _WITH.sub("with ", text)
    text = _PHRASE.sub(lambda match: PHRASES[match[0]], text)
    text = _SAINT.sub(_saint, text)
    text = _DOCTOR_DRIVE.sub("Drive", text)
    text = re.sub(r"\bMr\.? (?=(?:and|&|or) Mrs\b)", "Mister ", text)
    text = re.sub(r"\bDr\.? (?=(?:and|&|or) (?:Dr|Mrs?|Ms)\b)", "Doctor ", text)
    text = _TITLE.sub(lambda match: TITLES[match[1] or match[2]] + ("" if match[1] else " "), text)
    text = _COUNTED.sub(lambda match: COUNTED[match[1]] + " ", text)
    text = _ENDING.sub(lambda match: ENDINGS[match[1]] + _stop(match), text)
    text = _DOCTORATE.sub(_doctorate, text)
    return _DOTTED.sub(_dotted, text)
