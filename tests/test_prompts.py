"""Prompts: algebra, files, every bad input, losses, encoders with random weights, one training step of every stage."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import prompts.prompt as prompt_module
from prompts.align import info_nce, neighbour_targets, symile
from prompts.encoder import PromptConfig, PromptEncoder, save_prompt_encoder
from prompts.face import FaceConfig, FaceEncoder, find_faces, open_image
from prompts.impression import age, male
from prompts.prompt import Prompt
from prompts.space import SharedSpace, SpaceConfig
from prompts.spectrum import (
    HIGHEST,
    HOP,
    LOWEST,
    N_GROUPS,
    N_MEASURES,
    N_PITCHES,
    channel_free,
    level_free,
    look,
    measures,
    motion,
    periodicity,
)
from prompts.speech import SpeechConfig, SpeechEncoder, read_windows
from prompts.vectors import PromptVectors, load_vectors, mix
from tts.style import EMOTIONS, STYLE_DIM, VOICE_DIM, Voice, emotion_vector, voice_vector

TINY = PromptConfig(
    speech=SpeechConfig(hidden=8, depth=1, out=12),
    face=FaceConfig(size=32, widths=(4, 8), dim=10),
    space=SpaceConfig(part=6, hidden=8, head=8),
    text_dim=16,
)


class FakeText:
    """A sentence encoder without transformers: counts letters."""

    def encode(self, texts: list[str]) -> torch.Tensor:
        return torch.tensor([[t.count(chr(97 + i)) / len(t) for i in range(TINY.text_dim)] for t in texts])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with a tiny prompt encoder of random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("prompts")
    modules = SpeechEncoder(TINY.speech), FaceEncoder(TINY.face), SharedSpace(TINY.space, TINY.widths())
    save_prompt_encoder(path, TINY, *modules, {})
    return path


@pytest.fixture
def encoder(folder: Path) -> PromptEncoder:
    """Tiny, with a sentence encoder that needs no package."""
    found = PromptEncoder.from_pretrained(folder)
    found.__dict__["text"] = FakeText()
    return found


def tone(seconds: float = 2.0, hertz: float = 150.0, rate: int = 24000) -> np.ndarray:
    """A buzz with pauses."""
    time = np.arange(int(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 12))
    return (0.1 * wave * (np.sin(2 * np.pi * 3 * time) > -0.5)).astype(np.float32)


def vectors(emotion: str = "sad", stated: tuple[float, float] = (1.0, 1.0), pitch: float = 120.0) -> PromptVectors:
    """A prompt's meaning, made up."""
    likely = torch.eye(len(EMOTIONS))[list(EMOTIONS).index(emotion)]
    unit = torch.nn.functional.normalize(torch.arange(1.0, 7.0), dim=0)
    return PromptVectors(voice_vector(Voice(pitch)), emotion_vector(emotion), likely, unit, unit, torch.tensor(stated))


# Algebra


def test_weights_add_and_multiply() -> None:
    a, b = Prompt.text("sad"), Prompt.text("happy")
    mixed = 0.7 * a + b * 0.3
    assert [round(w, 6) for w, _ in mixed.parts] == [0.7, 0.3]
    assert [w for w, _ in (2 * mixed).parts] == pytest.approx([1.4, 0.6])


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf, "2", True, None])
def test_bad_weights(weight: object) -> None:
    with pytest.raises(ValueError, match="a prompt's weight must be a positive number"):
        Prompt.text("sad") * weight  # type: ignore[operator]


def test_adding_something_else() -> None:
    with pytest.raises(ValueError, match="only prompts can be mixed with prompts, not str"):
        Prompt.text("sad") + "happy"  # type: ignore[operator]


def test_a_mix_is_the_weighted_mean_whatever_the_sum(encoder: PromptEncoder) -> None:
    a, b = vectors("sad"), vectors("happy", pitch=220.0)
    for scale in (1.0, 5.0):
        mixed = encoder.encode(0.75 * scale * Prompt.vectors(a) + 0.25 * scale * Prompt.vectors(b))
        torch.testing.assert_close(mixed.style, 0.75 * a.style + 0.25 * b.style)
        torch.testing.assert_close(mixed.voice, 0.75 * a.voice + 0.25 * b.voice)
    alone = encoder.encode(0.2 * Prompt.vectors(a))
    torch.testing.assert_close(alone.style, a.style)


def test_enormous_weights_still_mix() -> None:
    a, b = vectors("sad"), vectors("happy")
    torch.testing.assert_close(mix([(1.5e308, a), (0.5e308, b)]).style, 0.75 * a.style + 0.25 * b.style)
    torch.testing.assert_close(mix([(1e-300, a), (1.0, b)]).style, b.style)
    with pytest.raises(ValueError, match="weight 1e\\+200 makes the weight of a part inf; give weights around 1"):
        1e200 * (1e200 * Prompt.vectors(a))


