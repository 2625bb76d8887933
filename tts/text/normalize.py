"""Raw English text to speakable words: letters, apostrophes and the marks that pace speech, no digits or signs."""

from __future__ import annotations

import re

from tts.text.abbreviations import read_abbreviations
from tts.text.addresses import read_addresses
from tts.text.clean import plain
from tts.text.dates import read_dates, read_years
from tts.text.initialisms import LETTER_A, is_spelled, read_capitals, spell
from tts.text.numbers import label, plural
from tts.text.quantities import read_numbers, read_quantities
from tts.text.roman import read_romans
from tts.text.vocabulary import LETTERED

_RANK = "?!….—;:,"  # of marks that meet, the first of these is kept
_SIGNS = {
    "&": " and ", "@": " at ", "%": " percent ", "=": " equals ", "+": " plus ", "×": " times ", "÷": " divided by ",
    "±": " plus or minus ", "≈": " about ", "≠": " is not equal to ", "≤": " is at most ", "≥": " is at least ",
    "→": " to ", "√": " square root of ", "∞": " infinity ", "§": " section ", "°": " degrees ", "$": " dollars ",
    "£": " pounds ", "€": " euros ", "¥": " yen ", "₹": " rupees ", "₩": " won ", "¢": " cents ", "<": " less than ",
    ">": " greater than ", "|": ", ", "(": ", ", ")": ", ", "[": ", ", "]": ", ", "{": ", ", "}": ", ",
}  # fmt: skip
_SIGN = re.compile("[" + re.escape("".join(_SIGNS)) + "]")
_ELISIONS = ("tis", "twas", "twere", "twould", "em", "cause", "til", "bout", "round", "cuz", "nuff")
_ALNUM = re.compile(
    r"(?<![\w'])(?<!\d\.)(?=[A-Za-z-]{0,20}\d)(?=[\d-]{0,20}[A-Za-z])[A-Za-z0-9]{1,40}(?:-[A-Za-z0-9]{1,40}){0,3}"
    r"(?!\w|\.\d)"
)
_LETTERED = re.compile(r"\b((?:" + "|".join(sorted(LETTERED)) + r"|an) )A\b(?!')", re.I)
_POWER = {"2": " squared", "3": " cubed"}
_DOT_WORD = re.compile(  # .NET, .txt
    r"(?<![^\s(])\.(?=(?:[A-Z]{2,8}|com|org|net|io|gov|edu|txt|py|js|ts|jpe?g|png|gif|pdf|exe|zip|csv|json|ya?ml|md|html?|"
    r"css|env|git\w{0,12}|bashrc|vimrc|zshrc|docx?|xlsx?|mp[34]|wav)\b)"
)
_EMOTICON = re.compile(r"(?<![\w)])[:;]['-]?[()DPp|](?!\w)")
_PASSES = 4  # words that only stand apart after one pass ("5Dr. Lee") are read by the next; then nothing changes
_SPOKEN = re.compile(r"[A-Za-z]")


def _alnum(match: re.Match[str]) -> str:
    words = []
    for part in re.findall(r"[A-Za-z]+|\d+", match[0]):
        if part.isdigit():
            words.append(label(part))
        elif part == "s" and words and part == match[0][-1]:
            words[-1] = plural(words[-1])
        elif len(part) == 1 or (part.isupper() and is_spelled(part)):
            words.append(spell(part))
        else:
            words.append(part)
    return " ".join(words)


def _after_decimal(match: re.Match[str]) -> str:
    return f"{match[1]} {spell(match[2]) if len(match[2]) == 1 else match[2]}"


def _power(match: re.Match[str]) -> str:
    return _POWER[match[2]] if not match[1] and match[2] in _POWER else f" to the power of {match[1] or ''}{match[2]}"


def _signs(text: str) -> str:
    text = re.sub(r"([<>!=])=", lambda match: {"<": "≤", ">": "≥", "!": "≠", "=": "="}[match[1]], text)
    text = re.sub(r"[-=]{1,3}>", " to ", text)
    text = re.sub(r"(?<=\w) ?([<>])(?= ?\w)", r" is \1", text)
    text = re.sub(r"#(?=\d)", "number ", text)
    text = re.sub(r"~ ?(?=[$£€]?\d)", "about ", text)
    text = re.sub(r"\^(minus )?(\d{1,4})(?!\d)", _power, text)
    text = re.sub(r"\b(he|she|his|her|him)/(he|she|hers?|his|him)\b", r"\1 or \2", text, flags=re.I)
    text = re.sub(r"(?<=[A-Z])/(?=[A-Z])", " ", text)
    text = re.sub(r"\bA-(?=[a-z])", f"{LETTER_A} ", text)
    text = re.sub(r"(?<=&)([A-Z])s\b", r"\1's", text)
    text = re.sub(r"\b([A-DF])([+-])(?![\w+-])", lambda m: f"{spell(m[1])} {'plus' if m[2] == '+' else 'minus'}", text)
    text = re.sub(r"(?<=\w) ?/ ?(?=\w)", " slash ", text)
    return text


