"""Words written alike and said apart; and that nothing of what helps espeak-ng is left in the phonemes."""

import pytest

from tts.text.phonemize import phonemize

SAID = [  # text, the word in question and how it is said in it
    ("Close the door", 0, "klˈoʊz"), ("please close your eyes", 1, "klˈoʊz"), ("close to the door", 0, "klˈoʊs"),
    ("Use the key", 0, "jˈuːz"), ("Use caution", 0, "jˈuːz"), ("Use of force", 0, "jˈuːs"),
    ("the use the king made", 1, "jˈuːs"), ("Record a message", 0, "ɹᵻkˈɔːɹd"),
    ("the record a king broke", 1, "ɹˈɛkɚd"),
    ("then present your ticket", 1, "pɹɪzˈɛnt"), ("Separate the eggs", 0, "sˈɛpɚɹˌeɪt"),
    ("Excuse me", 0, "ɛkskjˈuːz"), ("an excuse my teacher believes", 1, "ɛkskjˈuːs"), ("she read it", 1, "ɹˈɛd"),
    ("did she read it", 2, "ɹˈiːd"), ("I read it yesterday", 1, "ɹˈɛd"), ("I read it every day", 1, "ɹˈiːd"),
    ("they used to be friends", 1, "jˈuːst"), ("I'm used to it", 1, "jˈuːst"),
    ("it is used to make bread", 2, "jˈuːzd"), ("we didn't use to", 2, "jˈuːst"), ("my resume", 1, "ɹˈɛzuːmˌeɪ"),
    ("resume your work", 0, "ɹᵻzˈuːm"), ("lead pipes", 0, "lˈɛd"), ("lead the way", 0, "lˈiːd"),
    ("take a bow", 2, "bˈaʊ"), ("a bow tie", 1, "bˈoʊ"), ("the bow of the ship", 1, "bˈaʊ"),
    ("a minute amount", 1, "mˈaɪnuːt"), ("last minute changes", 1, "mˈɪnɪt"), ("he dove in", 1, "dˈoʊv"),
    ("the dove flew", 1, "dˈʌv"), ("she seemed content", 2, "kəntˈɛnt"), ("sea bass", 1, "bˈæs"),
    ("Polish the shoes", 0, "pˈɑːlɪʃ"), ("Polish people", 0, "pˈoʊlɪʃ"),
    ("the first record that he broke", 2, "ɹˈɛkɚd"), ("he was not present that day", 3, "pɹˈɛzənt"),
    ("rain and wind all night", 2, "wˈɪnd"), ("close all day", 0, "klˈoʊs"), ("close that door", 0, "klˈoʊz"),
    ("use among teens has grown", 0, "jˈuːs"), ("please use caution", 1, "jˈuːz"),
    ("doesn't she read it", 2, "ɹˈiːd"), ("has she read it", 2, "ɹˈɛd"), ("it was used to bring water", 2, "jˈuːzd"),
    ("what did you use to fix it", 3, "jˈuːz"), ("a lame excuse you gave", 2, "ɛkskjˈuːs"),
    ("he took his bow from the wall", 3, "bˈoʊ"), ("he took a bow and arrow", 3, "bˈoʊ"),
    ("he took his bow", 3, "bˈaʊ"),
    ("press the resume button", 2, "ɹᵻzˈuːm"), ("black bass guitar", 1, "bˈeɪs"),
    ("they lead crystal tours", 1, "lˈiːd"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "word"), SAID)
def test_a_homograph_is_said_as_its_sentence_has_it(text: str, place: int, word: str) -> None:
    assert "".join(phonemize(text)[1:-1]).split()[place] == word


def test_no_guide_is_heard_and_none_that_is_meant_is_lost() -> None:
    assert "".join(phonemize("Close the door, and close it")[1:-1]) == "klˈoʊz ðə dˈɔːɹ,ænd klˈoʊz ɪt"
    assert "".join(phonemize("you shan't close the door")[1:-1]).split()[1] == "ʃˌɑːnt"
