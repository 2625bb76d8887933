"""The phoneme inventory: espeak-ng's American English IPA, one symbol a phoneme, stress kept on the vowel."""

from __future__ import annotations

START, END, SPACE = "^", "$", " "
PUNCTUATION = (".", ",", "?", "!", ";", ":", "—", "…")
VOWELS = tuple("ɑː ɔː ɔ iː i uː ɪ ᵻ ɛ æ ʌ ə ɐ ʊ ɜː ɚ eɪ aɪ ɔɪ oʊ aʊ a o".split())
CONSONANTS = tuple("p b t d k ɡ f v θ ð s z ʃ ʒ h tʃ dʒ m n ŋ l ɹ j w ɾ ʔ".split())
STRESSES = ("", "ˌ", "ˈ")

SYMBOLS: tuple[str, ...] = (
    START,
    END,
    SPACE,
    *PUNCTUATION,
    *CONSONANTS,
    *(stress + vowel for vowel in VOWELS for stress in STRESSES),
)
SYMBOL_TO_ID: dict[str, int] = {symbol: index for index, symbol in enumerate(SYMBOLS)}

# What espeak-ng writes for rare and foreign sounds, in sounds of the inventory ("" = not sounded).
FOREIGN: dict[str, str] = {
    "x": "k", "ç": "h", "r": "ɹ", "ɬ": "l", "ɫ": "l", "ɲ": "n", "q": "k", "ɣ": "ɡ", "β": "v", "c": "k", "y": "uː",
    "ø": "ɜː", "œ": "ɜː", "ɒ": "ɑː", "e": "eɪ", "u": "uː", "ɑ": "ɑː", "ɜ": "ɜː", "ʍ": "w", "ɯ": "uː", "ʁ": "ɹ",
    "ɨ": "ɪ", "ʎ": "l", "ɵ": "oʊ", "g": "ɡ", "\u0329": "", "\u0303": "n", "ː": "", "ʲ": "", "ʰ": "", "\u032f": "",
    "\u032a": "", "ˑ": "",
}  # fmt: skip


def encode(symbols: list[str]) -> list[int]:
    """Symbols to ids. Raises ``ValueError`` naming the first unknown symbol."""
    try:
        return [SYMBOL_TO_ID[s] for s in symbols]
    except KeyError as error:
        raise ValueError(f"unknown phoneme {error.args[0]!r}; the inventory is {' '.join(SYMBOLS[3:])}") from None
