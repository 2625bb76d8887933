"""How somebody wants words to be said: a word and its phonemes a line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from string import ascii_lowercase

from tts.text.phonemize import split_phonemes, unknown_sounds
from tts.text.symbols import CONSONANTS, VOWELS

# Signs that dictionaries write otherwise, or that the inventory does without.
_WRITTEN = str.maketrans(
    {"ɝ": "ɜː", "ʤ": "dʒ", "ʧ": "tʃ", "g": "ɡ", "'": "ˈ"} | dict.fromkeys(".‿/[]() \u00a0\u0361\u035c", "")
)


class Lexicon:
    """Words and how they are said.

    Args:
        words: to IPA. A word in capitals ("US") is meant in capitals alone, others in any case; plurals and
            possessives follow.
    Raises:
        ValueError: a word without a letter or digit, or a sound that is not in the inventory.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = {_checked_word(word): _checked_ipa(word, ipa) for word, ipa in words.items()}
        # Nothing of the normaliser or of the homographs knows these, so they come through to the phonemes.
        names = ("xq" + "".join(letters) for letters in product(ascii_lowercase, repeat=4))
        self._names = {_key(word): name for word, name in zip(self.words, names, strict=False)}
        self.said = {self._names[_key(word)]: ipa for word, ipa in self.words.items()}
        longest = "|".join(map(_beginning, sorted(self.words, key=len, reverse=True))) or "(?!)"
        self._pattern = re.compile(rf"({longest})((?<=\w)['’]?s)?(?:(?<!\w)|(?!\w))", re.I)

    def apply(self, text: str) -> str:
        """Text with a name that ``said`` knows in the place of every listed word."""

        def name(match: re.Match[str]) -> str:
            word, end = match[1], match[2] or ""
            found = self._names.get(word) or self._names.get(word.lower())
            if found is None:  # "us", where "US" is listed
                return match[0]
            return (found.capitalize() if word[0].isupper() else found) + end.lower()

        return self._pattern.sub(name, unicodedata.normalize("NFC", text))


def _key(word: str) -> str:
    return word if word.isupper() and len(word) > 1 else word.lower()


def _beginning(word: str) -> str:
    """A pattern of the word where it does not go on another."""
    return (r"(?<!\w)" if word[0].isalnum() else "") + re.escape(word)


def _checked_word(word: str) -> str:
    if not isinstance(word, str) or not any(c.isalnum() for c in word):
        raise ValueError(f"{word!r} in the lexicon is no word")
    return unicodedata.normalize("NFC", word.strip())


def _checked_ipa(word: str, ipa: str) -> str:
    if not isinstance(ipa, str):
        raise ValueError(f"the lexicon has {word!r} said as {ipa!r}; give IPA, such as nˈaɪki for Nike")
    written = ipa.translate(_WRITTEN)
    if unknown := unknown_sounds(written):
        sounds = " ".join(dict.fromkeys(sound.strip("ˈˌ") for sound in (*VOWELS, *CONSONANTS)))
        raise ValueError(f"{unknown[0]!r} in {ipa!r}, how the lexicon has {word!r} said, is no sound of {sounds}")
    said = "".join(split_phonemes(written))
    if not said:
        raise ValueError(f"the lexicon does not say how {word!r} is said; give IPA, such as nˈaɪki for Nike")
    return said


def read_lexicon(path: str | Path) -> dict[str, str]:
    """A UTF-8 file with a word and its IPA on every line ("Nike nˈaɪki"); what follows a # that stands apart is a note.

    Raises:
        ValueError: unreadable, or as for :class:`Lexicon`, with the number of the line.
    """
    try:
        lines = Path(path).read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise ValueError(f"cannot read the lexicon {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"the lexicon {path} is not UTF-8 text: byte {error.start}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        word, ipa, *_ = [*re.sub(r"(?:^|\s)#.*", "", line).split(maxsplit=1), "", ""]
        try:
            found |= Lexicon({word: ipa}).words if word else {}
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    if not found:
        raise ValueError(f"the lexicon {path} has no word; give lines such as: Nike nˈaɪki")
    return found
