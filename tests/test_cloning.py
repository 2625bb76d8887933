"""Alignment, recordings as references, and what is wrong with them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from prompts.prompt import Prompt
from tts import Synthesizer
from tts.align import (
    CLASS_OF,
    CLASSES,
    Aligner,
    AlignerConfig,
    Alignment,
    force,
    load_aligner,
    recognise,
    save_aligner,
)
from tts.audio import Audio
from tts.cli import main
from tts.cloning import USED_SECONDS, as_sequence, clearest, is_recorded, read_reference
from tts.config import AUDIO
from tts.style import VOICE_DIM
from tts.text.symbols import encode
from tts.watermark import detect

RATE = 46.875
SYMBOLS = ["^", "h", "ə", "l", "ˈoʊ", " ", "j", "ˈuː", ",", "h", "ə", ".", "$"]
COUNTS = [9, 4, 3, 4, 8, 1, 3, 7, 10, 4, 5, 6, 4]


def posteriors(symbols: list[str], counts: list[int], noise: float = 0.5) -> np.ndarray:
    """Log-probabilities as a good network would give for ``symbols`` of ``counts`` frames."""
    rng = np.random.default_rng(0)
    classes = np.repeat([CLASS_OF[s] for s in symbols], counts)
    logits = noise * rng.standard_normal((len(classes), len(CLASSES)))
    logits[np.arange(len(classes)), classes] += 6.0
    return torch.from_numpy(logits).log_softmax(-1).numpy()


def speech(seconds: float, level: float = 0.1) -> np.ndarray:
    time = np.arange(int(seconds * AUDIO.sample_rate)) / AUDIO.sample_rate
    return (level * np.sign(np.sin(2 * np.pi * 130 * time)) * (0.5 + 0.5 * np.sin(9 * time))).astype(np.float32)


@pytest.fixture(scope="module")
def cloning_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a tiny aligner that lets any transcript pass."""
    folder = tmp_path_factory.mktemp("cloning") / "model"
    shutil.copytree(tiny_model, folder)
    torch.manual_seed(0)
    save_aligner(folder, Aligner(AlignerConfig(dim=16, hidden=24, depth=1, min_fit=-6.0)))
    return folder


def test_forced_alignment_finds_the_times() -> None:
    found = force(posteriors(SYMBOLS, COUNTS), SYMBOLS, RATE)
    wanted = np.cumsum(COUNTS) / RATE
    wanted[-2] = found.ends[-2]  # where the full stop's silence becomes the end's nobody can tell
    assert np.allclose(found.ends, wanted, atol=1.01 / RATE)
    assert found.fit > -0.1


def test_a_long_transcript_is_aligned() -> None:
    body, counts = SYMBOLS[1:11] * 30, COUNTS[1:11] * 30
    symbols, counts = ["^", *body, ".", "$"], [9, *counts, 6, 4]
    found = force(posteriors(symbols, counts), symbols, RATE)
    assert np.allclose(found.ends[:-2], np.cumsum(counts)[:-2] / RATE, atol=1.01 / RATE)


def test_silences_can_be_missing_and_last_no_time() -> None:
    counts = [0 if s in "^ ,.$" else n for s, n in zip(SYMBOLS, COUNTS, strict=True)]
    found = force(posteriors(SYMBOLS, counts), SYMBOLS, RATE)
    assert np.allclose(found.ends, np.cumsum(counts) / RATE, atol=1.01 / RATE)


def test_a_wrong_transcript_fits_worse() -> None:
    frames = posteriors(SYMBOLS, COUNTS)
    wrong = ["^", "s", "ˈæ", "m", "θ", "ɪ", "ŋ", " ", "ɛ", "l", "s", ".", "$"]
    assert force(frames, wrong, RATE).fit < force(frames, SYMBOLS, RATE).fit - 3.0
    with pytest.raises(ValueError, match="too many for the 0.1 s"):
        force(frames[:5], SYMBOLS, RATE)


def test_recognition_reads_the_phonemes() -> None:
    flat = np.full((len(CLASSES), len(CLASSES)), -np.log(len(CLASSES)))
    found = recognise(posteriors(SYMBOLS, COUNTS), flat, 0.5, RATE)
    assert found.symbols == SYMBOLS
    spoken = np.cumsum(COUNTS)[:11] / RATE
    assert np.allclose(found.ends[:11], spoken, atol=1e-9) and len(found.ends) == len(SYMBOLS)
    # A bigram that never happened overrules one weak frame.
    frames = posteriors(["^", "h", "ə", "$"], [5, 5, 5, 5], noise=0.0)
    frames[7] = frames[7] + 0.0
    frames[7, CLASS_OF["z"]], frames[7, CLASS_OF["h"]] = -0.6, -0.9
    never = flat.copy()
    never[:, CLASS_OF["z"]] = -20.0
    assert "z" in recognise(frames, flat, 0.0, RATE).symbols
    assert "z" not in recognise(frames, never, 0.5, RATE).symbols


