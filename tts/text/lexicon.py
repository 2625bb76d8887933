"""How somebody wants words to be said: a word and its phonemes a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tts.text.clean import plain
from tts.text.phonemize import split_phonemes, unknown_sounds
from tts.text.symbols import CONSONANTS, VOWELS


def checked_lexicon(words: Mapping[str, str]) -> dict[str, str]:
    """Words in any case to IPA, as :func:`tts.text.phonemize.phonemize` takes them.

    Raises:
        ValueError: what is no single word of letters, or a sound that is not in the inventory.
    """
    found = {}
    for word, ipa in words.items():
        key = plain(word).lower()
        if not re.fullmatch("[a-z]+", key):
            raise ValueError(f"{word!r} in the lexicon is not one word of letters")
        if unknown := unknown_sounds(ipa):
            sounds = " ".join(dict.fromkeys(sound.strip("ˈˌ") for sound in (*VOWELS, *CONSONANTS)))
            raise ValueError(f"{unknown[0]!r} in {ipa!r}, how the lexicon has {word!r} said, is no sound of {sounds}")
        said = "".join(split_phonemes(ipa))
        if not said:
            raise ValueError(f"the lexicon does not say how {word!r} is said; give IPA, such as nˈaɪki for Nike")
        found[key] = said
    return found


def read_lexicon(path: str | Path) -> dict[str, str]:
    """A UTF-8 file with a word and its IPA on every line ("Nike nˈaɪki"); what follows a # is not read.

    Raises:
        ValueError: unreadable, or as for :func:`checked_lexicon`, with the number of the line.
    """
    try:
        lines = Path(path).read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise ValueError(f"cannot read the lexicon {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"the lexicon {path} is not UTF-8 text: byte {error.start}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        word, _, ipa = line.partition("#")[0].strip().partition(" ")
        try:
            found |= checked_lexicon({word: "".join(ipa.split())}) if word else {}
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    if not found:
        raise ValueError(f"the lexicon {path} has no word; give lines such as: Nike nˈaɪki")
    return found
