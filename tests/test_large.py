"""Training a large model in UniTTS's layout, on a tiny random one and a made-up corpus."""

# ruff: noqa: F811 - fixtures of other files
from __future__ import annotations

import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import yaml
from click.testing import CliRunner
from distilcodec_reference import SMALL, sound
from test_recipes import corpus  # noqa: F401
from test_unitts import TEXT_ROWS, files, model, plain, qwen  # noqa: F401
from two_processes import in_two_processes

from recipes.codec.codes import read_codes, write_codes
from recipes.data import Corpus
from recipes.lm import large, prepare
from recipes.lm.large_data import NOT_LEARNT, Batches, Speech, Tokens, Wording, padded
from tts.cli import main as cli
from tts.codec.waveform import Codec
from tts.unitts.engine import load_language_model
from tts.unitts.synthesizer import Reference, UniTTS

missing = [name for name in ("accelerate", "peft") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"extra [train]: {missing}")

ROOT = Path(__file__).parent.parent
CODES = range(TEXT_ROWS, TEXT_ROWS + SMALL["quantizer"]["codebook_size"])
SIZES = {"steps": 4, "accumulate": 1, "tokens": 1200, "max_length": 1000, "save_every": 2, "log_every": 1}
TINY = {**SIZES, "lr": 0.02, "warmup": 1, "lora_rank": 4, "bf16": False, "gradient_checkpointing": False}


