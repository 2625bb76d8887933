"""Money, measures, ranges, fractions, telephone numbers and the numbers that remain, as words."""

from __future__ import annotations

import re

from tts.text.initialisms import spell
from tts.text.numbers import cardinal, digits, fraction, label, ordinal, spoken
from tts.text.units import CODES, CURRENCIES, PER, SCALES, UNITS

_N = r"(?:\d{1,3}(?:,\d{3}){1,6}(?!\d)(?:\.\d{1,20})?|\d{1,20}(?:\.\d{1,20})?|\.\d{1,20})"
_SCALES = r"(?:thousand|million|billion|trillion|hundred|lakh|crore|[kKmMbBtT]|mm|MM|mn|[bB]n|tn)(?![A-Za-z])"
_SCALE = rf"(?:[ -]?(?P<scale>{_SCALES}))?"
_NOT_NOUNS = (  # after "a $5", these do not make it an adjective
    "in for from to a an per of and or on at by the each is was that as but more less with if when than every hundred "
    "thousand million billion trillion"
)
_SIGN = r"(?<![A-Za-z])R\$|[$£€¥₹₩]"
_MONEY = re.compile(
    rf"(?P<article>\b[Aa]n? )?(?P<minus>(?<![\w)])-)?(?:\b(?:US|CA|AU|NZ|HK|[CAS]))?(?P<sign>{_SIGN}) ?(?P<low>{_N})"
    rf"(?:(?P<scaled>[ -]?{_SCALES})?(?: ?[-–] ?| to )(?:{_SIGN})?(?P<high>{_N}))?{_SCALE}(?P<dollar>[ -]dollars?\b)?"
    rf"(?P<noun>[ -](?!(?:{_NOT_NOUNS.replace(' ', '|')})\b)[a-z]{{1,30}})?"
)
_COMMA_CENTS = re.compile(r"(?<=€)(\d{1,9}),(\d\d)(?!\d)|(?<![\w.,])(\d{1,9}),(\d\d)(?= ?€)")
_MONEY_AFTER = re.compile(rf"(?<![\w.,])(?P<low>{_N}){_SCALE} ?(?P<sign>[€£¥₹₩]|(?:USD|GBP|EUR|JPY|INR)\b)")
_CODE_BEFORE = re.compile(r"(?<!\d )(?<![\w/])(?:(USD|GBP|EUR|JPY|INR)|Rs) ?(?=\.?\d)")
_CENTS = re.compile(r"(?<![\w.,])(\d{1,9})¢")

_GROUPED = re.compile(
    r"(?<![\w.,])(?<!\d )(?<![Cc]all )([1-9]\d{0,2}(?: \d{3}){0,5}(?: 000)+)(?![\w]|[.,]\d| \d)"
)  # 10 000
_SCALED = re.compile(
    rf"(?<![\w.,])(?<!partment )(?<!eat )(?<!oom )(?P<n>{_N})(?: ?(?P<scale>[bBmt]n|[bm]ln)\b|(?P<letter>[MB])"
    r"(?= (?:people|users|views|subscribers|followers|downloads|customers|records|copies|barrels|tons|visitors|members|"
    r"parameters|tokens|rows|years)\b))"
)
_UNIT_NAMES = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
_PER_NAMES = "|".join(sorted(PER, key=len, reverse=True))
_MEASURE = re.compile(
    rf"(?<![\w.,$])(?P<n>{_N})(?P<gap>[ -]?)(?P<unit>{_UNIT_NAMES})(?P<power>\^[23])?"
    rf"(?P<dot>(?<=[A-Za-z])\.(?= ?[a-z,;:])|(?<=ft|lb)\.(?= \d))?"
    rf"(?:/(?P<per>{_PER_NAMES})(?P<cube>\^[23])?)?(?![A-Za-z0-9^'&])"
)
_INITIALS = re.compile(r" (?:[A-Z]|eh)\b(?!')")  # after a letter: spelled, so that it is no unit
_PER_AFTER = re.compile(rf"(?<=[a-z])/(?P<per>{_PER_NAMES})\b")
_HEIGHT = re.compile(r"(?<![\w.,])(\d{1,3})' ?(1[01]|\d)(?:\"|'')?(?![\w'])")
_FEET_INCHES = re.compile(
    r"(?<![\w.,])(\d{1,3}) ?(?:ft|feet)\.? ?(?:and )?(1[01]|\d)"
    r"(?: ?in(?:ch(?:es)?\b|\.|\b(?! (?:the|an?|my|his|her|total|length|diameter|heels|\d|[A-Z])))|(?!\w|[.,]\d| ))"
)
_FEET = re.compile(r"(?<![\w.,'])(\d{1,3}(?:,\d{3}){1,2}|\d{1,6})'(?![\w'])")
_INCHES = re.compile(r"(?<![\w.,'\"])(\d{1,4}(?:\.\d{1,3})?)(?:\"|'')(?=[ ,.]| ?x )")

