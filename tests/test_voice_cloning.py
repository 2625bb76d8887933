"""The voice-cloning recipes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import TINY_LM
from fake_judges import FakeSpeaker, FakeWhisper
from test_cloning import cloning_model, speech  # noqa: F401
from test_recipes import run

from prompts.vectors import PromptVectors
from recipes.corpus import teachers
from recipes.voice_cloning import clone, evaluate_clone, finetune_voice, virtual_voice
from tts import Synthesizer
from tts.audio import Audio
from tts.cli import main as facet
from tts.config import AUDIO
from tts.style import VOICE_DIM, Voice, voice_vector
from tts.voice_file import VoiceFile, find_voice_file, fingerprint, load_voice

# What a prompt is understood as, by an encoder that hears nothing in it.
NOBODY = PromptVectors(torch.zeros(VOICE_DIM), torch.zeros(10), *(torch.ones(n) / n for n in (8, 4, 4)), torch.ones(2))


def test_a_voice_is_learnt_and_spoken_in(
    cloning_model: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Synthesizer, "encode", lambda self, prompt: NOBODY)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(finetune_voice, "MIN_MINUTES", 0.1)
    folder = tmp_path / "recordings"
    folder.mkdir()
    for i in range(2):
        Audio(speech(4.0 + i, 0.05)).save(folder / f"{i}.wav")
    options = ("--model", cloning_model, "--work", tmp_path / "work", "--steps", 3, "--threads", 1)
    run(finetune_voice.main, folder, "--name", "anna", *options)
    path = find_voice_file("anna")
    assert path is not None and path == find_voice_file(str(path))
    learnt = load_voice(path)
    assert learnt.name == "anna" and torch.equal(learnt.voice, NOBODY.voice)
    assert learnt.changes and all(b.abs().max() > 0 for _, b in learnt.changes.values())
    assert {n.split(".")[0] for n in learnt.changes} == {"codec"}

    own = Synthesizer.from_pretrained(str(cloning_model), path)
    assert own.voices[0] == "anna"
    plain_synth = Synthesizer.from_pretrained(str(cloning_model))
    weights, before = own.model.codec.state_dict(), plain_synth.model.codec.state_dict()
    for name, (a, b) in learnt.changes.items():
        key = name.removeprefix("codec.")
        assert torch.allclose(weights[key], before[key] + b @ a)
    recordings, seconds = finetune_voice.read_recordings(folder, plain_synth)
    assert seconds == pytest.approx(9.0, abs=0.5) and len(recordings.mels) == len(recordings.codes) == 2
    task = finetune_voice.VoiceTask(plain_synth.model.codec, recordings, 2, 2)
    trained = {n for n, parameter in task.named_parameters() if parameter.requires_grad}
    assert trained and all("parametrizations" in n and n.startswith("codec.decoder.") for n in trained)
    text = "Yes, and this is what I would say of it."
    spoken, other = own.say(text, watermark=False).samples, own.say(text, voice="a", watermark=False).samples
    assert not np.array_equal(spoken, other)
    assert not np.array_equal(spoken, own.say(text).samples)  # marked
    assert np.array_equal(other, own.say(text, voice="a").samples)  # nobody's voice: not marked
    result = CliRunner().invoke(
        facet, ["say", "Yes.", "--voice", "anna", "-o", str(tmp_path / "x.wav"), "--model", str(cloning_model)]
    )
    assert result.exit_code == 0, result.output
    for more, message in (((), "--force"), (("--force", "--rank", 2), "give a new --work, or remove it")):
        again = CliRunner().invoke(finetune_voice.main, [str(x) for x in (folder, "--name", "anna", *options, *more)])
        assert again.exit_code == 2 and message in again.output


def test_bad_voices_are_refused(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    factors = {"lm.backbone.layers.9.q": (torch.zeros(2, 4), torch.zeros(4, 2))}
    key, width = "lm.backbone.layers.0.self_attn.q_proj.weight", TINY_LM.dim
    own = fingerprint(Synthesizer.from_pretrained(str(tiny_model)).model.config)
    for model, changes, message in (
        ("0 0", {}, "learnt for another model"),
        (own, factors, "is damaged"),
        (own, {key: (torch.zeros(2, width), torch.zeros(width, 3))}, "is damaged"),
        (own, {key: (torch.zeros(width), torch.zeros(width))}, "is damaged"),
    ):
        VoiceFile("x", "", torch.zeros(VOICE_DIM), model, changes).save(tmp_path / "bad.voice", force=True)
        with pytest.raises(ValueError, match=message):
            Synthesizer.from_pretrained(str(tiny_model), tmp_path / "bad.voice")
    with pytest.raises(ValueError, match="no such voice file"):
        Synthesizer.from_pretrained(str(tiny_model), tmp_path / "none.voice")
    (tmp_path / "text.voice").write_text("hello")
    with pytest.raises(ValueError, match="is not a voice file"):
        load_voice(tmp_path / "text.voice")
    assert find_voice_file("../other") is None and find_voice_file(str(tmp_path / "none.voice")) is None
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, message in (
        ((empty, "--name", "anna"), "has 0 s of speech in 0 recordings"),
        ((tmp_path / "none", "--name", "anna"), "no such folder"),
        ((empty, "--name", "a/b"), "cannot name a voice"),
        ((empty, "--name", "a/b", "-o", tmp_path / "b.voice"), "cannot name a voice"),
        ((empty, "--name", "a"), "'a' is a built-in voice"),
        ((empty, "--name", "anna", "-o", tmp_path / "b.wav"), "ends in .voice"),
    ):
        result = CliRunner().invoke(finetune_voice.main, [*map(str, arguments), "--model", str(tiny_model)])
        assert result.exit_code == 2 and message in result.output and result.output.count("\n") == 1


def test_learnt_voices_are_listed_and_come_before_built_in_ones(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "facet-tts" / "voices"
    folder.mkdir(parents=True)
    own = fingerprint(Synthesizer.from_pretrained(str(tiny_model)).model.config)
    vector = voice_vector(Voice(150.0, 0.95))
    VoiceFile("b", "my own", vector, own, {}).save(folder / "b.voice")
    VoiceFile("c", "of another model", vector, "0 0", {}).save(folder / "c.voice")
    synth = Synthesizer.from_pretrained(str(tiny_model), find_voice_file("b"))
    assert synth.voices == ["b", "a"]
    torch.testing.assert_close(synth.voice_vector(), vector)
    for voice in ("b", None, vector):
        marked, plain = (synth.say("Yes.", voice=voice, watermark=on).samples for on in (True, False))
        assert not np.array_equal(marked, plain)
    listed = CliRunner().invoke(facet, ["voices", "--model", str(tiny_model)]).output
    assert "150 Hz  my own (learnt)" in listed and "second" in listed and "of another model" not in listed
    (folder / "d.voice").write_bytes(b"half")
    damaged = CliRunner().invoke(facet, ["voices", "--model", str(tiny_model)])
    assert damaged.exit_code == 2 and "d.voice is not a voice file" in damaged.output


def test_a_training_goes_on_only_with_what_it_began_with(tmp_path: Path) -> None:
    folder, work = tmp_path / "recordings", tmp_path / "work"
    folder.mkdir()
    (folder / "0.wav").write_bytes(b"one")
    finetune_voice.check_resumes(work, folder, 4, "model")
    finetune_voice.check_resumes(work, folder, 2, "model")  # nothing is trained yet
    (work / "last.pt").write_bytes(b"")
    finetune_voice.check_resumes(work, folder, 2, "model")
    for rank, model in ((4, "model"), (2, "other")):
        with pytest.raises(ValueError, match="is on other recordings, another rank or another model"):
            finetune_voice.check_resumes(work, folder, rank, model)
    (folder / "0.wav").write_bytes(b"another")
    with pytest.raises(ValueError, match="give a new --work"):
        finetune_voice.check_resumes(work, folder, 2, "model")


def test_a_batch_is_cloned_and_gone_on_with(cloning_model: Path, tmp_path: Path) -> None:  # noqa: F811
    Audio(speech(4.0)).save(tmp_path / "me.wav")
    (tmp_path / "lines.txt").write_text("Yes.\n\n  \nNo, no, no, no, no.\n")
    command = [tmp_path / "me.wav", tmp_path / "lines.txt", "--out", tmp_path / "out", "--model", cloning_model]
    run(clone.main, *command)
    files = sorted((tmp_path / "out").iterdir())
    assert [f.name for f in files] == ["0001.wav", "0004.wav"]
    first = files[0].read_bytes()
    files[1].unlink()
    files[0].write_bytes(b"kept")
    run(clone.main, *command)
    assert files[0].read_bytes() == b"kept" and files[1].exists()
    run(clone.main, *command, "--force")
    assert files[0].read_bytes() == first
    (tmp_path / "none.txt").write_text("\n \n")
    result = CliRunner().invoke(clone.main, [str(a) for a in (command[0], tmp_path / "none.txt", *command[2:])])
    assert result.exit_code == 2 and "it has no line with text" in result.output and result.output.count("\n") == 1


def test_clones_are_judged_beside_recordings(
    cloning_model: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Synthesizer, "encode", lambda self, prompt: NOBODY)
    monkeypatch.setattr(evaluate_clone, "Whisper", FakeWhisper)
    monkeypatch.setattr(evaluate_clone, "SpeakerSimilarity", FakeSpeaker)
    monkeypatch.setattr(evaluate_clone, "dnsmos", lambda wav, rate: {"ovrl": 3.0})
    Audio(speech(9.0)).save(tmp_path / "me.wav")
    table = tmp_path / "figures.json"
    result = CliRunner().invoke(
        evaluate_clone.main,
        [
            str(a)
            for a in (
                "--recording",
                tmp_path / "me.wav",
                "--sentences",
                1,
                "--threads",
                1,
                "--model",
                cloning_model,
                "--json",
                table,
            )
        ],
    )
    assert result.exit_code == 0, result.output
    assert "codes of the reference" in result.output and "recording through the codec" in result.output
    assert json.loads(table.read_text())["reference"][0]["ovrl"] == [3.0]
    with pytest.raises(ValueError, match="too short"):
        Audio(speech(4.0)).save(tmp_path / "short.wav")
        evaluate_clone.real_person(tmp_path / "short.wav")


def test_virtual_people_have_their_own_reference() -> None:
    rows = [{"voice_name": f"pool-{12 * (i % 2)}", "n_samples": 60_000 + i, "text": f"text {i}"} for i in range(14)]
    corpus_like = SimpleNamespace(rows=rows, samples=lambda i: np.full(rows[i]["n_samples"], i, np.float32))
    people = evaluate_clone.virtual_people(corpus_like, 5)  # type: ignore[arg-type]
    assert [p.name for p in people] == ["pool-0", "pool-12"]
    for person in people:
        used = set(np.unique(person.reference).tolist())
        assert len(person.reference) >= 6 * AUDIO.sample_rate and len(person.others) >= 2
        assert not used & {float(wav[0]) for wav in person.others}
        assert person.transcript == " ".join(f"text {int(i)}" for i in sorted(used))


def test_recordings_of_a_virtual_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [SimpleNamespace(text=f"This is {word} sentence.", split="test") for word in ("one", "some", "no")]
    spoken: list[list[str]] = []

    def speak(symbols: list[str], *arguments: object) -> SimpleNamespace:
        spoken.append(symbols)
        if len(spoken) == 1:
            raise ValueError("no voiced frame")
        if len(spoken) == 2:  # long, but little of it is speech
            return SimpleNamespace(samples=np.pad(speech(2.0), (0, 2 * AUDIO.sample_rate)))
        return SimpleNamespace(samples=speech(4.0))

    monkeypatch.setattr(virtual_voice, "read_sentences", lambda folder: texts)
    monkeypatch.setattr(virtual_voice, "seed_teachers", lambda seed: None)
    monkeypatch.setattr(virtual_voice, "HELD_OUT_CLIPS", 1)
    for name in ("HibariTeacher", "PiperTeacher"):
        monkeypatch.setattr(teachers, name, lambda: SimpleNamespace(speak=speak))
    out = tmp_path / "out"
    command = ["--text", str(tmp_path), "--number", "24", "--out", str(out)]
    run(virtual_voice.main, *command, "--minutes", "0.05")
    rows = (out / "transcripts.csv").read_text().splitlines()
    assert rows[0] == "file,text" and rows[1].startswith("0001.wav,This is ") and len(rows) == 2
    assert (out / "held_out" / "0000.wav").exists() and (out / "0001.wav").exists()
    for more, message in ((("--minutes", "1"), "add more text"), (("--number", "25"), "is trained on")):
        result = CliRunner().invoke(virtual_voice.main, [*command, *more])
        assert result.exit_code == 2 and message in result.output and result.output.count("\n") == 1
