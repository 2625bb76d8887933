"""Number words: digits to spoken American English, without hyphens and without "and"."""

from __future__ import annotations

import re
from functools import lru_cache

from num2words import num2words

DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_LONGEST = 15  # digits that a reader still says as one number
_FRACTION_NAMES = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def _plain(words: str) -> str:
    return words.replace(" and ", " ").replace("-", " ").replace(",", "")


@lru_cache(maxsize=4096)
def cardinal(number: int) -> str:
    """``123`` to "one hundred twenty three"."""
    return _plain(num2words(number))


@lru_cache(maxsize=4096)
def ordinal(number: int) -> str:
    """``123`` to "one hundred twenty third"."""
    return _plain(num2words(number, to="ordinal"))


def digits(number: str) -> str:
    """Each digit by its name; anything else in ``number`` is passed over."""
    return " ".join(DIGIT_NAMES[int(mark)] for mark in number if mark.isdigit())


def spoken(number: str) -> str:
    """A written number ("1,234", "3.14", ".5", "007") as a reader says it."""
    whole, point, part = number.replace(",", "").partition(".")
    if len(whole) > _LONGEST or (len(whole) > 1 and whole[0] == "0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole)) if whole else ("zero" if point else "")
    return f"{words} point {digits(part)}" if part else words


def plural(words: str) -> str:
    """Number words in the plural: "ninety" to "nineties", "six" to "sixes"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def pair(number: int) -> str:
    """Two digits that follow others: 5 to "oh five", 45 to "forty five"."""
    return f"oh {cardinal(number)}" if number < 10 else cardinal(number)


def year(number: int) -> str:
    """1984 to "nineteen eighty four", 1900 to "nineteen hundred", 2005 to "two thousand five"."""
    high, low = divmod(number, 100)
    if not 1000 < number < 10000 or high % 10 == 0 and low < 10:
        return cardinal(number)
    return f"{cardinal(high)} hundred" if low == 0 else f"{cardinal(high)} {pair(low)}"


def label(number: str) -> str:
    """A number used as a name (room 101, Boeing 747, A380): "one oh one", "seven forty seven", "three eighty"."""
    if number[0] == "0" and len(number) > 1 or len(number) > 4:
        return digits(number)
    value = int(number)
    if len(number) == 3 and value % 100:
        return f"{cardinal(value // 100)} {pair(value % 100)}"
    return year(value) if len(number) == 4 else cardinal(value)


def fraction(top: int, bottom: int) -> str:
    """3, 4 to "three quarters"; denominators that have no everyday name are said "over"."""
    if not 2 <= bottom <= 100 or top > 100:
        return f"{cardinal(top)} over {cardinal(bottom)}"
    one, many = _FRACTION_NAMES.get(bottom) or (ordinal(bottom), ordinal(bottom) + "s")
    return f"{cardinal(top)} {one if top == 1 else many}"


def roman(numeral: str) -> int:
    """Value of a well-formed upper-case Roman numeral, 0 for anything else."""
    if not numeral or not _ROMAN.fullmatch(numeral):
        return 0
    values = [_ROMAN_DIGITS[mark] for mark in numeral] + [0]
    return sum(-a if a < b else a for a, b in zip(values, values[1:], strict=False))