_NOUN_AFTER = (
    r" (?!(?:wide|long|tall|high|deep|thick|by|and|of|in|to|or|from|is|was|at|x|apart|above|below|off)\b)[a-z]"
)
_PHONE = re.compile(r"(?<![\w.,$/-])(?:(\+?1)[-. ]?)?(?:\((\d{3})\) ?|(\d{3})[-. ])(\d{3})[-. ](\d{4})(?![\d-]|\.\d)")
_PHONE_LOCAL = re.compile(r"(?<![\w.,$/-])(\d{3})-(\d{4})(?![\w-])")
_PHONE_WORD = re.compile(r"(?<![\w-])1-(8\d\d)-(?=[A-Z])")
_PHONE_WORLD = re.compile(r"(?<!\w)\+(\d{1,3}(?:[- ]\d{2,5}){2,5})(?![\d-])")
_PHONE_ZERO = re.compile(r"(?<![\w.,$/:-])\(?(0\d{2,4})\)?((?: \d{3,6}){1,3})(?![\w:-]|[.,]\d| \d)")
_HEX = re.compile(r"(?<!\w)0[xX]([0-9A-Fa-f]{1,64})\b")
_SERIAL = re.compile(r"(?<![\w.,$/-])(\d{1,8}(?:-\d{1,8}){2,6})(?![\w-])")
_DOTTED = re.compile(r"(?<![\w.,])(?P<v>[vV]\.? ?)?(?P<n>\d{1,6}(?:\.\d{1,6}){2,5})(?![\w])")
_VERSION = re.compile(r"(?<![\w.])[vV]\.? ?(?=\d{1,4}(?:\.\d|\b))")
_EVEN_SPLIT = re.compile(r"(?<![\w.,/-])(\d{1,4})-\1(?![\w/-]|[.,]\d)")
_RANGE = re.compile(rf"(?<![\w.,/-])({_N})(%|°[CF]?)? ?[-–] ?(?={_N}(?!\d|-\d))")
_MINUS_SUM = re.compile(rf"({_N}) - (?={_N} ?=)")
_DIVISION = re.compile(r"(?<=\d) ?/ ?(?=\d{1,20} ?=)")
_PORTIONS = "tbsp|tsp|oz|lbs?|gal|qt|pt|kg|km|cm|mm|mi|ft|yds?|hrs?|mins?|mL|ml"
_FRACTION = re.compile(
    r"(?<![\w.,/])(?:(\d{1,3})[ -](?:and )?)?(\d{1,6})/(\d{1,6})(?![\d/]|[.,]\d)(?:ths?|rds?)?"
    rf"(?:[ -]?(?P<unit>{_PORTIONS})\b\.?(?! [A-Z]))?"
)
_SCIENTIFIC = re.compile(r"(?<![\w.])(\d{1,6}(?:\.\d{1,9})?)(?:e|E(?=[+-]))([+-]?)(\d{1,3})(?![\w.]\w|\w)")
_OUT_OF = re.compile(  # marks: 4.5/5, 4/5 stars, rated 9/10
    r"(?<![\w.,/])(\d{1,2}\.\d(?=/(?:5|10|100)(?!\d))|\d(?=/\d stars?\b)|(?:rat(?:ed?|es|ing)|scor(?:e|ed|es|ing)|"
    r"solid|gets?|got|g[ai]ve (?:it|this|him|her|them))(?: of| it)?(?: an?)? \d{1,2}(?=/10(?!\d)))/(\d{1,3})"
    r"(?![\w/]|[.,]\d| ?(?:GHz|lens|mm|kg|of|inch(?:es)?|miles?|cups?|sec(?:onds?)?|percent|scale)\b)"
)
_SAID = {"24/7": "twenty four seven", "9/11": "nine eleven", "20/20": "twenty twenty"}
_ORDINAL = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:st|nd|rd|th|ST|ND|RD|TH)\b")
_RATIO = re.compile(r"(?<![\w.,:])(\d{1,6}):(\d{1,6})(?![\w:])")
_LABELLED = re.compile(
    r"\b(Room|room|Route|Highway|Interstate|Flight|flight|Boeing|Airbus|Apartment|Suite|Area|Channel|Bus|bus|error) "
    r"(\d{1,5})\b"
)
_RESOLUTION = re.compile(r"(?<![\w.,])([1-9]\d{2,3}) ?[xX] ?([1-9]\d{2,3})(?![\w.,]\d|\w)")
_COUNT_BY = re.compile(rf"({_N}) ?[xX] ?(?={_N})")
_TIMES = re.compile(rf"({_N}) ?[×*] ?(?={_N})")
_MULTIPLE = re.compile(r"(?<![\w.])(\d{1,6}(?:\.\d{1,3})?)[x×](?!\w)")
_NUMBER = re.compile(_N)


