"""Words that espeak-ng says wrong are said right, wherever they stand; and what it says right stays."""

import pytest

from tts.text.phonemize import phonemize, split_phonemes
from tts.text.pronunciations import SAID


def said(text: str) -> list[str]:
    return "".join(phonemize(text)[1:-1]).split()


def test_listed_words_are_of_known_phonemes_and_said_so() -> None:
    for word, ipa in SAID.items():
        assert "".join(split_phonemes(ipa)) == ipa, word
        assert said(word) == [ipa], word


def test_neighbours_are_said_as_for_the_word_itself() -> None:
    assert said("the obese kangaroo") == ["ðɪ", "oʊbˈiːs", "kˌæŋɡɚɹˈuː"]
    assert said("It dissolved a Blouse") == ["ɪt", "dɪzˈɑːlvd", "ɐ", "blˈaʊs"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("husband's", "hˈʌzbəndz"),
        ("blouse's", "blˈaʊsᵻz"),
        ("Kyiv's", "kˈiːvz"),
        ("loch's", "lˈɑːks"),
        ("faced", "fˈeɪst"),
        ("typed", "tˈaɪpt"),
        ("loved", "lˈʌvd"),
        ("state's", "stˈeɪts"),
        ("graphs", "ɡɹˈæfs"),
        ("dogs", "dˈɑːɡz"),
        ("months", "mˈʌnθs"),
        ("roses", "ɹˈoʊzᵻz"),
    ],
)
def test_endings(text: str, word: str) -> None:
    assert said(text) == [word]
