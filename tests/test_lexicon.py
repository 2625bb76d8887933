"""How a user wants words said: in a file, in Python, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tts import Synthesizer, read_lexicon
from tts.cli import main
from tts.text.lexicon import Lexicon
from tts.text.read import read_text

LINES = "\ufeffNguyen ŋwˈɪn  # as in Saigon\n\n# words\nSQL\tsˈiː kwəl\nTomato /təˈmɑː.toʊ/\nC# ˈkriːz\n"


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(LINES, encoding="utf-8")
    return path


def said(text: str, words: dict[str, str]) -> str:
    return " ".join("".join(sentence[1:-1]) for sentence in read_text(text, Lexicon(words)))


def test_listed_words_are_said_so(lexicon: Path) -> None:
    words = read_lexicon(lexicon)
    assert words == {"Nguyen": "ŋwˈɪn", "SQL": "sˈiːkwəl", "Tomato": "təmˈɑːtoʊ", "C#": "kɹˈiːz"}
    assert said("My SQL, Nguyen's tomato.", words) == "maɪ sˈiːkwəl,ŋwˈɪnz təmˈɑːtoʊ."
    assert said("My SQL and GPS.", {}) == "maɪ ˈɛs kjˈuː ˈɛl ænd dʒˈiː pˈiː ˈɛs."
    assert said("Dr. Nguyen. NGUYEN'S tomatos! In C#, yes.", words) == (
        "dˈɑːktɚ ŋwˈɪn. ŋwˈɪnz təmˈɑːtoʊz! ɪn kɹˈiːz,jˈɛs."
    )


@pytest.mark.parametrize(
    ("text", "words", "ipa"),
    [
        ("The US gave us it", {"US": "ˈʌs"}, "ðɪ ˈʌs ɡˈeɪv ˌʌs ɪt"),  # capitals mean capitals
        ("PostgreSQL and iOS", {"PostgreSQL": "pˈoʊ", "ios": "jˈoʊ"}, "pˈoʊ ænd jˈoʊ"),
        ("he read lead pipes", {"read": "ɹˈiːd", "lead": "lˈiːd"}, "hiː ɹˈiːd lˈiːd pˈaɪps"),  # no homographs then
        ("a fakz", {"fakz": "fˈækz"}, "ɐ fˈækz"),  # nor endings
        ("two GPUs and a GPU's", {"GPU": "ɡpˈuː"}, "tˈuː ɡpˈuːz ænd ɐ ɡpˈuːz"),
        ("Beyoncé is here", {"Beyonce\u0301": "bˈiː"}, "bˈiː ɪz hˈɪɹ"),
        ("I shall", {"shall": "ʃˈɑːnt"}, "aɪ ʃˈɑːnt"),
        ("in New York now", {"New York": "nuːjˈoʊk"}, "ɪn nuːjˈoʊk nˈaʊ"),
    ],
)
def test_nothing_else_has_a_say(text: str, words: dict[str, str], ipa: str) -> None:
    assert said(text, words) == ipa


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"?!": "tuː"}, "'[?]!' in the lexicon is no word"),
        ({3: "tuː"}, "3 in the lexicon is no word"),
        ({"foo": 3}, "has 'foo' said as 3; give IPA"),
        ({"foo": "fˈʘo"}, "'ʘ' in 'fˈʘo'.*is no sound of ɑː"),
        ({"foo": "f?"}, "'[?]' in 'f[?]'"),
        ({"foo": ""}, "does not say how 'foo' is said; give IPA"),
        ({"foo": "ˈ"}, "does not say how 'foo' is said"),
    ],
)
def test_what_cannot_be_said_is_named(words: dict[str, str], wrong: str, tiny_model: Path) -> None:
    with pytest.raises(ValueError, match=wrong):
        Lexicon(words)
    synth = Synthesizer.from_pretrained(str(tiny_model))
    with pytest.raises(ValueError, match=wrong):
        synth.lexicon = words
    assert synth.lexicon == {}


def test_bad_files(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    with pytest.raises(ValueError, match="cannot read the lexicon .*words.txt: No such file"):
        read_lexicon(path)
    path.write_bytes(b"Nike n\xff")
    with pytest.raises(ValueError, match="not UTF-8 text: byte 6"):
        read_lexicon(path)
    path.write_text("# nothing\n")
    with pytest.raises(ValueError, match="has no word; give lines such as: Nike nˈaɪki"):
        read_lexicon(path)
    path.write_text("Nike nˈaɪki\n- fuː\n")
    with pytest.raises(ValueError, match=r"words.txt, line 2: '-' in the lexicon is no word"):
        read_lexicon(path)


def test_every_way_of_speaking_reads_it(tiny_model: Path) -> None:
    synth = Synthesizer.from_pretrained(str(tiny_model))
    other = synth.say("Tomato.").alignment
    synth.lexicon = {"Tomato": "bˈuː"}
    spoken = [symbol for symbol, _, _ in synth.say("Tomato.").alignment]
    assert "ˈuː" in spoken and "ˈuː" not in [symbol for symbol, _, _ in other]
    for pieces in (synth.stream("Tomato."), synth.stream(iter(["Toma", "to."])), synth.say_many(["Tomato."])):
        assert [symbol for piece in pieces for symbol, _, _ in piece.alignment] == spoken


def test_command_line(tiny_model: Path, lexicon: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    shown = run(main, ["phonemes", "A tomato, please. Yes!", "--lexicon", str(lexicon)])
    assert shown.exit_code == 0 and shown.output == "ɐ təmˈɑːtoʊ, plˈiːz.\njˈɛs!\n"
    out = tmp_path / "out.wav"
    say = ["say", "Hello.", "-o", str(out), "--model", str(tiny_model), "--lexicon"]
    assert run(main, [*say, str(lexicon)]).exit_code == 0 and out.exists()
    out.unlink()
    lexicon.write_text("foo 3")
    bad = run(main, [*say, str(lexicon)])
    assert bad.exit_code == 2 and "line 1: '3' in '3'" in bad.output and not out.exists()