def test_a_part_that_states_no_voice_leaves_the_voice_alone() -> None:
    voice_only, style_only = vectors("neutral", (1.0, 0.0)), vectors("angry", (0.0, 1.0), pitch=250.0)
    mixed = mix([(0.5, voice_only), (0.5, style_only)])
    torch.testing.assert_close(mixed.voice, voice_only.voice)
    torch.testing.assert_close(mixed.style, style_only.style)
    assert mixed.has_voice and mixed.has_style
    assert not mix([(1.0, style_only), (2.0, style_only)]).has_voice


# Files


def test_saved_and_loaded(tmp_path: Path) -> None:
    saved = vectors()
    saved.save(tmp_path / "sad.facet")
    loaded = load_vectors(tmp_path / "sad.facet")
    assert all(torch.equal(getattr(saved, k), getattr(loaded, k)) for k in vars(saved))
    assert Prompt.load(tmp_path / "sad.facet").parts[0][1].kind == "vectors"
    with pytest.raises(ValueError, match="exists; give another name or --force"):
        saved.save(tmp_path / "sad.facet")
    saved.save(tmp_path / "sad.facet", force=True)


def test_recordings_of_any_type_of_sample_are_the_same() -> None:
    wav = np.sin(np.arange(48_000) / 30).astype(np.float32) * 0.5
    for given in ((wav * 32767).astype(np.int16), (wav * 32767 + 32768).astype(np.uint16)):
        (window,) = read_windows(given)
        np.testing.assert_allclose(window, wav, atol=1e-4)
    with pytest.raises(ValueError, match="a recording is a file or an array of samples, not list"):
        Prompt.speech([0.0])
    with pytest.raises(ValueError, match="a face is a picture's file or a PIL.Image, not ndarray"):
        Prompt.face(np.zeros((9, 9)))


def test_files_that_are_no_styles(tmp_path: Path, folder: Path) -> None:
    from safetensors.torch import save_file

    file = tmp_path / "x.facet"
    with pytest.raises(ValueError, match="no such style file"):
        load_vectors(file)
    file.write_text("hello")
    with pytest.raises(ValueError, match="is not a .facet style file"):
        load_vectors(file)
    good = {k: v.clone() for k, v in vars(vectors()).items()}
    right = {"format": "facet-prompt", "version": "2"}
    for tensors, metadata, message in (
        (good, {}, "some other safetensors file"),
        (good, right | {"version": "9"}, "format version '9'; this version reads 2"),
        (good | {"more": torch.zeros(1)}, right, "a style file holds voice, style"),
        (good | {"voice": torch.zeros(3)}, right, r"voice has shape \(3,\); \(25,\) is expected"),
        (good | {"style": torch.full((STYLE_DIM,), math.nan)}, right, "style has values that are not finite"),
    ):
        save_file(tensors, file, metadata)
        with pytest.raises(ValueError, match=message):
            load_vectors(file)
    file.write_bytes(b"0" * 1_000_001)
    with pytest.raises(ValueError, match="is not a .facet style file"):
        load_vectors(file)


