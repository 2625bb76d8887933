"""How a user wants words said: in a file, in Python, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tts import Synthesizer, read_lexicon
from tts.cli import main
from tts.text.lexicon import checked_lexicon
from tts.text.read import read_text

LINES = "\ufeffNguyen ŋwˈɪn  # as in Saigon\n\nSQL sˈiː kwəl\nTomato təˈmɑːtoʊ\n"


@pytest.fixture
def lexicon(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(LINES, encoding="utf-8")
    return path


def said(text: str, words: dict[str, str]) -> str:
    return " ".join("".join(sentence[1:-1]) for sentence in read_text(text, words))


def test_listed_words_are_said_so(lexicon: Path) -> None:
    words = read_lexicon(lexicon)
    assert words == {"nguyen": "ŋwˈɪn", "sql": "sˈiːkwəl", "tomato": "təmˈɑːtoʊ"}
    assert said("My SQL, Nguyen's tomato.", words) == "maɪ sˈiːkwəl,ŋwˈɪnz təmˈɑːtoʊ."
    assert said("My SQL and GPS.", {}) == "maɪ ˈɛs kjˈuː ˈɛl ænd dʒˈiː pˈiː ˈɛs."
    assert said("Dr. Nguyen. NGUYEN!", words) == "dˈɑːktɚ ŋwˈɪn. ŋwˈɪn!"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"two words": "tuː"}, "'two words' in the lexicon is not one word of letters"),
        ({"x1": "tuː"}, "'x1' in the lexicon is not one word"),
        ({"foo": "fˈʘo"}, "'ʘ' in 'fˈʘo'.*is no sound of ɑː"),
        ({"foo": "f?"}, "'[?]' in 'f[?]'"),
        ({"foo": ""}, "does not say how 'foo' is said; give IPA"),
        ({"foo": "ˈ"}, "does not say how 'foo' is said"),
        ({"слово": "slˈoʊvə"}, "cannot speak 'с'"),
    ],
)
def test_what_cannot_be_said_is_named(words: dict[str, str], wrong: str, tiny_model: Path) -> None:
    with pytest.raises(ValueError, match=wrong):
        checked_lexicon(words)
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
    path.write_text("Nike nˈaɪki\nfoo-bar fuː\n")
    with pytest.raises(ValueError, match=r"words.txt, line 2: 'foo-bar' in the lexicon is not one word"):
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