def test_the_aligner_is_saved_and_loaded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    aligner = Aligner(AlignerConfig(dim=16, hidden=24, depth=1)).eval()
    aligner.bigrams.normal_()
    save_aligner(tmp_path, aligner)
    loaded = load_aligner(tmp_path)
    assert loaded is not None
    frames = loaded.frames(speech(1.0))
    assert frames.shape == (47, len(CLASSES)) and np.allclose(np.exp(frames).sum(1), 1, atol=1e-4)
    assert np.allclose(loaded.frames(0.05 * speech(1.0)), frames, atol=0.05)  # the level does not matter
    data = bytearray((tmp_path / "aligner.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "aligner.safetensors").write_bytes(bytes(data))
    with pytest.raises(ValueError, match="is not the file that"):
        load_aligner(tmp_path)
    assert load_aligner(tmp_path.parent / "none") is None


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (speech(2.0), "too short: 2.0 s of speech; give 3 to 20 s"),
        (speech(25.0), "too long: 25.0 s; give 3 to 20 s"),
        (np.zeros(100_000, np.float32), "is silent"),
        (np.full(100_000, np.nan, np.float32), "finite samples"),
        (np.zeros((2, 100_000), np.float32), "shape"),
    ],
)
def test_bad_references(samples: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_reference(samples)


def test_silence_is_cut_and_the_level_set() -> None:
    quiet = np.concatenate([np.zeros(24_000, np.float32), speech(4.0, 0.01), np.zeros(48_000, np.float32)])
    read, loud = read_reference(quiet), read_reference(speech(4.0, 0.3))
    assert abs(len(read) / AUDIO.sample_rate - 4.2) < 0.06
    assert np.abs(read).max() == pytest.approx(np.abs(loud).max(), rel=0.05)


def test_the_clearest_stretch_is_taken(cloning_model: Path) -> None:
    symbols = ["^", "h", "ə", ",", "l", "ˈoʊ", "j", " ", "s", "t", ".", "$"]
    ends = [1.0, 5.0, 9.0, 10.0, 11.0, 12.0, 13.0, 13.0, 14.0, 15.0, 15.5, 16.0]
    first, last = clearest(Alignment(symbols, ends, 0.0), 6.5)
    assert symbols[first:last] == [",", "l", "ˈoʊ", "j", " ", "s", "t", "."][: last - first] and last - first >= 7
    model = Synthesizer.from_pretrained(str(cloning_model)).model
    sequence = as_sequence(speech(16.0), Alignment(symbols, ends, 0.0), model)
    codes = int((sequence.code_in >= 0).sum())
    assert 0 < codes <= USED_SECONDS * model.codec.config.frame_rate + 1
    whole = as_sequence(speech(4.0), Alignment(["^", "h", "$"], [1.0, 3.0, 4.0], 0.0), model)
    assert int((whole.code_in >= 0).sum()) == (4 * AUDIO.sample_rate // AUDIO.hop_length + 1 + 1) // 2


def test_a_reference_changes_the_speech_and_marks_it(cloning_model: Path) -> None:
    synth = Synthesizer.from_pretrained(str(cloning_model))
    reference = synth.reference(speech(4.0), "hello you")
    plain, marked = (synth.say("Yes, yes.", reference=reference, watermark=on).samples for on in (False, True))
    assert len(plain) == len(marked) and np.abs(plain - marked).max() > 0
    assert not np.array_equal(plain, synth.say("Yes, yes.").samples)
    many = list(synth.say_many(["Yes, yes."], reference=reference))
    assert np.array_equal(many[0].samples, marked)
    vector = synth.voice_vector("a")
    assert detect(marked) == detect(many[0].samples)
    of_a, changed = (synth.say("Yes, yes.", voice=v).samples for v in (vector, vector + 0.1))
    assert np.array_equal(of_a, synth.say("Yes, yes.", voice="a").samples)
    assert not np.array_equal(changed, synth.say("Yes, yes.", voice=vector + 0.1, watermark=False).samples)
    assert is_recorded(Prompt.speech(speech(4.0))) and not is_recorded(Prompt.text("an old man"))
    assert is_recorded(0.5 * Prompt.text("an old man") + 0.5 * Prompt.speech(speech(4.0)))
    assert not is_recorded("a") and not is_recorded(None)


def test_a_reference_brings_the_voice_heard_in_it(
    cloning_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synth = Synthesizer.from_pretrained(str(cloning_model))
    assert synth.reference(speech(4.0)).voice is None  # this model has no prompt encoder
    shutil.copytree(cloning_model, tmp_path / "model")
    (tmp_path / "model" / "prompts.yaml").touch()
    hearing = Synthesizer.from_pretrained(str(tmp_path / "model"))
    voice = torch.full((VOICE_DIM,), 0.5)
    heard = SimpleNamespace(voice=voice, has_style=False)
    monkeypatch.setattr(Synthesizer, "encode", lambda self, prompt: heard)
    unfitted = hearing.reference(speech(4.0), steps=0)
    spoken = hearing.say("Yes, yes.", reference=unfitted).samples
    assert torch.equal(unfitted.voice, voice) and unfitted.codec is None
    assert np.array_equal(spoken, hearing.say("Yes, yes.", reference=unfitted, voice=voice).samples)
    alone = hearing.say("Yes, yes.", reference=replace(unfitted, voice=None)).samples
    assert not np.array_equal(spoken, alone)

    fitted = hearing.reference(speech(4.0), steps=3)
    near = hearing.say("Yes, yes.", reference=fitted).samples
    assert not np.array_equal(near, spoken)
    assert np.array_equal(near, list(hearing.say_many(["Yes, yes."], reference=fitted))[0].samples)
    # Whoever else is asked for is not spoken by a decoder that is fitted to this one.
    assert np.array_equal(spoken, hearing.say("Yes, yes.", reference=fitted, voice=voice).samples)
    assert np.array_equal(hearing.say("Yes, yes.").samples, synth.say("Yes, yes.").samples)
    for steps in (-1, 1.5):
        with pytest.raises(ValueError, match=f"a number from 0, not {steps}"):
            hearing.reference(speech(4.0), steps=steps)


def test_the_command_line_clones(cloning_model: Path, tiny_model: Path, tmp_path: Path) -> None:
    wav, out = tmp_path / "me.wav", tmp_path / "out.wav"
    Audio(speech(4.0)).save(wav)

    def say(*more: object, model: Path = cloning_model) -> tuple[int, str]:
        command = ["say", "Yes.", "-o", out, "--model", model, *more]
        result = CliRunner().invoke(main, [str(a) for a in command])
        return result.exit_code, result.output

    assert say("--reference", wav)[0] == 0 and out.exists()
    out.unlink()
    Audio(speech(1.0)).save(tmp_path / "short.wav")
    for arguments, model, message in (
        (("--reference", tmp_path / "short.wav"), cloning_model, "short.wav is too short"),
        (("--reference", tmp_path / "none.wav"), cloning_model, "no such audio file"),
        (("--transcript", "hello"), cloning_model, "give both"),
        (("--reference", wav), tiny_model, "has no aligner"),
        (("--reference", wav, "--transcript", "word " * 300), cloning_model, "phonemes, too many for"),
    ):
        code, output = say(*arguments, model=model)
        assert code == 2 and message in output and output.count("\n") == 1 and not out.exists()


def test_a_transcript_is_read_with_the_lexicon(cloning_model: Path) -> None:
    synth = Synthesizer.from_pretrained(str(cloning_model))
    before, synth.lexicon = synth.reference(speech(4.0), "say SQL").spoken.symbols, {"SQL": "bˈuː"}
    after = synth.reference(speech(4.0), "say SQL").spoken.symbols
    assert list(after) == encode(["^", "s", "ˈeɪ", " ", "b", "ˈuː", "$"]) and len(before) > len(after)


def test_a_transcript_that_does_not_fit_is_refused(cloning_model: Path) -> None:
    synth = Synthesizer.from_pretrained(str(cloning_model))
    synth.aligner.config = AlignerConfig(dim=16, hidden=24, depth=1, min_fit=0.1)
    with pytest.raises(ValueError, match="the transcript 'hello you' does not fit the reference"):
        synth.reference(speech(4.0), "hello you")


def test_marked_speech_is_detected() -> None:
    from tts.watermark import mark

    assert detect(mark(speech(4.0))).score > detect(speech(4.0)).score
