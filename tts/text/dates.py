"""Dates, years and times of day as words."""

from __future__ import annotations

import re

from tts.text.initialisms import spell
from tts.text.numbers import cardinal, ordinal, pair, plural, year
from tts.text.vocabulary import CLOCK_WORDS

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SHORT = {name[:3]: name for name in MONTHS} | {"Sept": "September"}
_MONTH = r"(?P<month>" + "|".join(MONTHS) + r"|(?:Sept|" + "|".join(name[:3] for name in MONTHS) + r")\b\.?)"
_YEAR = r"(?P<year>[12]\d{3})(?![\d:]|[.,]\d)"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])"
_MONTH_DAY = re.compile(
    rf"\b{_MONTH} {_DAY}(?:st|nd|rd|th)?(?: ?[-–] ?(?P<last>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?)?"
    rf"(?![\d:%]|[.,/]\d|-\d| ?[ap]\.?m\b)(?:,? {_YEAR})?"
)
_DAY_MONTH = re.compile(
    rf"(?<![\d.,/$:-])(?P<the>[Tt]he )?{_DAY}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? {_YEAR})?(?![A-Za-z])"
)
_SLASHED = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2((?:19|20)?\d{2})(?![\d/-]|\.\d)")
_WEEKDAYS = {"Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday"} | {
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_WEEKDAY = re.compile(
    r"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?(?=,? (?:\d|" + "|".join(name[:3] for name in MONTHS) + r")[\w./]*)"
)
_SATURDAY = re.compile(r"\bSat\.(?=,)")
_ISO = re.compile(r"(?<![\d/.-])([12]\d{3})([/.-])(\d{1,2})\2(\d{1,2})(?![\d/-]|\.\d)(?:T(?=\d\d:\d\d))?")
_MONTH_OF_YEAR = re.compile(r"(?<![\w/.-])((?:19|20)\d\d)-(0[1-9])(?![\w-]|\.\d)")  # 2020-07; 2003-04 may be years
_SLASHED_DAY = re.compile(
    r"\b((?:[Oo]n|[Uu]ntil|[Ss]ince|[Bb]efore|[Aa]fter) )(?!9/11)"
    r"(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?![\d/]|[.,]\d| of)"
)
_DECADE = re.compile(r"(?<![\d.,$£€-])(?P<mid>[Mm]id-)?'?(?P<number>[12]\d\d0|[1-9]0)'?s\b")
_SHORT_YEAR = re.compile(r"(?<![\w'])'(\d\d)\b(?!['\d])")
_YEAR_RANGE = re.compile(r"(?<![\d.,$£€/-])(1[1-9]\d\d|20\d\d) ?[-–] ?((?:1[1-9]|20)?\d\d)(?![\d/%]|[.,-]\d)")
_COUNTED = (
    "people|men|women|children|kids|dollars|euros|pounds|cents|pages|words|books|times|miles|feet|meters|points|votes|"
    "calories|steps|seats|students|years|days|hours|minutes|seconds|soldiers|troops|cars|houses|homes|jobs|items|acres|"
    "square|degrees|grams|rpm|watts|copies|members|employees|workers|residents|units|lines|files|deaths|cases|per"
)
_BARE_YEAR = re.compile(rf"(?<![\d.,$£€:/#'A-Za-z+-])(1[1-9]\d\d|20\d\d)(?![\d%:/°]|[.,]\d|[A-Za-z]| (?:{_COUNTED})\b)")
_OLD_YEAR = re.compile(
    rf"\b((?:[Ii]n|[Ss]ince|[Bb]y|[Uu]ntil|[Yy]ear|circa) )(10\d\d)(?![\d%:/°]|[.,]\d|[A-Za-z]| (?:{_COUNTED})\b)"
)
_POINTED = re.compile(r"(?<![\w.:,])(1?\d|2[0-4])\.([0-5]\d)(?= ?[AaPp]\.?[Mm]\b)")  # 7.30 pm
_MERIDIEM = r"(?: ?(?P<half>[AaPp])(?:\.[Mm]\.?|[Mm]\b))"
_CLOCK = re.compile(
    rf"(?<![\d.:])(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?(?![\d:]|\.\d)(?:h\b)?{_MERIDIEM}?"
)
_HOUR = re.compile(rf"(?<![\d.:,])(?P<h>1[0-2]|0?[1-9]){_MERIDIEM}(?![A-Za-z])")
_HOURS = re.compile(
    rf"(?<![\d.:,])(\d{{1,2}}(?::\d\d)?(?: ?[AaPp]\.?[Mm]\.?)?) ?[-–] ?(?=\d{{1,2}}(?::\d\d)?{_MERIDIEM})"
)


def month_name(written: str) -> str:
    """ "Sept." to "September"."""
    written = written.rstrip(".")
    return _SHORT.get(written, written)


def _date(month: str, day: str, written_year: str | None) -> str:
    words = f"{month} {ordinal(int(day))}"
    return f"{words}, {year(int(written_year))}" if written_year else words


def _month_day(match: re.Match[str]) -> str:
    day = ordinal(int(match["day"])) + (f" to {ordinal(int(match['last']))}" if match["last"] else "")
    words = f"{month_name(match['month'])} {day}"
    return f"{words}, {year(int(match['year']))}" if match["year"] else words


def _day_month(match: re.Match[str]) -> str:
    words = f"{match['the'] or 'the '}{ordinal(int(match['day']))} of {month_name(match['month'])}"
    return f"{words}, {year(int(match['year']))}" if match["year"] else words


def _numeric(first: int, second: int, written_year: str, whole: str) -> str:
    if first > 12 >= second:  # day first, as most of the world writes it
        first, second = second, first
    if not (1 <= first <= 12 and 1 <= second <= 31):
        return whole
    if len(written_year) == 2:
        written_year = ("19" if int(written_year) > 50 else "20") + written_year
    return _date(MONTHS[first - 1], str(second), written_year)


def _month_of_year(match: re.Match[str]) -> str:
    ends = int(match[2]) > int(match[1][2:])
    return match[0] if ends else f"{MONTHS[int(match[2]) - 1]} {year(int(match[1]))}"


def _decade(match: re.Match[str]) -> str:
    number = int(match["number"])
    words = plural(cardinal(number) if number < 100 else year(number))
    return ("mid " if match["mid"] else "") + words


def _year_range(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    if len(last) == 2:
        if int(last) <= int(first[2:]):
            return match[0]
        return f"{year(int(first))} to {pair(int(last)) if int(last) > 9 else year(int(first[:2] + last))}"
    return f"{year(int(first))} to {year(int(last))}"


def meridiem(letter: str) -> str:
    """ "a" to the words of A.M. as espeak-ng needs them."""
    return spell(letter + "m")


def _ends(match: re.Match[str]) -> str:
    """The full stop that "p.m." shares with the end of its sentence."""
    rest = re.sub(r"[^A-Za-z ]", "", match.string[match.end() : match.end() + 14])
    return (
        "."
        if match[0].endswith(".")
        and (not rest.strip(" \"')") or (re.match(r" [A-Z][a-z]", rest) and rest.split()[0] not in CLOCK_WORDS))
        else ""
    )


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match["h"]), int(match["m"]), match["half"]
    if match["s"] and not half:
        parts = [(hour, "hour"), (minute, "minute"), (int(match["s"]), "second")]
        return ", ".join(f"{cardinal(n)} {name}{'' if n == 1 else 's'}" for n, name in parts)
    if minute:
        words = f"{cardinal(hour)} {pair(minute)}"
    elif half:
        words = cardinal(hour)
    else:
        words = f"{cardinal(hour)} o'clock" if 1 <= hour <= 12 else f"{cardinal(hour)} hundred"
    if match["s"] and int(match["s"]):
        words += f" and {cardinal(int(match['s']))} second{'' if int(match['s']) == 1 else 's'}"
    return f"{words} {meridiem(half)}{_ends(match)}" if half else words


def read_dates(text: str) -> str:
    """Every date, decade, year range and time of ``text`` in words."""
    text = _WEEKDAY.sub(lambda match: _WEEKDAYS[match[1][:3]], text)
    text = _SATURDAY.sub("Saturday", text)
    text = _POINTED.sub(r"\1:\2", text)
    text = re.sub(r"\b([Nn]oon|[Mm]idnight) ?[-–] ?(?=\d)", r"\1 to ", text)
    text = _HOURS.sub(lambda match: f"{match[1]} to ", text)
    text = _CLOCK.sub(_clock, text)
    text = _HOUR.sub(lambda match: f"{cardinal(int(match['h']))} {meridiem(match['half'])}{_ends(match)}", text)
    text = _ISO.sub(lambda match: _numeric(int(match[3]), int(match[4]), match[1], match[0]) + " ", text)
    text = _MONTH_OF_YEAR.sub(_month_of_year, text)
    text = _SLASHED.sub(lambda match: _numeric(int(match[1]), int(match[3]), match[4], match[0]), text)
    text = _SLASHED_DAY.sub(lambda match: match[1] + _date(MONTHS[int(match[2]) - 1], match[3], None), text)
    text = _MONTH_DAY.sub(_month_day, text)
    text = _DAY_MONTH.sub(_day_month, text)
    text = _DECADE.sub(_decade, text)
    text = _YEAR_RANGE.sub(_year_range, text)
    return _SHORT_YEAR.sub(lambda match: pair(int(match[1])), text)


def read_years(text: str) -> str:
    """The four-digit numbers of ``text`` that are years; to be called when quantities are already words."""
    text = _OLD_YEAR.sub(lambda match: match[1] + year(int(match[2])), text)
    return _BARE_YEAR.sub(lambda match: year(int(match[1])), text)