@pytest.fixture(scope="module")
def codes(model: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by the model's codec."""
    path = tmp_path_factory.mktemp("codes") / "codes.npz"
    arguments = ("--corpus", corpus, "--codec", model, "--out", path)
    result = CliRunner().invoke(prepare.main, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture(scope="module")
def speech(model: Path, corpus: Path, codes: Path) -> Speech:
    return large.read_speech(model, corpus, codes, 1000, 1.0)[0]


@pytest.fixture
def learn(model: Path, corpus: Path, codes: Path, tmp_path: Path) -> Any:
    """Runs the command."""

    def run(out: Path, *more: object, code: int = 0, **settings: object) -> str:
        config = tmp_path / "large.yaml"
        config.write_text(yaml.safe_dump({**TINY, **settings}))
        arguments = ["--model", model, "--corpus", corpus, "--codes", codes, "--config", config, "--out", out, *more]
        result = CliRunner().invoke(large.main, [str(a) for a in arguments])
        assert result.exit_code == code, result.output
        if code == 2:
            assert result.output.count("\n") == 1 and result.output.startswith("Error: ")
        return result.output

    return run


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load

    return load((folder / "model.safetensors").read_bytes())


def tie(folder: Path) -> None:
    """One table for input and output."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = json.loads((folder / "config.json").read_text())
    torch.manual_seed(1)
    Qwen2ForCausalLM(Qwen2Config(**{**config, "tie_word_embeddings": True})).save_pretrained(folder)


def test_the_corpus_is_encoded_by_the_models_codec(model: Path, corpus: Path, codes: Path) -> None:
    codec, clips = Codec.from_pretrained(model), Corpus(corpus, "train")
    for index, piece in enumerate(read_codes(codes, "train", len(clips))):
        assert np.array_equal(piece, codec.encode(clips.samples(index)))


def test_what_is_trained_on_begins_with_what_synthesis_asks(model: Path, speech: Speech, tmp_path: Path) -> None:
    unitts, rng = UniTTS.from_pretrained(model), np.random.default_rng(0)
    rows = [{"text": text, "voice_name": "x"} for text in ("Good day.", "Hello, you!")]
    audio = unitts.vocabulary.write(speech.codes[1])
    for share, words in ((1.0, "Hello, you!"), (0.0, "")):
        made = Speech(speech.wording, rows, speech.codes[:2], 1000, share).speak(0, rng)
        asked = unitts.prompt_ids("Good day.", Reference(audio, words))
        answer = made.ids[made.learnt :]
        assert made.ids[: len(asked)] == asked and made.learnt == len(asked)
        assert unitts.vocabulary.codes(answer) == speech.codes[0].tolist()
        assert [i in unitts.vocabulary.stops for i in answer] == [False] * (len(answer) - 1) + [True]
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    (folder / "template.txt").write_text("<|im_start|>user\n{content}<|im_end|><|im_start|>assistant\n")
    made = Speech(Wording.read(folder)[0], rows[:1], speech.codes[:1], 1000, 1.0).speak(0, rng)
    asked = UniTTS.from_pretrained(folder).prompt_ids("Good day.", None)
    assert made.ids[: made.learnt] == asked and asked[-10:] == unitts.tokenizer("assistant\n")["input_ids"]


def test_the_example_is_another_clip_of_the_voice_of_like_emotion_where_there_is_one(speech: Speech) -> None:
    said = (("x", "sad"), ("x", "happy"), ("y", "sad"), ("x", "sad"), ("z", "sad"))
    rows = [{"text": f"Hello {v} {e}{n}.", "voice_name": v, "emotion": e} for n, (v, e) in enumerate(said)]
    codes = [np.full(4, 10 + n) for n in range(5)]
    made = Speech(speech.wording, rows, codes, 1000, 1.0)

    def example(clip: int) -> set[int]:
        tokens = [made.speak(clip, np.random.default_rng(seed)) for seed in range(9)]
        return {i - TEXT_ROWS - 10 for t in tokens for i in t.ids[: t.learnt] if i in CODES}

    assert example(0) == {3} and example(3) == {0} and example(1) == {0, 3}
    assert made.speak(2, np.random.default_rng(0)) is None and made.speak(4, np.random.default_rng(0)) is None
    same = Speech(speech.wording, [row | {"text": "Hello."} for row in rows], codes, 1000, 1.0)
    assert same.speak(0, np.random.default_rng(0)) is None  # it would only be copied
    too_long = Speech(speech.wording, rows, [codes[0], codes[1], codes[2], np.full(960, 3), codes[4]], 1000, 1.0)
    assert 13 - TEXT_ROWS not in too_long.speak(0, np.random.default_rng(0)).ids  # the sad one does not fit
    assert len(too_long.speak(0, np.random.default_rng(0)).ids) < 300


def test_only_the_answer_is_learnt(speech: Speech) -> None:
    batches = Batches([(1.0, speech.speak)], [len(c) for c in speech.codes], 1200, 4, seed=0)
    sequences, batch = batches.draw(2), batches[2]
    assert len(sequences) > 1
    for row, tokens in enumerate(sequences):
        learnt = batch["labels"][row] != NOT_LEARNT
        length = len(tokens.ids)
        assert learnt.tolist() == [tokens.learnt <= n < length for n in range(len(learnt))]
        assert batch["labels"][row][learnt].tolist() == tokens.ids[tokens.learnt :]
        assert batch["input_ids"][row, :length].tolist() == tokens.ids
        assert batch["attention_mask"][row].tolist() == [int(n < length) for n in range(len(learnt))]
        assert sum(i in CODES for i in tokens.ids[tokens.learnt :]) == int(learnt.sum()) - 3  # two markers, the stop


def test_pretraining_mixes_the_three_kinds_by_their_shares(speech: Speech) -> None:
    lengths = [len(c) for c in speech.codes]

    def kinds(*shares: float, count: int = 20) -> list[tuple[bool, bool]]:
        makes = zip(shares, (speech.audio, speech.text, speech.text_audio), strict=True)
        batches = Batches(list(makes), lengths, 400, count, seed=1)
        found = []
        for number in range(count):
            sequences = batches.draw(number)
            assert len(sequences) * max(len(s.ids) for s in sequences) <= 400 or len(sequences) == 1
            assert (padded(sequences)["labels"] != NOT_LEARNT).sum() == sum(len(s.ids) for s in sequences)
            (has,) = {(any(i in CODES for i in s.ids), any(i < 256 for i in s.ids)) for s in sequences}
            found.append(has)
        return found

    assert set(kinds(1, 0, 0)) == {(True, False)} and set(kinds(0, 1, 0)) == {(False, True)}
    assert set(kinds(0, 0, 1)) == {(True, True)}
    mixed = kinds(3, 1, 6, count=200)
    assert [mixed.count(kind) / 200 for kind in ((True, False), (False, True))] == pytest.approx([0.3, 0.1], abs=0.08)


def test_every_clip_is_drawn_about_equally_often() -> None:
    lengths = [5, 50, 20, 40, 10, 30, 60, 15]
    batches = Batches([(1.0, lambda clip, rng: Tokens([clip] * lengths[clip]))], lengths, 100, 2000, seed=0)
    taken = [s.ids[0] for number in range(2000) for s in batches.draw(number)]
    shares = np.bincount(taken, minlength=8) / len(taken)
    assert shares.min() > 0.05 and shares.max() < 0.25


@pytest.mark.parametrize(("stage", "rank"), [("pretrain", 0), ("speak", 4)])
def test_each_stage_learns_and_its_model_speaks(
    stage: str, rank: int, learn: Any, model: Path, speech: Speech, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shares = {"audio_share": 1.0, "text_share": 1.0}
    learn(out, "--stage", stage, "--steps", 15, lora_rank=rank, save_every=15, lr=0.02 if rank else 0.005, **shares)
    makes = (speech.audio, speech.text, speech.text_audio) if stage == "pretrain" else (speech.speak,)
    before, after = plain(model)[0], plain(out / "model")[0]
    for make in makes:
        batch = padded([make(clip, np.random.default_rng(0)) for clip in range(4)])
        with torch.no_grad():
            assert after(**batch).loss < before(**batch).loss - 0.3, make
    for table in ("model.embed_tokens.weight", "lm_head.weight"):
        old, new = weights(model)[table], weights(out / "model")[table]
        assert torch.equal(old[:TEXT_ROWS], new[:TEXT_ROWS]) == bool(rank)
        assert (old != new)[list(CODES)].any(1).float().mean() > 0.5
    soundfile.write(tmp_path / "me.wav", sound(3.5), 24000, subtype="FLOAT")
    arguments = (
        "say",
        "Hello.",
        "-o",
        tmp_path / "o.wav",
        "--model",
        out / "model",
        "--reference",
        tmp_path / "me.wav",
    )
    said = CliRunner().invoke(cli, [str(a) for a in arguments])
    assert said.exit_code == 0 or (stage == "pretrain" and "without speech" in said.output), said.output


@pytest.mark.parametrize("tied", [False, True])
def test_the_merged_model_is_the_adapters(tied: bool, model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    if tied:
        tie(folder)
    (tmp_path / "codec").mkdir()
    for path in (folder / "codec_config.json", folder / "g_00001234"):
        path.rename(tmp_path / "codec" / path.name)
    (folder / "unitts.yaml").write_text("template: template.txt\ncodec: ../codec\n")
    adapted = large.with_lora(load_language_model(folder).float(), 3, TEXT_ROWS)
    trained = {name: p for name, p in adapted.named_parameters() if p.requires_grad}
    assert sum("trainable_tokens" in name for name in trained) == (1 if tied else 2)
    assert sum("lora_" in name for name in trained) == 2 * 2 * 7  # layers, factors, linear layers
    for parameter in trained.values():
        torch.nn.init.normal_(parameter, std=0.3)
    adapted.save_pretrained(tmp_path / "checkpoint")
    large.publish(folder, tmp_path / "checkpoint", large.LargeTraining(lora_rank=3), tmp_path / "out" / "model")
    ids = torch.randint(TEXT_ROWS + 208, (2, 30), generator=torch.Generator().manual_seed(0))
    merged, before = plain(tmp_path / "out" / "model")[0], plain(folder)[0]
    with torch.no_grad():
        wanted, found, old = adapted.eval()(ids).logits, merged(ids).logits, before(ids).logits
    assert (wanted - old).abs().mean() > 0.1
    torch.testing.assert_close(found, wanted, atol=2e-4, rtol=1e-4)
    assert merged.config.tie_word_embeddings == tied
    assert UniTTS.from_pretrained(tmp_path / "out" / "model").codec.codebook_size == len(CODES)  # still found


def test_weights_are_saved_in_the_models_precision(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    load_language_model(folder).to(torch.bfloat16).save_pretrained(folder)
    adapted = large.with_lora(load_language_model(folder).float(), 2, TEXT_ROWS)
    assert {p.dtype for p in adapted.parameters()} == {torch.float32}
    adapted.save_pretrained(tmp_path / "checkpoint")
    large.publish(folder, tmp_path / "checkpoint", large.LargeTraining(lora_rank=2), tmp_path / "out")
    for name, value in weights(tmp_path / "out").items():
        assert value.dtype == torch.bfloat16 and torch.equal(value, weights(folder)[name]), name


@pytest.mark.parametrize("rank", [4, 0])
def test_a_killed_run_goes_on_exactly(rank: int, learn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"lora_rank": rank, "steps": 4, "accumulate": 2}
    learn(tmp_path / "whole", **settings)
    draw = Batches.draw

    def killed(self: Batches, number: int) -> list[Tokens]:
        if number == 6:
            raise KeyboardInterrupt
        return draw(self, number)

    with monkeypatch.context() as patched:
        patched.setattr(Batches, "draw", killed)
        learn(tmp_path / "killed", code=1, **settings)
    assert not (tmp_path / "killed" / "model").exists()
    shutil.copytree(tmp_path / "killed" / "checkpoint-2", tmp_path / "killed" / "checkpoint-3")
    (tmp_path / "killed" / "checkpoint-3" / "trainer_state.json").write_text('{"global_st')  # while it was written
    again = learn(tmp_path / "killed", **settings)
    assert "checkpoint-2\n" in again and "step 2/4" not in again and "step 3/4" in again
    whole, found = weights(tmp_path / "whole" / "model"), weights(tmp_path / "killed" / "model")
    assert all(torch.equal(value, found[name]) for name, value in whole.items())


def test_a_run_of_other_settings_is_left_alone(
    learn: Any, model: Path, corpus: Path, codes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    learn(out, "--steps", 1)
    again = learn(out, "--steps", 1)
    assert "is finished" in again and "step 1" not in again
    before = weights(out / "model")
    (out / "model").rename(out / "model.part")  # killed before it was published whole
    (out / "model.part" / "model.safetensors").write_bytes(b"half")
    assert "step 1/" not in learn(out, "--steps", 1)
    assert all(torch.equal(value, before[name]) for name, value in weights(out / "model").items())
    finished = (out / "model" / "model.safetensors").stat().st_mtime_ns
    other = Path(shutil.copytree(model, tmp_path / "other"))
    (other / "template.txt").write_text("{content}{example_voice}")
    moved = Path(shutil.copytree(corpus, tmp_path / "moved"))
    (moved / "manifest.jsonl").write_text((moved / "manifest.jsonl").read_text().replace("hello", "good"))
    changed = {split: read_codes(codes, split, n) for split, n in (("train", 6), ("valid", 1), ("test", 1))}
    changed["train"][0] = changed["train"][0][::-1]
    write_codes(tmp_path / "changed.npz", changed)
    for more, settings, message in (
        (("--steps", 2), {}, "with steps 1, not 2: give another --out"),
        (("--stage", "pretrain"), {}, "with stage speak, not pretrain"),
        ((), {"lora_rank": 8}, "with lora_rank 4, not 8"),
        ((), {"accumulate": 2}, "with batches a step 1, not 2"),
        (("--model", other), {}, "from another model"),
        (("--corpus", moved), {}, "from another corpus"),
        (("--codes", tmp_path / "changed.npz"), {}, "from other codes"),
    ):
        steps = () if "--steps" in more else ("--steps", 1)
        assert message in learn(out, *steps, *more, code=2, **settings)
    assert (out / "model" / "model.safetensors").stat().st_mtime_ns == finished
    (out / "run.json").unlink()
    assert "not of this recipe" in learn(out, "--steps", 1, code=2)


def test_two_processes_learn_as_one_of_twice_the_batches(
    learn: Any, model: Path, corpus: Path, codes: Path, tmp_path: Path
) -> None:
    """The real launcher."""
    config = tmp_path / "two.yaml"
    config.write_text(yaml.safe_dump(TINY))
    options = ("--model", model, "--corpus", corpus, "--codes", codes, "--config", config, "--out", tmp_path / "two")
    together = in_two_processes("recipes.lm.large", *options)
    alone = learn(tmp_path / "one", accumulate=2)

    def losses(log: str) -> list[float]:
        return [float(x) for x in re.findall(r"loss (\d+\.\d+)", log)]

    assert len(losses(alone)) == 4 and losses(together) == pytest.approx(losses(alone), abs=2e-4)
    two = weights(tmp_path / "two" / "model")
    for name, value in weights(tmp_path / "one" / "model").items():
        torch.testing.assert_close(value, two[name], atol=1e-3, rtol=1e-3)


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing:FutureWarning")
def test_gradient_checkpointing_changes_no_loss(model: Path, speech: Speech, tmp_path: Path) -> None:
    found = []
    for wanted in (False, True):
        config = large.LargeTraining(**{**TINY, "gradient_checkpointing": wanted, "save_every": 9})
        torch.manual_seed(0)
        lm = load_language_model(model).float()
        passes: list[int] = []
        lm.model.layers[0].mlp.register_forward_pre_hook(lambda *_, seen=passes: seen.append(1))
        batches = Batches([(1.0, speech.speak)], [len(c) for c in speech.codes], 1200, config.steps, seed=0)
        adapted = large.with_lora(lm, config.lora_rank, TEXT_ROWS)
        trainer = large.make_trainer(adapted, batches, config, tmp_path / str(wanted), "cpu")
        trainer.train()
        found.append([line["loss"] for line in trainer.state.log_history if "loss" in line])
        assert len(passes) == config.steps * (2 if wanted else 1)  # layers are run again for the gradient
    assert len(found[0]) == 4 and found[1] == pytest.approx(found[0], abs=1e-5)


def test_accelerate_reads_the_settings_for_many_gpus(model: Path) -> None:
    from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file
    from accelerate.utils import DistributedType

    config = load_config_from_file(str(ROOT / "recipes" / "gpu" / "fsdp.yaml"))
    assert isinstance(config, ClusterConfig) and config.distributed_type == DistributedType.FSDP
    layer = type(load_language_model(model).model.layers[0]).__name__
    assert config.fsdp_config["fsdp_transformer_layer_cls_to_wrap"] == layer == "Qwen2DecoderLayer"
    assert config.fsdp_config["fsdp_state_dict_type"] == "FULL_STATE_DICT"
    assert config.mixed_precision == "no"  # large.yaml says


def test_bad_input_is_refused_in_one_line(
    learn: Any, model: Path, qwen: Path, corpus: Path, codes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = read_codes(codes, "train", 6)
    write_codes(tmp_path / "slow.npz", {"train": [c[::2] for c in own]})
    write_codes(tmp_path / "high.npz", {"train": [np.full_like(c, 250) for c in own]})
    strange = Path(shutil.copytree(corpus, tmp_path / "strange"))
    (strange / "manifest.jsonl").write_text((strange / "manifest.jsonl").read_text().replace("hello", "<|im_end|>"))
    for more, settings, message in (
        (("--stage", "sing"), {}, "unknown stage 'sing'; it is one of pretrain, speak"),
        (("--device", "abacus"), {}, "unknown device 'abacus'"),
        (("--model", tmp_path / "none"), {}, "no model"),
        (("--model", qwen), {}, "unitts.yaml is missing"),
        (("--corpus", tmp_path), {}, "no corpus in"),
        (("--corpus", strange), {}, "<|im_end|> in the text would be read as a control token"),
        (("--codes", tmp_path / "none.npz"), {}, "no codes in"),
        (("--codes", tmp_path / "slow.npz"), {}, "slow.npz is not of this model's codec: clip 0 has"),
        (("--codes", tmp_path / "high.npz"), {}, "codes up to 250, not"),
        (("--config", tmp_path / "none.yaml"), {}, "no such configuration file"),
        (("--steps", 0), {}, "steps must be 1 or more, not 0"),
        ((), {"rank": 4}, "unknown key 'rank'; valid keys are"),
        ((), {"lora_rank": -1}, "lora_rank must be 0 (every weight) or more, not -1"),
        ((), {"transcript_share": 1.5}, "transcript_share must be 0 to 1, not 1.5"),
        ((), {"audio_share": -0.5}, "the shares of audio, text and text-audio"),
        ((), {"max_length": 20}, "no clip can be learnt from: all are longer than max_length"),
    ):
        assert message in learn(tmp_path / "out", *more, code=2, **settings)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert "there are several GPUs" in learn(tmp_path / "out", "--device", "cuda", code=2)
    assert not (tmp_path / "out").exists()


def test_tied_rows_cannot_be_trained_divided(
    learn: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    tie(folder)
    monkeypatch.setattr(large, "SHARDED", True)
    assert "has one table for input and output" in learn(tmp_path / "out", "--model", folder, code=2)
