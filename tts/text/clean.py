"""Raw Unicode to a small set of plain characters: what :mod:`tts.text.normalize` reads."""

from __future__ import annotations

import html
import re
import unicodedata

_QUOTES = dict.fromkeys("“”„‟«»‹›〝〞＂", '"') | dict.fromkeys("‘’‚‛`´′ʼʹʻ", "'") | {"″": "''"}
_DASHES = dict.fromkeys("‐‑⁃", "-") | dict.fromkeys("‒–", "–") | dict.fromkeys("―⸺⸻", "—")
_FRACTIONS = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8", "⅐": "1/7", "⅑": "1/9", "⅒": "1/10",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "gamma", "Δ": "delta", "Θ": "theta", "Λ": "lambda", "Π": "pi",
    "Σ": "sigma", "Φ": "phi", "Ψ": "psi", "Ω": "omega",
}  # fmt: skip
# Before NFKC, which would turn these into letters and digits that run into their neighbours.
_BEFORE = str.maketrans(
    _QUOTES
    | _DASHES
    | {mark: f" {value}" for mark, value in _FRACTIONS.items()}
    | {"™": "", "®": "", "©": " ", "℠": "", "º": "°", "…": "...", "⁄": "/", "∕": "/", "−": "-"}
    | {
        "×": " × ",
        "≫": " > ",
        "≪": " < ",
        "✕": " × ",
        "№": "No. ",
        "¢": "¢",
        "·": " ",
        "•": ", ",
        "‣": ", ",
        "※": " ",
        "\u00ad": "",
    }
)
_UNFOLDED = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe"}
    | {"þ": "th", "Þ": "Th", "ð": "th", "Ð": "Th", "ı": "i", "ħ": "h", "ŋ": "ng"}
)
_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|span|p|br|div|h[1-6]|li|ul|ol|sup|sub|code|speak)(?:\s[^<>]{0,300})?/?>", re.I
)
_GREEK_LETTER = re.compile("(?<![Ͱ-Ͽ])[" + "".join(_GREEK) + "](?![Ͱ-Ͽ])")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = re.compile(
    "(?<=[0-9)])⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|(?<![A-Za-z])(?<=[A-Za-z])⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|(?<![A-Za-z]{3})(?<=[A-Za-z])[²³](?![⁰¹²³⁴⁵⁶⁷⁸⁹])"
)
_FOOTNOTE = re.compile("(?<=[A-Za-z.,;:!?\"'”’])[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_MICROS = {"s": "seconds", "F": "farads", "A": "amps", "V": "volts", "W": "watts", "H": "henries"}
_SMALL = re.compile(r"(?<=\d) ?[µμ]([sFAVWH])\b")
_OHMS = re.compile(r"(?<=\d) ?([mkM]?)Ω")
_MICRO = re.compile(r"(?<=\d)[µμ](?=[mgL]\b)|(?<=\d )[µμ](?=[mgL]\b)")
_PARAGRAPH = re.compile(r"(?<=([^\s]))[^\S\n]*\n[^\S\n]*(?:\n\s*)(?=\S)")
_KEPT = "—–…€£¥₹₩¢°×÷±≈≠≤≥→√∞§"  # signs that later rules read
_ENDINGS = ".!?:;,…—-"


def _fold(char: str) -> str:
    """One Latin letter without its accents."""
    plain_letters = char.translate(_UNFOLDED)
    return unicodedata.normalize("NFD", plain_letters)[0] if len(plain_letters) == 1 else plain_letters


def _replacement(char: str) -> str:
    """What stands for ``char`` (not ASCII) in plain text."""
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category[0] == "L":
        if not unicodedata.name(char, "").startswith("LATIN"):
            raise ValueError(
                f"cannot speak {char!r} ({unicodedata.name(char, 'unknown character').title()}): "
                "English text in Latin letters is expected"
            )
        folded = _fold(char)
        return folded if folded.isascii() else ""
    if category in ("Cf", "Mn", "Me"):
        return ""
    if category[0] == "Z" or category == "Cc":
        return " "
    return char if char in _KEPT else " "


def plain(text: str) -> str:
    """``text`` in ASCII and a few signs: entities, tags, accents, odd blanks and emoji resolved; one line.

    Raises:
        ValueError: a letter of a script that is not Latin.
    """
    text = _TAG.sub(" ", html.unescape(text))
    text = _POWER.sub(lambda match: "^" + match[0].translate(_SUPERSCRIPTS), text)
    text = _FOOTNOTE.sub("", text)
    text = unicodedata.normalize("NFKC", text.translate(_BEFORE))
    text = _SMALL.sub(lambda match: f" micro{_MICROS[match[1]]}", text)
    text = _OHMS.sub(lambda match: {"": " ohms", "m": " milliohms", "k": " kilohms", "M": " megohms"}[match[1]], text)
    text = _MICRO.sub("u", text)
    text = _GREEK_LETTER.sub(lambda match: f" {_GREEK[match[0]]} ", text)
    if not text.isascii():
        odd = list(dict.fromkeys(char for char in text if not char.isascii()))
        text = text.translate({ord(char): _replacement(char) for char in odd})
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _PARAGRAPH.sub(lambda match: " " if match[1] in _ENDINGS else ". ", text)
    return " ".join(text.split())
