"""Training of prompt encoders: descriptions, fresh clips, one step of every stage, resumption, other people's data."""

# ruff: noqa: F401, F811 (fixtures of the other file)

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from resuming import assert_goes_on_exactly
from test_prompts import TINY, FakeText, encoder, folder, tone

import prompts.prompt as prompt_module
from prompts.encoder import PromptEncoder, save_prompt_encoder
from prompts.face import FaceConfig, FaceEncoder
from prompts.prompt import Prompt
from prompts.space import SharedSpace
from prompts.spectrum import N_MEASURES, periodicity
from prompts.speech import SpeechEncoder
from prompts.text import TextEncoder, check_description
from prompts.vectors import PromptVectors
from recipes.corpus.draw import is_held_out
from recipes.training import TrainConfig
from tts._torchaudio import import_torchaudio
from tts.style import STYLE_ATTRIBUTES, STYLE_DIM, STYLE_SCALES, VOICE_DIM, Style, Voice


class Heard(NamedTuple):
    """What a teacher returns."""

    samples: np.ndarray


def test_describing_does_not_change_what_is_drawn_after() -> None:
    from recipes.corpus.describe import describe, make_description
    from tts.style import EMOTIONS as STYLES
    from tts.style import Style

    a, b = np.random.default_rng(1), np.random.default_rng(1)
    assert len(describe(Voice(), Style(), "angry", 1.0, a)) == 2
    describe(Voice(90.0, 0.85), Style(whisper=1.0), "free", 1.0, b, n=5)
    assert a.random() == b.random()
    rng = np.random.default_rng(2)
    made = [make_description(Voice(110.0, 0.87), STYLES["sad"], "sad", 1.6, rng) for _ in range(300)]
    assert all(d.text == d.text.strip() and "  " not in d.text and "{" not in d.text for d in made)
    assert {(d.voice, d.style) for d in made} == {(True, True), (True, False), (False, True)}
    assert len({d.text for d in made}) > 250
    plain = [make_description(Voice(), Style(), "neutral", 0.0, rng).text for _ in range(400)]
    assert sum("not" in text.split() for text in plain) > 20


@pytest.fixture
def stages() -> dict[str, Callable[[], torch.nn.Module]]:
    """Makers of the three stages' tasks, on made-up data."""
    from recipes.corpus.draw import draw_style
    from recipes.prompts.clips import NAMES, Clips, SpeechTask
    from recipes.prompts.faces import Faces, FaceTask, face_features
    from recipes.prompts.space import Features, Sentences, SpaceTask, SpaceTraining

    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    drawn = [draw_style(rng) for _ in range(40)]
    rows = [{"emotion": e, "intensity": i} for e, i, _ in drawn]
    emotion = torch.tensor([NAMES.index(e) if e in NAMES else -1 for e, _, _ in drawn])
    voice, style = torch.randn(40, VOICE_DIM), torch.randn(40, STYLE_DIM)
    intensity = torch.tensor([i for _, i, _ in drawn])
    speed = torch.stack([torch.ones(40), torch.full((40,), 1.1)])
    clips = Clips(torch.randn(2, 40, N_MEASURES), speed, voice, style, emotion, intensity, rows)
    soft = torch.rand(30, 7)
    faces = Faces(
        torch.randint(0, 255, (30, 36, 36), dtype=torch.uint8),
        torch.arange(30) % 8 - 1,
        soft / soft.sum(dim=1, keepdim=True),
        torch.rand(30),
        torch.rand(30) * 60,
        torch.arange(30),
    )
    sentences = Sentences(
        torch.randn(50, 16), torch.randn(50, VOICE_DIM), torch.randn(50, STYLE_DIM), torch.arange(50) % 9 - 1,
        (torch.rand(50, 2) < 0.7).float(),
    )  # fmt: skip
    spoken = torch.randn(2, 40, 12)
    seen = face_features(FaceEncoder(TINY.face).eval(), faces.crops, augmented=True)[None]
    features = Features(clips, spoken, sentences, 6, faces, seen)

    def space(objective: str = "both") -> SpaceTask:
        return SpaceTask(TINY.space, features, SpaceTraining(batch_size=16, n_descriptions=40, objective=objective))

    return {
        "speech": lambda: SpeechTask(TINY.speech, clips, 8, 0.5),
        "face": lambda: FaceTask(TINY.face, faces, 8, 0.5),
        "space": space,
    }