def test_model_directories(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ValueError, match="has no prompt encoder"):
        PromptEncoder.from_pretrained(tmp_path)
    for name in ("prompts.yaml", "prompts.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert PromptEncoder.from_pretrained(tmp_path).config == PromptEncoder.from_pretrained(folder).config
    (tmp_path / "prompts.safetensors").write_bytes(b"x")
    with pytest.raises(ValueError, match="is not the file that prompts.yaml names"):
        PromptEncoder.from_pretrained(tmp_path)


# Encoding


def test_speech_in_any_shape(encoder: PromptEncoder) -> None:
    wave = tone()
    alone = encoder.encode(Prompt.speech(wave))
    assert alone.voice.shape == (VOICE_DIM,) and alone.style.shape == (STYLE_DIM,) and alone.embedding.shape == (12,)
    assert alone.emotion.sum() == pytest.approx(1.0, abs=1e-5) and alone.has_voice and alone.has_style
    eight = encoder.encode(Prompt.speech(np.stack([wave] * 8, axis=1)))
    torch.testing.assert_close(eight.style, alone.style, atol=1e-4, rtol=1e-3)
    quiet = encoder.encode(Prompt.speech(0.1 * wave))
    torch.testing.assert_close(quiet.style, alone.style, atol=5e-2, rtol=5e-2)  # the level says nothing
    assert len(Prompt.speech(tone(rate=8000), 8000).parts) == 1
    assert len(read_windows(tone(95.0))) == 6


def test_level_is_taken_out_and_padding_is_not_heard() -> None:
    mel = torch.randn(1, 100, 50, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(1, 50, dtype=torch.bool)
    a, heard = level_free(mel, valid)
    b, _ = level_free(mel + 2.0, valid)
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    padded = torch.cat([mel, torch.full((1, 100, 30), -11.0)], dim=2)
    c, still = level_free(padded, torch.arange(80)[None] < 50)
    torch.testing.assert_close(c[:, :, :50], a, atol=1e-5, rtol=1e-5)
    assert still[:, :50].equal(heard) and not still[:, 50:].any()


def test_the_channel_is_taken_out_of_what_moves() -> None:
    generator = torch.Generator().manual_seed(0)
    mel = torch.randn(1, 100, 60, generator=generator) - 3
    speech = torch.ones(1, 60, dtype=torch.bool)
    microphone = torch.linspace(-1, 1, 100)[None, :, None]
    moving, still = channel_free(mel, speech)
    through, changed = channel_free(mel + microphone, speech)
    torch.testing.assert_close(moving, through, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(changed[:, :100] - still[:, :100], microphone[:, :, 0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(changed[:, 100:], still[:, 100:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("hertz", [90.0, 150.0, 310.0])
def test_pitches_are_found(hertz: float) -> None:
    seen = look(torch.from_numpy(tone(hertz=hertz))[None])
    assert seen.speech.shape == (1, 48000 // HOP + 1) and 0.5 < float(seen.speech.float().mean()) < 1
    found = LOWEST * (HIGHEST / LOWEST) ** (seen.pitches.argmax(dim=1) / (N_PITCHES - 1))
    assert float(found[seen.speech].median()) == pytest.approx(hertz, rel=0.03)
    noise = 0.1 * torch.randn(1, 48000, generator=torch.Generator().manual_seed(0))
    assert float(seen.voiced[:, 0][seen.speech].median()) > 2 * float(periodicity(noise)[1].median())


def test_measures_do_not_hear_level_or_padding() -> None:
    wave = torch.from_numpy(tone())[None]
    found = measures(wave)
    assert found.shape == (1, N_MEASURES) and bool(torch.isfinite(found).all())
    torch.testing.assert_close(measures(0.3 * wave), found, atol=2e-2, rtol=2e-2)
    padded = torch.nn.functional.pad(wave, (0, 20 * HOP))
    valid = torch.arange(padded.shape[1] // HOP + 1)[None] < wave.shape[1] // HOP
    close = (measures(padded, valid) - found).abs() < 0.05 + 0.05 * found.abs()
    assert float(close.float().mean()) > 0.95  # but for the last frame and shares of the whole
    assert bool(torch.isfinite(measures(torch.zeros(1, 12_000))).all())


def test_faster_speech_differs_sooner_from_itself() -> None:
    def syllables(rate: float) -> torch.Tensor:
        time = np.arange(72_000) / 24_000
        wave = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 12))
        return torch.from_numpy((0.1 * wave * (1.2 + np.sin(2 * np.pi * rate * time))).astype(np.float32))[None]

    slow, fast = (
        motion(look(syllables(rate)))[0, : N_GROUPS // 3] for rate in (3.0, 6.0)
    )  # one frame later, where sound is
    assert float((fast / slow).mean()) > 1.5


def test_sentences_and_faces(encoder: PromptEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    said = encoder.encode(Prompt.text("an old man,\n whispering"))
    assert said.style.shape == (STYLE_DIM,) and 0 <= float(said.stated.min()) <= 1
    crop = np.random.default_rng(0).integers(0, 255, (128, 128), dtype=np.uint8)
    monkeypatch.setattr(prompt_module, "read_face", lambda source, side: crop)
    seen, mirrored = encoder.encode(Prompt.face("x.jpg")), None
    monkeypatch.setattr(prompt_module, "read_face", lambda source, side: crop[:, ::-1].copy())
    mirrored = encoder.encode(Prompt.face("x.jpg"))
    torch.testing.assert_close(seen.style, mirrored.style, atol=1e-4, rtol=1e-3)


def test_only_what_is_needed_is_loaded(folder: Path) -> None:
    encoder = PromptEncoder.from_pretrained(folder)
    encoder.encode(Prompt.speech(tone()))
    assert "face" not in vars(encoder) and "text" not in vars(encoder)


def test_impressions() -> None:
    man, woman, child = (voice_vector(v) for v in (Voice(105.0, 0.86), Voice(200.0, 1.0), Voice(265.0, 1.13)))
    assert male(man) > 0.95 and male(woman) < 0.1
    assert age(voice_vector(Voice(100.0, 0.85, 4.0, -2.0))) > 55 > age(woman) > age(child)


# Bad prompts: one clear line each


def test_bad_recordings(tmp_path: Path) -> None:
    fake = tmp_path / "fake.wav"
    fake.write_text("These are words, not sound.")
    nan = tone()
    nan[5] = np.nan
    for source, message in (
        (tmp_path / "missing.wav", "no such audio file"),
        (fake, "is not audio that can be read"),
        (np.zeros(48000, np.float32), "is silent; give a recording with speech"),
        (np.full(48000, 0.3, np.float32), "is silent"),
        (tone(0.1), "is too short: 0.10 s; give at least 1 s"),
        (nan, "NaN or infinite samples"),
        (np.zeros(0, np.float32), r"samples have shape"),
        (np.zeros((2, 2, 2), np.float32), r"samples have shape"),
    ):
        with pytest.raises(ValueError, match=message) as raised:
            Prompt.speech(source)
        assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match="sample rate 10 is out of range"):
        Prompt.speech(tone(), 10)


def test_bad_descriptions() -> None:
    for text, message in (
        ("", "nothing is described in ''"),
        ("  ?!  ", "nothing is described"),
        ("a" * 100_000, "has 100000 characters; give at most 2000"),
        (7, "must be a string, not int"),
    ):
        with pytest.raises(ValueError, match=message):
            Prompt.text(text)  # type: ignore[arg-type]


def test_bad_pictures(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (200, 200, 3), dtype=np.uint8))
    noise.save(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    (tmp_path / "words.jpg").write_text("not a picture")
    drawing = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(drawing).line((20, 20, 180, 150), fill="black", width=5)
    for source, message in (
        (tmp_path / "missing.jpg", "no such picture"),
        (tmp_path / "words.jpg", "is not a picture that can be read"),
        (tmp_path / "cut.jpg", "is damaged or truncated"),
        (Image.new("L", (1, 1)), "is too small: 1 x 1 pixels"),
        (Image.new("L", (10_000, 10_000)), "is too large: 10000 x 10000 pixels; give a picture of at most 50 MP"),
        (Image.new("RGB", (300, 300), "grey"), "no face found in the given image"),
        (drawing, "no face found"),
    ):
        with pytest.raises(ValueError, match=message) as raised:
            Prompt.face(source)
        assert "\n" not in str(raised.value)


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    image = Image.new("1", (15_000, 15_000))
    image.save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 200_000
    with pytest.raises(ValueError, match="is too large"):
        open_image(tmp_path / "bomb.png")


def test_the_largest_face_is_taken(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("cv2")
    import prompts.face as face_module

    monkeypatch.setattr(face_module, "find_faces", lambda grey: [(100.0, 100.0, 80.0), (0.0, 0.0, 30.0)])
    with caplog.at_level(logging.WARNING):
        crop = face_module.read_face(Image.linear_gradient("L"), 64)
    assert crop.shape == (64, 64) and abs(float(crop.mean()) - 140) < 10
    assert "2 faces found in the given image; the largest is taken" in caplog.text
    assert find_faces(np.zeros((100, 100), np.uint8)) == []


# Losses


def test_info_nce_on_known_cases() -> None:
    eye = torch.eye(4)
    assert float(info_nce(eye, eye, 50.0)) < 1e-6
    same = torch.ones(4, 3)
    assert float(info_nce(same, same, 1.0)) == pytest.approx(math.log(4))
    expected = math.log(math.e + 3) - 1
    assert float(info_nce(eye, eye, 1.0)) == pytest.approx(expected, abs=1e-5)
    assert torch.equal(neighbour_targets(torch.randn(5, 3), 0.0), torch.eye(5))
    near = neighbour_targets(torch.tensor([[0.0], [0.1], [5.0]]), 0.5)
    assert near.sum(dim=1).tolist() == pytest.approx([1, 1, 1]) and near[0, 1] > 0.4 and near[0, 2] < 1e-6


def test_symile_on_known_cases() -> None:
    same = torch.ones(8, 3)
    generator = torch.Generator().manual_seed(0)
    assert float(symile(same, same, same, 1.0, generator)) == pytest.approx(math.log(8), abs=1e-5)
    # c = a XOR b as signs: no pair of modalities says anything, the three together everything.
    a = torch.where(torch.rand(64, 100, generator=generator) < 0.5, -1.0, 1.0)
    b = torch.where(torch.rand(64, 100, generator=generator) < 0.5, -1.0, 1.0)
    # Two independent shuffles meet on the true pair for about one anchor in 64, a tie that costs log 2.
    assert float(symile(a, b, a * b, 0.5, generator)) < 4 * math.log(2) / 64
    assert float(info_nce(a, a * b, 0.02)) > 0.8 * math.log(64)
