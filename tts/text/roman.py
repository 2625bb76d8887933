"""Roman numerals after names and numbered words: "Henry VIII", "Chapter IV", "World War II"."""

from __future__ import annotations

import re

from tts.text.numbers import cardinal, ordinal, roman
from tts.text.vocabulary import GIVEN_NAMES, NOT_ROMAN, NUMBERED

_ROMAN = re.compile(
    r"(?<![\w'])(?P<before>(?:(?P<first>[A-Z][a-z]{1,30}) )?(?P<name>[A-Z][a-z]{1,30}) (?P<the>the )?)"
    r"(?P<numeral>[IVXLCM]{1,9})(?P<own>'s)?(?![A-Za-z0-9'])(?!\.[A-Za-z])"
)
_ROMAN_LOWER = re.compile(
    r"\b([Cc]hapter|[Pp]art|[Bb]ook|[Vv]olume|[Aa]ct|[Ss]cene|[Ss]ection|article|phase|type|stage|[Ll]evel|[Pp]age) "
    r"([IVXLC]{1,8}|[ivxlc]{1,8})\b(?!')"
)
_WORLD_WAR = re.compile(r"\bWW ?(II?|1|2)\b")
# Numerals that are no initialisms are numbers wherever they stand.
_BARE = re.compile(r"(?<![\w'.-])(?:II|III|VII?I?|IX|XI{1,3}|XIV|XVI{0,3}|XIX|XXI{1,3})(?![\w'])")
_CENTURY = re.compile(r"\b([IVXL]{1,6})(?:th)?(?= (?:century|centuries))")


def _roman(match: re.Match[str]) -> str:
    numeral, name, first = match["numeral"], match["name"], match["first"]
    value = roman(numeral)
    numbered = name in NUMBERED
    regnal = name in GIVEN_NAMES or first in GIVEN_NAMES
    if not value or not (numbered or regnal or numeral not in NOT_ROMAN):
        return match[0]
    if numeral == "I" and name != "War" and not ((numbered or regnal) and _noun_follows(match, regnal)):
        return match[0]
    if len(numeral) == 1 and not numbered and (numeral not in "IVX" or name == "Malcolm"):
        return match[0]
    words = ("the " if not match["the"] else "") + ordinal(value) if regnal and not numbered else cardinal(value)
    return match["before"] + words + (match["own"] or "")


def _noun_follows(match: re.Match[str], regnal: bool) -> bool:
    """Whether the text after "Chapter I" or "Elizabeth I" lets the I be a number and not the pronoun."""
    rest = match.string[match.end() : match.end() + 16]
    return bool(
        re.match(r"(?:[^\w ]| [^\w ]| (?:of|in|and|is|begins|ends|opens)\b|$)", rest)
        or (regnal and re.match(r" (?:was|ruled|reigned|died|became|ascended|married|succeeded)\b", rest) is not None)
    )


def _roman_lower(match: re.Match[str]) -> str:
    numeral = match[2]
    value = roman(numeral.upper())
    if not value or (len(numeral) == 1 and numeral.islower()) or (numeral == "I" and not _noun_follows(match, False)):
        return match[0]
    return f"{match[1]} {cardinal(value)}"


def read_romans(text: str) -> str:
    """The Roman numerals of ``text`` in words; the pronoun I and initialisms stay."""
    text = _WORLD_WAR.sub(lambda match: "World War " + ("one" if match[1] in "I1" else "two"), text)
    text = _CENTURY.sub(lambda match: ordinal(roman(match[1])) if roman(match[1]) else match[0], text)
    text = _ROMAN_LOWER.sub(_roman_lower, text)
    text = _ROMAN.sub(_roman, text)
    return _BARE.sub(lambda match: cardinal(roman(match[0])), text)
