"""Words to phonemes."""

from __future__ import annotations

import pytest

from tts.text.phonemize import phonemize, split_phonemes
from tts.text.symbols import SYMBOL_TO_ID, SYMBOLS, encode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there, friend.", "^ h ə l ˈoʊ _ ð ˈɛ ɹ , f ɹ ˈɛ n d . $"),
        ("Who? Me!", "^ h ˈuː ? m ˈiː ! $"),
        ("Yes", "^ j ˈɛ s $"),
        ("church judge boy", "^ tʃ ˈɜː tʃ _ dʒ ˈʌ dʒ _ b ˈɔɪ $"),
        (", , Hello!!", "^ h ə l ˈoʊ ! $"),
    ],
)
def test_symbols(text: str, expected: str) -> None:
    assert " ".join("_" if s == " " else s for s in phonemize(text)) == expected


def test_symbols_are_unique_and_known() -> None:
    assert len(SYMBOL_TO_ID) == len(SYMBOLS)
    assert encode(phonemize("The quick brown fox jumps over the lazy dog; isn't that a pleasure?"))
    with pytest.raises(ValueError, match="ʘ"):
        encode(["ʘ"])


def test_foreign_sounds_become_their_neighbours() -> None:
    assert split_phonemes("lˈɑːx") == ["l", "ˈɑː", "k"]
    assert split_phonemes("bˈʌʔn̩") == ["b", "ˈʌ", "ʔ", "n"]


@pytest.mark.parametrize("text", ["", "...", " , "])
def test_nothing_to_say(text: str) -> None:
    with pytest.raises(ValueError, match="nothing to speak"):
        phonemize(text)