def test_one_step_of_every_stage(stages: dict[str, Callable[..., torch.nn.Module]]) -> None:
    for make in stages.values():
        task = make()
        losses = task.losses(0, np.random.default_rng(0))
        losses["loss"].backward()
        assert all(bool(torch.isfinite(v)) for v in losses.values())
        trained = [p for p in task.parameters() if p.grad is not None and bool(p.grad.abs().sum() > 0)]
        assert len(trained) > 0.8 * len(list(task.parameters()))
    with pytest.raises(ValueError, match="objective 'x' is unknown; give one of both, infonce, symile, none"):
        stages["space"]("x")


def test_a_killed_stage_goes_on_exactly(stages: dict[str, Callable[..., torch.nn.Module]], tmp_path: Path) -> None:
    settings = TrainConfig(steps=5, warmup=1, threads=1, log_every=1, bf16=False, checkpoint_s=0.0)
    for name, make in stages.items():
        torch.manual_seed(0)
        begun = make().state_dict()

        def again(make: Callable[..., torch.nn.Module] = make) -> torch.nn.Module:
            torch.manual_seed(0)
            return make()

        trained = assert_goes_on_exactly(again, settings, tmp_path / name, stop_at=3).state_dict()
        assert any(not torch.equal(v, begun[k]) for k, v in trained.items()), name


def text_model(folder: Path) -> str:
    """A sentence encoder of two layers and random weights, in transformers' layout."""
    import_torchaudio()
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = "[PAD] [UNK] [CLS] [SEP] [MASK] a man woman is sad angry loud quiet slow fast speaks very not".split()
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    BertModel(BertConfig(vocab_size=len(words), **sizes)).save_pretrained(folder)
    return str(folder)


def test_a_sentence_encoder_learns_changes_that_a_model_carries(tmp_path: Path) -> None:
    from recipes.corpus.written import read_written
    from recipes.prompts.space import free_sentences
    from recipes.prompts.text import TextTask, TextTraining, layer_names

    name = text_model(tmp_path / "bert")
    config = replace(TINY, text_dim=48, text_model=name)
    space = SharedSpace(config.space, config.widths())
    begun = {k: v.clone() for k, v in space.state_dict().items()}
    sentences = free_sentences(40, 1), read_written(2)[:40]
    settings = TrainConfig(steps=6, lr=0.01, warmup=1, threads=1, log_every=1, bf16=False, checkpoint_s=0.0)

    def make() -> TextTask:
        own = SharedSpace(config.space, config.widths())
        own.load_state_dict(begun)
        return TextTask(TextEncoder(name), own, sentences, TextTraining(batch_size=8, rank=2, train=settings))

    task = assert_goes_on_exactly(make, settings, tmp_path / "run", stop_at=3)
    assert not any("word_embeddings" in key for key in task.state_dict())  # other people's weights stay out of runs
    texts = ["a man is loud", "a woman speaks slow"]
    plain, encoder = TextEncoder(name).encode(texts), task.encoder
    encoder.model.eval()
    changed, factors = encoder.encode(texts), layer_names(task.changes.state_dict())
    assert float((changed - plain).abs().max()) > 1e-3
    torch.testing.assert_close(TextEncoder(name, factors).encode(texts), changed, rtol=0, atol=1e-5)
    stays = ("projections.speech.", "projections.face.", "voice.", "style.", "emotion.", "log_scale")
    for key, value in task.space.state_dict().items():
        assert torch.equal(value, begun[key]) == key.startswith(stays), key

    save_prompt_encoder(
        tmp_path / "model", config, SpeechEncoder(config.speech), FaceEncoder(config.face), space, factors
    )
    loaded = PromptEncoder.from_pretrained(tmp_path / "model")
    torch.testing.assert_close(loaded.text.encode(texts), changed, rtol=0, atol=5e-3)  # float16 factors
    with pytest.raises(ValueError, match=r"has no layer pooler\.dense of 2 to 3 values"):
        TextEncoder(name, {"pooler.dense.a": torch.zeros(1, 2), "pooler.dense.b": torch.zeros(3, 1)})