def _hyphens(text: str) -> str:
    text = re.sub(r"-{2,}", "—", text)
    text = re.sub(r" [-–]+ |–+|(?<=[A-Za-z])-(?=\"|'?$)", " — ", text)
    return text.replace("-", " ")


def _apostrophes(text: str) -> str:
    def leading(match: re.Match[str]) -> str:
        return match[0] if match[1].lower() in _ELISIONS else match[1]

    text = re.sub(r"(?<![A-Za-z])'+([A-Za-z]*)", leading, text)
    return re.sub(r"'+(?![A-Za-z])", "", text)


def _letter_a(text: str) -> str:
    """The letter A where it stands for itself: between other letters, or after "vitamin", "plan" and the like."""
    text = re.sub(
        r"\bA(?= (?:(?:to|or|and|versus|plus|over|through) )?[B-HJ-Z]\b(?!'))|(?<=\b[B-HJ-Z] )A\b(?!')", LETTER_A, text
    )
    return _LETTERED.sub(rf"\1{LETTER_A}", text)


def _marks(text: str) -> str:
    """Pace marks made single, attached to the word before them, dashes set off by spaces."""
    text = re.sub(r"\.{2,}", "…", text)
    text = re.sub(r"[?!….—;:,](?: *[?!….—;:,])+", lambda match: min(match[0].replace(" ", ""), key=_RANK.index), text)
    text = re.sub(r" *([?!….;:,]) *", r"\1 ", text)
    text = re.sub(r" *— *", " — ", text)
    return " ".join(text.split()).lstrip("?!….—;:, ").rstrip()


def _read(text: str) -> str:
    """One pass of every rule, from addresses (which hold digits and dots) to the marks that are left."""
    text = plain(text)
    text = re.sub(r"(?<!\w)[*_`~]{1,3}(?=[A-Za-z\"'])|(?<=[A-Za-z.!?,\"'])[*_`]{1,3}(?!\w)", "", text)
    text = _EMOTICON.sub(" ", text)
    text = _DOT_WORD.sub("dot ", text)
    text = read_addresses(text)
    text = re.sub(r"(?<=[a-z])([.!?])(?=[A-Z][a-z])", r"\1 ", text)
    text = read_dates(text)
    text = read_romans(read_abbreviations(text))
    text = read_quantities(text)
    text = _signs(text)
    text = re.sub(r"(?<![\w.])(\d{1,20}\.\d{1,20})([A-Za-z]{1,40})", _after_decimal, text)
    text = _ALNUM.sub(_alnum, text)
    text = read_years(text)
    text = read_numbers(text)
    text = _SIGN.sub(lambda match: _SIGNS[match[0]], text)
    text = _hyphens(text)
    text = read_capitals(text)
    text = re.sub(r"[^A-Za-z'?!….—;:, ]", " ", text)
    text = " ".join(_apostrophes(text).split())  # one space at most keeps what follows linear
    return _marks(_letter_a(text))


def normalize(text: str) -> str:
    """English ``text`` as the words a careful American newsreader would say.

    >>> normalize("Dr. Smith paid $9.99 on March 3, 2024.")
    'Doctor Smith paid nine dollars and ninety nine cents on March third, twenty twenty four.'

    Returns:
        Letters, apostrophes, spaces and the marks ``. , ! ? ; : — …``; normalising it again changes nothing.
        Initialisms are letters apart ("F B I"); the name of the letter A is written "eh", as espeak-ng needs it.
    Raises:
        ValueError: a letter of another script, or nothing that can be spoken.
    """
    spoken = ""
    for _ in range(_PASSES):
        previous, spoken = spoken, _read(spoken or text)
        if spoken == previous:
            break
    if not _SPOKEN.search(spoken):
        shown = repr(text if len(text) <= 60 else text[:57] + "...")
        raise ValueError(f"nothing to speak in {shown}; give at least one English word or number")
    return spoken