def _amount(number: str, scale: str | None, sign: str, adjective: bool) -> str:
    one, many, cent, cents = CURRENCIES[sign]
    if scale:
        return f"{spoken(number)} {SCALES[scale.lower()]} {one if adjective else many}"
    whole, _, part = number.replace(",", "").partition(".")
    if len(part) != 2:
        return f"{spoken(number)} {one if adjective or number == '1' else many}"
    units, small = int(whole or 0), int(part)
    words = [f"{spoken(whole)} {one if adjective or units == 1 else many}"] if units or not small else []
    words += [f"{cardinal(small)} {cent if small == 1 else cents}"] if small else []
    return " and ".join(words)


def _money(match: re.Match[str]) -> str:
    article, noun = match["article"] or "", match["noun"] or ""
    low, sign = match["low"], match["sign"]
    words = "minus " if match["minus"] else ""
    adjective = bool(article and noun) or match["dollar"] == "-dollar"
    if match["scaled"] or (match["high"] and "." in low):
        words += _amount(low, (match["scaled"] or "").strip(" -"), sign, adjective) + " to "
    elif match["high"]:
        words += f"{spoken(low)} to "
    amount = _amount(match["high"] or low, match["scale"], sign, adjective)
    following = match.string[match.end() : match.end() + 1]
    return f"{article}{words}{amount}{noun.replace('-', ' ')}{' ' if following.isalnum() else ''}"


def _money_after(match: re.Match[str]) -> str:
    return _amount(match["low"], match["scale"], CODES.get(match["sign"], match["sign"]), False)


def _scaled(match: re.Match[str]) -> str:
    return f"{spoken(match['n'])} {SCALES[(match['scale'] or match['letter'])[0].lower()]}"


def _feet_inches(match: re.Match[str]) -> str:
    feet, inches = cardinal(int(match[1])), cardinal(int(match[2]))
    if "i" not in match[0]:  # 6ft2
        return f"{feet} foot {inches}"
    return f"{feet} {'foot' if match[1] == '1' else 'feet'} {inches} inch{'' if match[2] == '1' else 'es'}"


def _measure(match: re.Match[str]) -> str:
    unit, number = match["unit"], match["n"]
    if unit in ("s", "t") and not match["gap"] and "." not in number:  # the 80s, a 747s crew
        return match[0]
    if unit.isupper() and len(unit) == 1 and _INITIALS.match(match.string, match.end()):
        return match[0]
    name = UNITS[unit][number != "1" and match["gap"] != "-"]
    if match["power"]:
        name = ("square " if match["power"] == "^2" else "cubic ") + name
    if match["per"]:
        name += f" per {PER[match['per']]}" if not match["cube"] else _per_power(PER[match["per"]], match["cube"])
    return f"{number} {name}"


def _per_power(unit: str, power: str) -> str:
    """Seconds are squared ("per second squared"), lengths are square ("per square meter")."""
    if unit == "second":
        return " per second " + ("squared" if power == "^2" else "cubed")
    return (" per square " if power == "^2" else " per cubic ") + unit


def _phone(match: re.Match[str]) -> str:
    area = match[2] or match[3]
    country = digits(match[1] or "") + (" eight hundred" if match[1] and area == "800" else "")
    groups = [country, "" if country.endswith("hundred") else digits(area), digits(match[4]), digits(match[5])]
    groups[1] = "eight hundred" if groups[1] and area == "800" else groups[1]
    return ", ".join(group for group in groups if group)


def _phone_zero(match: re.Match[str]) -> str:
    groups = [match[1], *match[2].split()]
    return ", ".join(map(digits, groups)) if 9 <= sum(map(len, groups)) <= 12 else match[0]


def _inches(match: re.Match[str]) -> str:
    inside = match.string.count('"', 0, match.start()) % 2 if match[0].endswith('"') else 0
    if inside:
        return match[0]
    adjective = re.match(_NOUN_AFTER, match.string[match.end() : match.end() + 12])
    return f"{match[1]} inch" + ("" if match[1] == "1" or adjective else "es")


def _fraction(match: re.Match[str]) -> str:
    whole, top, bottom = match[1], int(match[2]), int(match[3])
    said = _SAID.get(f"{match[2]}/{match[3]}")
    if said and not whole:
        return said
    if top + bottom == 100 and not whole:  # a split: 80/20, 50/50
        return f"{cardinal(top)} {cardinal(bottom)}"
    words = fraction(top, bottom) if top != bottom else f"{cardinal(top)} out of {cardinal(bottom)}"
    unit = UNITS.get(match["unit"])
    if not whole:
        if unit is None:
            return words
        return f"{words} {unit[0]}" if top == 1 else f"{words} of {'an' if unit[0][0] in 'aeiou' else 'a'} {unit[0]}"
    words = f"{whole} and " + ("a" + words[3:] if top == 1 and bottom != 8 else words)
    return words if unit is None else f"{words} {unit[1]}"


