"""Sentence splitting of raw text: where it must cut, where it must not, and that nothing is lost."""

import random

import pytest

from tts.text.split import split_sentences

CASES = [
    ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
    ("Dr. Smith met Mrs. Lee. They spoke.", ["Dr. Smith met Mrs. Lee.", "They spoke."]),
    ("J. K. Rowling wrote it. I read it.", ["J. K. Rowling wrote it.", "I read it."]),
    ("George W. Bush spoke. He left.", ["George W. Bush spoke.", "He left."]),
    ("It was I. Then he left.", ["It was I.", "Then he left."]),
    ("Try plan B. The first failed.", ["Try plan B.", "The first failed."]),
    ("It costs $3.50. Pay 2.5% more.", ["It costs $3.50.", "Pay 2.5% more."]),
    ("See www.example.com/a.b?c. Then go.", ["See www.example.com/a.b?c.", "Then go."]),
    ("Write to j.doe@example.com. Thanks.", ["Write to j.doe@example.com.", "Thanks."]),
    ("The U.S. Army came. It won.", ["The U.S. Army came.", "It won."]),
    ("I live in the U.S. It is big.", ["I live in the U.S.", "It is big."]),
    ("We met at 7 p.m. Bob was late.", ["We met at 7 p.m.", "Bob was late."]),
    ("We met at 7 p.m. Monday. Bob came.", ["We met at 7 p.m. Monday.", "Bob came."]),
    ("Apples, etc. He ate.", ["Apples, etc.", "He ate."]),
    ("Use, e.g. Python. Or i.e. C.", ["Use, e.g. Python.", "Or i.e. C."]),
    ("Acme Inc. Shares rose. Inc. fell.", ["Acme Inc. Shares rose.", "Inc. fell."]),
    ("He works at Acme Inc. The firm grew.", ["He works at Acme Inc.", "The firm grew."]),
    ("See No. 5. No. I won't.", ["See No. 5.", "No.", "I won't."]),
    ("He lives on Elm St. near me. Fine.", ["He lives on Elm St. near me.", "Fine."]),
    ("On Jan. 5 it snowed. Cold!", ["On Jan. 5 it snowed.", "Cold!"]),
    ("It was 1984. The year began.", ["It was 1984.", "The year began."]),
    ("Wait... what? No… Never.", ["Wait... what?", "No…", "Never."]),
    ("Well... then. But... So?", ["Well... then.", "But...", "So?"]),
    ('"Stop!" he said. "Why?" She ran.', ['"Stop!" he said.', '"Why?"', "She ran."]),
    ("“Go.” “Now?” ‘Yes.’ Fine.", ["“Go.”", "“Now?”", "‘Yes.’", "Fine."]),
    ("(He left.) She stayed.", ["(He left.)", "She stayed."]),
    ("What?! No!!! Ok.", ["What?!", "No!!!", "Ok."]),
    ("A Title\n\nThe text\nis wrapped.", ["A Title", "The text\nis wrapped."]),
    ("Title\nThe text.\nMore text.", ["Title", "The text.", "More text."]),
    ("- first item\n- second item", ["- first item", "- second item"]),
    ("1. Open it.\n2. Close it.", ["1. Open it.", "2. Close it."]),
    ("Windows\r\n\r\nlines.", ["Windows", "lines."]),
    ("No end", ["No end"]),
    ("  \n ", []),
    ("", []),
    ("...", ["..."]),
]
LONG = (
    "When the rain had finally stopped, and the streets were quiet again, the old man opened his door, looked up at "
    "the sky, and went slowly down to the harbor; there the boats lay still, as if the storm had never come, and the "
    "gulls walked up and down the empty pier while he counted the masts one after another without a word"
)


def bare(text):
    return "".join(text.split())


@pytest.mark.parametrize(("text", "sentences"), CASES)
def test_splits(text, sentences):
    assert split_sentences(text) == sentences


def test_a_hard_wrapped_paragraph_is_one_sentence():
    text = (
        "It was the best of times and it was the worst of times, said\nMary, who had read the book in a single night."
    )
    assert len(split_sentences(text)) == 1


def test_long_sentences_are_cut_at_clause_marks_near_the_middle():
    pieces = split_sentences(LONG, max_chars=240)
    assert len(pieces) == 2
    assert pieces[0].endswith("harbor;")


@pytest.mark.parametrize("limit", [1, 7, 40, 80, 150, 240, 1000])
def test_no_piece_is_longer_than_the_limit(limit):
    pieces = split_sentences(LONG, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert bare("".join(pieces)) == bare(LONG)


def test_without_marks_the_cut_is_at_a_blank_near_the_middle():
    first, second = split_sentences("word " * 59 + "word", max_chars=240)
    assert abs(len(first) - len(second)) < 12


def test_a_word_longer_than_the_limit_is_cut():
    assert split_sentences("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


def test_any_mixture_keeps_every_character_in_order():
    pieces = [text for text, _ in CASES] + list(".!?…,;: \n\"'()-—aA1") + [LONG, "\u00a0", "\u2028"]
    draw = random.Random(0)
    for _ in range(500):
        text = draw.choice(["", " "]).join(draw.choices(pieces, k=draw.randint(1, 10)))
        limit = draw.choice([5, 60, 240])
        sentences = split_sentences(text, limit)
        assert bare("".join(sentences)) == bare(text)
        assert all(s == s.strip() and 0 < len(s) <= limit for s in sentences)


@pytest.mark.parametrize("piece", ["He met Dr. Lee. She paid $3.50. ", "a", ".", ". ", "\n", "A. ", "a\n", " "])
def test_a_megabyte_is_split(piece):
    text = piece * (1_000_000 // len(piece))
    assert bare("".join(split_sentences(text))) == bare(text)


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_below_one_is_refused(limit):
    with pytest.raises(ValueError, match=f"at least 1, not {limit}"):
        split_sentences("Hello.", limit)