def test_batches_of_sentences_are_of_like_length(tmp_path: Path) -> None:
    from recipes.corpus.written import read_written
    from recipes.prompts.text import TextTask, TextTraining

    written = read_written(0)
    config = replace(TINY, text_dim=48)
    space, encoder = SharedSpace(config.space, config.widths()), TextEncoder(text_model(tmp_path / "bert"))
    task = TextTask(encoder, space, (written, written), TextTraining(batch_size=32, rank=2))
    lengths = np.array([len(s.text) for s in written])
    steps = [np.concatenate(task._drawn(step)) for step in range(16)]
    within = np.mean([lengths[rows].std() for rows in steps])
    assert within < 0.5 * lengths[np.concatenate(steps)].std()
    assert len({tuple(rows) for rows in steps}) == 16  # every step has its own


def test_played_faster_is_another_voice_and_rate() -> None:
    from recipes.prompts.clips import Clips

    zeros, speed = torch.zeros(1), torch.tensor([[1.0], [1.1]])
    clips = Clips(zeros, speed, torch.zeros(1, VOICE_DIM), torch.zeros(1, STYLE_DIM), zeros, zeros, [{}])
    voice, style = clips.labels(np.ones(1, int), np.zeros(1, int))
    assert float(style[0, 2]) == pytest.approx(math.log2(1.1) / STYLE_SCALES.rate, rel=1e-3)
    octaves = float(voice[0, 0]) * 0.4  # the voice's pitch is in units of 0.4 octaves
    assert octaves == pytest.approx(math.log2(1.1), rel=1e-3)


def test_fresh_clips_are_measured_with_what_they_were_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recipes.corpus import teachers
    from recipes.prompts import fresh, prepare
    from recipes.prompts.clips import Clips, for_stages

    class Teacher:
        def speak(self, symbols: list[str], voice: Voice, style: Style, rng: np.random.Generator) -> Heard:
            if rng.random() < 0.2:
                raise ValueError("no voiced frame")
            return Heard(tone(2.0, float(np.clip(voice.pitch, 90, 300))))

    monkeypatch.setattr(teachers, "HibariTeacher", Teacher)
    monkeypatch.setattr(teachers, "PiperTeacher", Teacher)
    monkeypatch.setattr(fresh, "phonemize", lambda text: list(text))
    monkeypatch.setattr(fresh, "seed_teachers", lambda seed: None)
    (tmp_path / "text").mkdir()
    lines = [f"He saw the number {word} house." for word in ("first", "second", "third", "last", "old", "new")]
    (tmp_path / "text" / "a.txt").write_text("\n".join(lines))
    monkeypatch.setattr(prepare, "FRESH_PART", 15)
    prepare.measure_fresh(tmp_path / "text", tmp_path, 28, 2)
    made = sorted(path.name for path in tmp_path.glob("*fresh*"))
    assert made == [
        f"{kind}-fresh-00{n}.{end}" for kind, end in (("measures", "npy"), ("rows", "jsonl")) for n in (1, 2)
    ]
    for name in made[::2]:  # the first part as the corpus's clips
        (tmp_path / name).replace(tmp_path / name.replace("fresh-001", "train"))
    clips = Clips.load(tmp_path, "train")
    assert clips.measures.shape == (2, 30, N_MEASURES) and bool(torch.isfinite(clips.measures).all())
    assert len({r["voice_name"] for r in clips.rows}) == 30 and float(clips.speed[0].std()) == 0
    speech, space = for_stages(clips, 8)
    assert [len(speech), len(space)] == [22, 8] and space.rows == clips.rows[-8:]
    second = (tmp_path / "rows-fresh-002.jsonl").stat().st_mtime_ns
    prepare.measure_fresh(tmp_path / "text", tmp_path, 45, 2)  # what is there is kept, what lacks is made
    assert len(Clips.load(tmp_path, "train")) == 60
    assert (tmp_path / "rows-fresh-002.jsonl").stat().st_mtime_ns == second