def _scientific(match: re.Match[str]) -> str:
    factor = "" if match[1] == "1" else f"{match[1]} times "
    return f"{factor}ten to the power of {'minus ' if match[2] == '-' else ''}{int(match[3])}"


def read_quantities(text: str) -> str:
    """Money, telephone numbers, ranges, measures and fractions of ``text`` in words; plain numbers stay digits."""
    text = _GROUPED.sub(lambda match: match[1].replace(" ", ""), text)
    text = _PHONE.sub(_phone, text)
    text = _PHONE_LOCAL.sub(lambda match: f"{digits(match[1])}, {digits(match[2])}", text)
    text = _PHONE_WORD.sub(
        lambda match: "one eight hundred " if match[1] == "800" else f"one {digits(match[1])} ", text
    )
    text = _PHONE_ZERO.sub(_phone_zero, text)
    text = _PHONE_WORLD.sub(lambda match: "plus " + ", ".join(map(digits, re.split("[- ]", match[1]))), text)
    text = _HEX.sub(lambda match: "zero X " + " ".join(digits(c) or spell(c) for c in match[1]), text)
    text = _SERIAL.sub(lambda match: ", ".join(map(digits, match[1].split("-"))), text)
    text = _SCIENTIFIC.sub(_scientific, text)
    text = _DOTTED.sub(_dotted, text)
    text = _VERSION.sub("version ", text)
    text = _COMMA_CENTS.sub(lambda match: f"{match[1] or match[3]}.{match[2] or match[4]}", text)
    text = _CODE_BEFORE.sub(lambda match: CODES[match[1] or "INR"], text)
    text = _MONEY.sub(_money, text)
    text = _MONEY_AFTER.sub(_money_after, text)
    text = _SCALED.sub(_scaled, text)
    text = _CENTS.sub(lambda match: f"{cardinal(int(match[1]))} cent{'' if match[1] == '1' else 's'}", text)
    text = _MINUS_SUM.sub(lambda match: f"{match[1]} minus ", text)
    text = _EVEN_SPLIT.sub(r"\1 \1", text)
    text = _RANGE.sub(lambda match: f"{match[1]}{match[2] or ''} to ", text)
    text = re.sub(r"(?<![\w.)])-(?=\.?\d)", "minus ", text)
    text = _FEET_INCHES.sub(_feet_inches, text)
    text = _HEIGHT.sub(lambda match: f"{cardinal(int(match[1]))} foot {cardinal(int(match[2]))}", text)
    text = _INCHES.sub(_inches, text)
    text = _FEET.sub(lambda match: f"{match[1]} {'foot' if match[1] == '1' else 'feet'}", text)
    text = _DIVISION.sub(" ÷ ", text)
    text = _OUT_OF.sub(r"\1 out of \2", text)
    text = _FRACTION.sub(_fraction, text)
    text = _TIMES.sub(lambda match: f"{match[1]} times ", text)
    text = _RESOLUTION.sub(lambda match: f"{label(match[1])} by {label(match[2])}", text)
    text = _COUNT_BY.sub(lambda match: f"{match[1]} by ", text)
    text = _MEASURE.sub(_measure, text)
    text = re.sub(r"\bmmHg\b", "millimeters of mercury", text)  # after 120/80, words by now
    text = _PER_AFTER.sub(lambda match: f" per {PER[match['per']]}", text)
    text = re.sub(r"(?<=\d(?:st|nd|rd|th))[-–](?=\d{1,4}(?:st|nd|rd|th)\b)", " to ", text)
    text = _ORDINAL.sub(lambda match: ordinal(int(match[1].replace(",", ""))), text)
    text = _LABELLED.sub(lambda match: f"{match[1]} {label(match[2])}", text)
    text = _MULTIPLE.sub(lambda match: f"{match[1]} times", text)
    return _RATIO.sub(lambda match: f"{match[1]} to {match[2]}", text)


def _dotted(match: re.Match[str]) -> str:
    groups = match["n"].split(".")
    joint = " dot " if len(groups) == 4 and not match["v"] else " point "
    return ("version " if match["v"] else "") + joint.join(spoken(group) for group in groups)


def read_numbers(text: str) -> str:
    """The numbers that no other rule took, as cardinals or decimals."""
    text = re.sub(r"(?<![\w.])911(?![\w.])", "nine one one", text)
    return _NUMBER.sub(lambda match: f" {spoken(match[0])} ", text)
