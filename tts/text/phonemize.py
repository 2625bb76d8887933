"""Normalised English words to phoneme symbols, by phonemizer and the espeak-ng library that a wheel brings."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from tts.text.homographs import GUIDE, guided, unguided
from tts.text.pronunciations import SAID, held_out, put_back
from tts.text.symbols import END, FOREIGN, PUNCTUATION, SPACE, START, SYMBOL_TO_ID

_CHUNKS = re.compile("([" + "".join(map(re.escape, PUNCTUATION)) + "])")
_STRESS = "ˈˌ"


@lru_cache(maxsize=1)
def _backend() -> Any:
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    quiet = logging.getLogger("tts.espeak")  # it warns wherever espeak-ng joins two words, which harms nothing here
    quiet.setLevel(logging.ERROR)
    return EspeakBackend("en-us", with_stress=True, language_switch="remove-flags", logger=quiet)


def _units(ipa: str) -> Iterator[str]:
    """IPA cut into symbols, longest match first, and marks of stress."""
    at = 0
    while at < len(ipa):
        long = ipa[at] not in _STRESS and ipa[at : at + 2] in SYMBOL_TO_ID
        unit = ipa[at : at + 2] if long else ipa[at]
        at += len(unit)
        yield unit


def unknown_sounds(ipa: str) -> list[str]:
    """What in ``ipa`` is neither stress nor a sound of the inventory or near one."""
    sounds = {*SYMBOL_TO_ID, *FOREIGN, *_STRESS} - {START, END, SPACE, *PUNCTUATION}
    return [unit for unit in _units(ipa) if unit not in sounds]


def split_phonemes(ipa: str) -> list[str]:
    """One word of espeak-ng IPA to inventory symbols, longest match first; foreign sounds become their neighbours.

    >>> split_phonemes("tʃˈɔɪs")
    ['tʃ', 'ˈɔɪ', 's']
    """
    symbols: list[str] = []
    stress = ""
    for unit in _units(ipa):
        if unit in _STRESS:
            stress = unit
            continue
        unit = unit if unit in SYMBOL_TO_ID else FOREIGN.get(unit, "")
        if stress + unit in SYMBOL_TO_ID and unit:
            symbols.append(stress + unit)
            stress = ""
        elif unit:  # a consonant: the stress waits for its vowel
            symbols.append(unit)
    return symbols


def _ipa(chunks: list[str], said: Mapping[str, str]) -> list[list[str]]:
    """Words between marks to IPA word by word, as espeak-ng joins them, or as ``said``."""
    if not chunks:
        return []
    given = [held_out(chunk, said) for chunk in chunks]
    own = [GUIDE in text.lower() for text, _ in given]  # says it itself: it is left as it is
    texts = [text if plain else guided(text) for (text, _), plain in zip(given, own, strict=True)]
    made = []
    for ipa, (_, held), plain in zip(_backend().phonemize(texts, strip=True), given, own, strict=True):
        words = ipa.split()
        made.append(put_back(words if plain else unguided(words), held))
    return made


def phonemize(text: str, said: Mapping[str, str] | None = None) -> list[str]:
    """Phoneme symbols of one sentence that :func:`tts.text.normalize.normalize` wrote; ``said`` has the IPA of words
    in lower case that are said otherwise than espeak-ng has them.

    Returns:
        ``["^", ..., "$"]``: phonemes, a space between words, punctuation marks as symbols (no space beside them).
    Raises:
        ValueError: nothing in ``text`` can be spoken.
    """
    chunks = [chunk.strip() for chunk in _CHUNKS.split(text)]
    spoken = [chunk for chunk in chunks if chunk and chunk not in PUNCTUATION]
    ipa = iter(_ipa(spoken, SAID | dict(said or {})))
    symbols = [START]
    for chunk in chunks:
        if not chunk:
            continue
        if chunk in PUNCTUATION:
            if symbols[-1] not in PUNCTUATION and symbols[-1] != START:
                symbols.append(chunk)
            continue
        words = [word for word in map(split_phonemes, next(ipa)) if word]
        for index, word in enumerate(words):
            symbols += ([SPACE] if index else []) + word
    if len(symbols) == 1:
        raise ValueError(f"nothing to speak in {text[:60]!r}; give at least one English word")
    return [*symbols, END]