def test_mixtures_say_a_sentence_several_times_in_several_voices() -> None:
    from recipes.prompts.fresh import MIXED_SHARE, TIMES_SAID, roles

    rng = np.random.default_rng(0)
    drawn = list(islice(roles(["He saw the house.", "So did I, he said."], 1000, True, rng), 600))
    mixed = [(speaker, said) for speaker, said in drawn if speaker.blend]
    assert len(mixed) / len(drawn) == pytest.approx(MIXED_SHARE, abs=0.1)
    first = [i for i, (speaker, _) in enumerate(drawn) if speaker.blend][:TIMES_SAID]
    assert len({drawn[i][1] for i in first}) == len({drawn[i][0].name for i in first}) == 1
    assert len({drawn[i][0].voice.pitch for i in first}) == TIMES_SAID
    assert not any(is_held_out(int(speaker.name.partition("-")[2])) for speaker, _ in mixed)
    names = [speaker.name for speaker, _ in drawn if not speaker.blend]
    assert len(set(names)) == len(names)
    assert all(not speaker.blend for speaker, _ in islice(roles(["He saw."], 1000, False, rng), 50))


def test_a_wild_clip_keeps_its_label_but_not_its_sound() -> None:
    from recipes.prompts.fresh import as_people_differ, roughened

    rng = np.random.default_rng(0)
    drawn = [as_people_differ(Voice(), Style(), rng) for _ in range(200)]
    assert np.std([v.tract for v, _ in drawn]) == pytest.approx(0.05, rel=0.2)
    assert 0.5 < np.mean([s.range for _, s in drawn]) < 0.7 and all(s.pitch == s.level == 0 for _, s in drawn)
    rough = roughened(tone(), rng)
    assert rough.shape == tone().shape and np.isfinite(rough).all() and not np.array_equal(rough, tone())


def test_what_is_heard_badly_is_mostly_neutral() -> None:
    from recipes.prompts.clips import NEUTRAL_WHERE_BAD, Clips, cautiously

    emotion = torch.tensor([0] * 10 + [1] * 30)
    empty = torch.zeros(1, 40)
    clips = Clips(torch.zeros(1, 40, 1), empty, torch.zeros(40, 9), torch.zeros(40, 10), emotion, empty[0], [{}] * 40)
    share = cautiously(np.full(40, 1 / 40), clips)
    assert share.sum() == pytest.approx(1) and share[:10].sum() == pytest.approx(NEUTRAL_WHERE_BAD)
    none = cautiously(np.full(30, 1 / 30), clips.only(list(range(10, 40))))
    assert np.allclose(none, 1 / 30)  # no neutral ones: nothing to prefer


def test_recordings_are_worsened_but_stay_recordings() -> None:
    from recipes.prompts.channel import worsen

    torch.manual_seed(0)
    wav = torch.from_numpy(tone())[None].repeat(12, 1)
    worse = worsen(wav, lossy=1)
    assert worse.shape == wav.shape and bool(torch.isfinite(worse).all()) and float(worse.abs().max()) <= 1.5
    correlation = torch.nn.functional.cosine_similarity(wav, worse)
    assert float(correlation.abs().min()) > 0.05 and float((correlation.abs() < 0.99).float().mean()) > 0.6
    pitch = periodicity(worse)[0].argmax(dim=1).float().median(dim=1).values
    clean = periodicity(wav)[0].argmax(dim=1).float().median(dim=1).values
    assert float(((pitch - clean).abs() < 2).float().mean()) > 0.7  # pitch survives what is done


# Other people's data


@pytest.fixture
def triples(tmp_path: Path) -> Path:
    """A CSV with holes, beside two recordings and a picture."""
    import soundfile

    for name, hertz in (("a", 120.0), ("b", 220.0)):
        soundfile.write(tmp_path / f"{name}.wav", tone(hertz=hertz), 24000)
    Image.new("L", (64, 64), 100).save(tmp_path / "face.png")
    lines = (
        "audio,face,description,emotion,intensity,speaker",
        "a.wav,face.png,an angry man,angry,1,s1",
        "b.wav,,a sad woman,sad,0.5,s2",
        ",face.png,somebody happy,happy,,",
        "a.wav,,,,,s1",
        "b.wav,face.png,someone surprised,,,",
    )
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "data.csv"


def fake_face(monkeypatch: pytest.MonkeyPatch) -> None:
    crop = np.random.default_rng(0).integers(0, 255, (128, 128), dtype=np.uint8)
    monkeypatch.setattr(prompt_module, "read_face", lambda source, side: crop)


def test_a_step_on_triples_with_holes(
    triples: Path,
    encoder: PromptEncoder,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from click.testing import CliRunner

    from prompts.encoder import PromptEncoder as Encoder
    from recipes.prompts import triples as recipe

    fake_face(monkeypatch)
    monkeypatch.setattr(Encoder, "text", FakeText())
    (tmp_path / "config.yaml").write_text("batch_size: 4\ntrain: {steps: 2, warmup: 1, bf16: false, log_every: 1}\n")
    arguments = ["--csv", triples, "--model", folder, "--config", tmp_path / "config.yaml", "--run", tmp_path / "run"]
    out = tmp_path / "out"
    result = CliRunner().invoke(recipe.main, [str(a) for a in (*arguments, "--out", out)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    before, after = PromptEncoder.from_pretrained(folder), PromptEncoder.from_pretrained(out)
    heard = Prompt.speech(tone())
    assert not torch.equal(before.encode(heard).style, after.encode(heard).style)
    torch.testing.assert_close(before.speech.features.weight, after.speech.features.weight)
    again = CliRunner().invoke(recipe.main, [str(a) for a in (*arguments, "--out", out)])
    assert again.exit_code == 2 and "exists; give another folder" in again.output


def test_triples_that_cannot_be_used(triples: Path, encoder: PromptEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    from recipes.prompts.triples import read_rows, read_triples, same

    fake_face(monkeypatch)
    read = read_triples(triples, encoder)
    assert [int(read.known[m].sum()) for m in ("speech", "face", "text")] == [4, 3, 4]
    assert read.emotion.tolist()[3:] == [-1, -1] and read.speaker.tolist() == [0, 1, -1, 0, -1]
    assert same(torch.tensor([0, 0, -1, -1])).tolist() == [
        [0.5, 0.5, 0, 0],
        [0.5, 0.5, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ]
    for text, message in (
        ("audio,colour\na.wav,red\n", "unknown column 'colour'"),
        ("audio,emotion\na.wav,sad\n,sad\n", "line 3: neither audio nor face nor description"),
        ("audio,emotion\na.wav,sad\na.wav,hungry\n", "line 3: unknown emotion 'hungry'"),
        ("audio,intensity\na.wav,9\na.wav,1\n", "line 2: intensity 9.0 is out of range"),
        ("audio,intensity\na.wav,x\na.wav,1\n", "line 2: intensity 'x' is not a number"),
        ("audio\na.wav\n", "has 1 rows; at least two"),
    ):
        triples.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_rows(triples)
    triples.write_text("audio\na.wav\nmissing.wav\n")
    with pytest.raises(ValueError, match="line 3: no such audio file"):
        read_triples(triples, encoder)


def test_a_frame_of_a_video(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    from recipes.prompts.triples import open_face

    path = tmp_path / "clip.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for i in range(20):
        video.write(np.full((48, 64, 3), 10 * i, np.uint8))
    video.release()
    assert open_face("face.jpg", tmp_path) == tmp_path / "face.jpg"
    frame = np.asarray(open_face("clip.avi@1.5", tmp_path))
    assert frame.shape == (48, 64, 3) and abs(float(frame.mean()) - 150) < 12
    with pytest.raises(ValueError, match="has no frame at 9 s"):
        open_face("clip.avi@9", tmp_path)


def test_a_vision_model_by_configuration(tmp_path: Path) -> None:
    from prompts.vision import VisionEncoder, make_face_encoder

    import_torchaudio()
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 10, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}
    ViTModel(ViTConfig(**sizes, image_size=32, patch_size=16)).save_pretrained(tmp_path / "vit")
    config = replace(TINY, face=FaceConfig(model=str(tmp_path / "vit"), size=32, dim=10))
    modules = SpeechEncoder(config.speech), make_face_encoder(config.face), SharedSpace(config.space, config.widths())
    save_prompt_encoder(tmp_path / "model", config, *modules, {})
    loaded = PromptEncoder.from_pretrained(tmp_path / "model")
    assert isinstance(loaded.face, VisionEncoder) and not any(k.startswith("face.") for k in loaded.weights)
    crops = torch.arange(2 * 32 * 32).reshape(2, 32, 32) % 255
    assert loaded.face(crops).shape == (2, 10)
    torch.testing.assert_close(loaded.face(crops), modules[1](crops))
    with pytest.raises(ValueError, match="has 10 features; set face.dim to 10, not 11"):
        VisionEncoder(replace(config.face, dim=11))
    with pytest.raises(ValueError, match="cannot load the vision model"):
        VisionEncoder(replace(config.face, model=str(tmp_path / "nothing")))


def test_features_are_made_anew_when_their_source_is(tmp_path: Path) -> None:
    from recipes.prompts.space import _cached

    source, kept, made = tmp_path / "last.pt", tmp_path / "features.pt", []

    def make() -> dict[str, int]:
        made.append(len(made))
        return {"number": len(made)}

    source.write_bytes(b"")
    assert [_cached(kept, [source], make)["number"] for _ in range(2)] == [1, 1]
    later = kept.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert _cached(kept, [source], make)["number"] == 2


def test_descriptions_are_judged_by_what_they_say() -> None:
    from recipes.evaluation.descriptions import TITLES, by_kind, judged, rows_of
    from recipes.prompts.clips import NAMES

    class Encoder:
        """Takes everything for loud and neutral, or for ``said`` 0: for no style at all."""

        said = 1.0

        def encode(self, prompt: Prompt) -> PromptVectors:
            style = torch.zeros(len(STYLE_ATTRIBUTES))
            style[STYLE_ATTRIBUTES.index("level")] = 1.0
            emotion = torch.zeros(len(NAMES))
            emotion[NAMES.index("neutral")] = 1.0
            stated = torch.full((2,), self.said)
            return PromptVectors(torch.zeros(VOICE_DIM), style, emotion, torch.zeros(2), torch.zeros(2), stated)

    manners, denials = (judged(Encoder(), name) for name in ("manners", "denials"))  # type: ignore[arg-type]
    assert all(right == (row["attribute"] == "level" and row["sign"] == "+") for row, _, right in manners)
    assert all(right == (row["emotion"] == "neutral") for row, _, right in denials)
    assert by_kind(denials)[0] == ["neutral", "10", "10"] and by_kind(denials)[-1] == ["all", "10", "23"]
    persons = judged(Encoder(), "persons")  # type: ignore[arg-type]
    assert all(right == (row["who"] in ("woman", "young woman")) for row, _, right in persons)
    assert persons[0][1] == "woman of 32 at 165 Hz" and len(by_kind(persons)) == 10
    Encoder.said = 0.0
    for name in ("manners", "persons"):
        assert not any(right for *_, right in judged(Encoder(), name))  # type: ignore[arg-type]
    assert all(check_description(row["text"]) for name in TITLES for row in rows_of(name))
