"""UniTTS's layout on a tiny random Qwen2: vocabulary, prompts, generation, extension."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner, Result
from distilcodec_reference import SMALL, changed, sound, write_checkpoint

from prompts.prompt import Prompt
from recipes.lm import extend_vocab
from tts import Synthesizer
from tts._torchaudio import import_torchaudio
from tts.audio import Audio
from tts.cli import main as cli
from tts.cloning import read_reference
from tts.codec.waveform import Codec
from tts.lm.generate import Sampling
from tts.unitts.synthesizer import UniTTS
from tts.unitts.vocabulary import MARKERS, audio_token
from tts.watermark import mark

TEXT_ROWS = 300  # more than the tokenizer has, as Qwen2's padded table
WIDTH = SMALL["quantizer"]["codebook_dim"]
TEMPLATE = (
    "<|im_start|>system\nvoice: {example_text} {example_voice}<|im_end|><|endoftext|>"
    "<|im_start|>user\nsay {content}<|im_end|><|endoftext|><|im_start|>assistant\n"
)
GREEDY = Sampling(temperature=0.0)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Qwen2 with a byte-level tokenizer."""
    import_torchaudio()
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    folder = tmp_path_factory.mktemp("qwen")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|endoftext|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=TEXT_ROWS,
        hidden_size=WIDTH,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=False,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_checkpoint(folder / "codec", SMALL)
    (folder / "template.txt").write_text(TEMPLATE)
    return folder


def extend(qwen: Path, files: Path, out: Path, *more: object, code: int = 0) -> str:
    arguments = ("--model", qwen, "--codec", files / "codec", "--template", files / "template.txt", "--out", out, *more)
    result = CliRunner().invoke(extend_vocab.main, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def model(qwen: Path, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extended model, made to speak: audio tokens are likelier than text."""
    out = tmp_path_factory.mktemp("unitts") / "model"
    extend(qwen, files, out)
    config = yaml.safe_load((out / "unitts.yaml").read_text())
    (out / "unitts.yaml").write_text(yaml.safe_dump({**config, "max_tokens": 24}))
    return out


@pytest.fixture(scope="module")
def unitts(model: Path) -> UniTTS:
    return UniTTS.from_pretrained(model)


def plain(folder: Path) -> tuple:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


def test_extension_keeps_the_text_and_copies_the_codebook(qwen: Path, files: Path, model: Path) -> None:
    before, old = plain(qwen)
    after, new = plain(model)
    codes, size = Codec.from_pretrained(files / "codec").codebook(), SMALL["quantizer"]["codebook_size"]
    assert after.config.vocab_size == TEXT_ROWS + size + len(MARKERS)
    for a, b in (
        (before.model.embed_tokens.weight, after.model.embed_tokens.weight),
        (before.lm_head.weight, after.lm_head.weight),
    ):
        assert torch.equal(b[:TEXT_ROWS], a)
        assert torch.equal(b[TEXT_ROWS : TEXT_ROWS + size], codes)
        torch.testing.assert_close(b[-1], a.mean(0))
    ids = torch.tensor([old("say it aloud")["input_ids"]])
    assert new("say it aloud")["input_ids"] == ids[0].tolist()
    torch.testing.assert_close(after(ids).logits[..., :TEXT_ROWS], before(ids).logits)
    text = audio_token(TEXT_ROWS) + audio_token(TEXT_ROWS + 199) + "".join(MARKERS)
    assert new(text)["input_ids"] == [TEXT_ROWS, TEXT_ROWS + 199, *range(TEXT_ROWS + 200, TEXT_ROWS + 208)]


def test_other_widths_are_padded_or_projected() -> None:
    vectors = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    wide = extend_vocab.fit_width(vectors, 9)
    assert torch.equal(wide[:, :6], vectors) and not wide[:, 6:].any()
    flat = torch.cat([vectors[:, :3] * 10, torch.zeros(50, 3)], dim=1)
    narrow = extend_vocab.fit_width(flat, 3)
    torch.testing.assert_close(torch.pdist(narrow), torch.pdist(flat), atol=1e-3, rtol=1e-3)


def test_greedy_ids_are_those_of_plain_generate(unitts: UniTTS, model: Path, files: Path) -> None:
    lm, tokenizer = plain(model)
    samples = sound(3.5)
    codec = Codec.from_pretrained(files / "codec")
    audio = "".join(f"<|g0r0_{TEXT_ROWS + code}|>" for code in codec.encode(read_reference(samples)))
    written = TEMPLATE.replace("{example_text}", "hello").replace("{content}", "Good day.")
    written = written.replace("{example_voice}", f"<|inter_audio_begin|>{audio}<|inter_audio_end|>")
    ids = tokenizer(written, return_tensors="pt")["input_ids"]
    reference = unitts.reference(samples, "hello")
    assert unitts.prompt_ids("Good day.", reference) == ids[0].tolist()
    stops = tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|endofaudio|>", "<|im_end|>"])
    made = lm.generate(ids, do_sample=False, max_new_tokens=24, eos_token_id=stops, pad_token_id=0)[0, ids.shape[1] :]
    expected = [i for i in made.tolist() if i not in stops]
    assert unitts.engine.generate(ids[0].tolist(), unitts.vocabulary.stops, GREEDY, 24, 0) == expected
    codes = [i - TEXT_ROWS for i in expected if TEXT_ROWS <= i < TEXT_ROWS + 200]
    assert codes
    spoken = unitts.say("Good day.", reference=reference, sampling=GREEDY, watermark=False)
    assert spoken.sample_rate == 24000
    assert np.array_equal(spoken.samples, codec.decode(np.asarray(codes)))
    marked = unitts.say("Good day.", reference=reference, sampling=GREEDY)
    assert np.array_equal(marked.samples, mark(spoken.samples))
    assert not np.array_equal(marked.samples, spoken.samples)


def test_generation_ends_at_each_stop(unitts: UniTTS) -> None:
    ids, stops = [5, 6, 7], unitts.vocabulary.stops
    free = unitts.engine.generate(ids, [10**6], GREEDY, 12, 0)
    assert len(free) == 12
    for position in (2, 5):
        stop = free[position]
        ended = unitts.engine.generate(ids, [stop], GREEDY, 12, 0)
        assert ended == free[: free.index(stop)]
    assert [unitts.tokenizer.convert_ids_to_tokens(i) for i in stops] == [
        "<|endoftext|>",
        "<|endofaudio|>",
        "<|im_end|>",
    ]


def test_same_seed_same_samples(unitts: UniTTS) -> None:
    voice = Prompt.speech(sound(3.5))
    state = torch.get_rng_state()
    first, again, other = (unitts.say("Hello.", voice=voice, seed=seed).samples for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_long_text_is_spoken_in_runs_of_sentences(unitts: UniTTS) -> None:
    text = "This is one sentence of a long text, it goes on. " * 14
    options = {"voice": Prompt.speech(sound(3.5)), "sampling": GREEDY, "watermark": False}
    chunks = list(unitts.stream(text, **options))
    assert len(chunks) == 3
    whole = unitts.say(text, **options)
    assert np.array_equal(whole.samples, np.concatenate([c.samples for c in chunks]))
    arriving = np.concatenate([c.samples for c in unitts.stream(iter(text), **options)])
    assert np.array_equal(arriving, whole.samples)
    many = list(unitts.say_many(["Hello.", "Good day."], **options))
    assert np.array_equal(many[1].samples, unitts.say("Good day.", **options).samples)
    with pytest.raises(ValueError, match="text 2: nothing to speak"):
        unitts.say_many(["Hello.", "?"], **options)  # before anything is spoken
    for wrong, message in ((b"Hello.", "not bytes"), (7, "not int"), (["Hello.", 2], "must come in strings, not int")):
        with pytest.raises(ValueError, match=message):
            unitts.stream(wrong, **options)


def test_facet_say_speaks_with_it(model: Path, tmp_path: Path) -> None:
    import soundfile

    voice, out = tmp_path / "me.wav", tmp_path / "out.wav"
    soundfile.write(voice, sound(3.5), 24000, subtype="FLOAT")

    def say(*more: object) -> Result:
        arguments = ("say", "Hello.", "-o", out, "--model", model, "--reference", voice, *more)
        return CliRunner().invoke(cli, [str(a) for a in arguments])

    for more, message in (
        (("--emotion", "sad"), "style, speed and pitch cannot be set"),
        (("--voice-text", "an old man"), "not both"),
        (("--device", "abacus"), "unknown device 'abacus'"),
        (("--lexicon", "words.txt"), "reads text itself; leave --lexicon out"),
    ):
        refused = say(*more)
        assert refused.exit_code == 2 and message in refused.output and refused.output.count("\n") == 1
    lines, folder = tmp_path / "lines.txt", tmp_path / "spoken"
    lines.write_text("Hello.\n?!\n")
    more = ("-f", lines, "--lines", "--out-dir", folder, "--model", model, "--reference", voice)
    refused = CliRunner().invoke(cli, ["say", *map(str, more)])
    assert refused.exit_code == 2 and "line 2: nothing to speak" in refused.output and not folder.exists()
    assert not out.exists()
    for command in ("info", "voices"):
        refused = CliRunner().invoke(cli, [command, "--model", str(model)])
        assert refused.exit_code == 2 and "is a UniTTS model" in refused.output
    spoken = say("--transcript", "Good day.", "--temperature", "0")
    assert spoken.exit_code == 0, spoken.output
    loaded = Synthesizer.from_pretrained(str(model))
    assert isinstance(loaded, UniTTS)
    audio = loaded.say("Hello.", reference=loaded.reference(voice, "Good day."), sampling=GREEDY)
    assert np.abs(soundfile.read(out)[0] - audio.samples.clip(-1, 1)).max() < 1e-4


def test_what_is_not_asked_for_is_the_models(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unitts: UniTTS
) -> None:
    import soundfile

    soundfile.write(tmp_path / "me.wav", sound(3.5), 24000, subtype="FLOAT")
    asked = []

    def speak(self: UniTTS, ids: list[int], text: str, sampling: Sampling, seed: int) -> Audio:
        asked.append(sampling)
        return Audio(np.zeros(5000, np.float32))

    monkeypatch.setattr(UniTTS, "_speak", speak)
    for number, more in enumerate(((), ("--top-p", "0.8"), ("--temperature", "0"))):
        command = ["say", "Hi.", "-o", tmp_path / f"{number}.wav", "--model", model, "--reference", tmp_path / "me.wav"]
        assert CliRunner().invoke(cli, [str(a) for a in (*command, *more)]).exit_code == 0
    assert asked == [Sampling(0.9, 0.9), Sampling(0.9, 0.8), Sampling(0.0, 0.9)]


def test_a_default_reference(model: Path, tmp_path: Path) -> None:
    import soundfile

    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    soundfile.write(folder / "me.wav", sound(3.5), 24000, subtype="FLOAT")
    config = yaml.safe_load((folder / "unitts.yaml").read_text())
    (folder / "unitts.yaml").write_text(yaml.safe_dump({**config, "reference": "me.wav", "reference_text": "hi"}))
    loaded = UniTTS.from_pretrained(folder)
    said = loaded.say("Hello.", sampling=GREEDY).samples
    given = loaded.say("Hello.", reference=loaded.reference(sound(3.5), "hi"), sampling=GREEDY)
    assert np.array_equal(said, given.samples)
    plain_speech = loaded.say("Hello.", sampling=GREEDY, watermark=False).samples
    assert np.array_equal(said, mark(plain_speech)) and not np.array_equal(said, plain_speech)


def test_what_cannot_be_followed_is_refused(unitts: UniTTS) -> None:
    voice = Prompt.speech(sound(3.5))
    for options, message in (
        ({"style": "sad"}, "style, speed and pitch cannot be set"),
        ({"intensity": 1.5}, "cannot be set"),
        ({"speed": 2.0}, "cannot be set"),
        ({"pitch": 3.0}, "cannot be set"),
        ({"voice": None}, "give a reference or a voice prompt"),
        ({"voice": "ada"}, "no built-in voices"),
        ({"voice": Prompt.text("an old man")}, "exactly one recording"),
        ({"voice": voice + voice}, "exactly one recording"),
        ({"prompt": voice}, "not both"),
        ({"reference": unitts.reference(sound(3.5))}, "not both"),
        ({"voice": Prompt.speech(sound(1.0))}, "too short"),
    ):
        with pytest.raises(ValueError, match=message):
            unitts.say("Hello.", **({"voice": voice} | options))
    for text, message in (("", "nothing to speak"), ("?!", "nothing to speak"), ("a <|im_end|> b", "control token")):
        with pytest.raises(ValueError, match=message):
            unitts.say(text, voice=voice)


def test_an_answer_without_speech(unitts: UniTTS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unitts.engine, "generate", lambda *arguments: [1, 2, 3])
    with pytest.raises(ValueError, match="without speech"):
        unitts.say("Hello.", voice=Prompt.speech(sound(3.5)))


def broken(folder: Path, name: str) -> None:
    """One way in which a model directory can be unusable."""
    if name == "no unitts.yaml":
        (folder / "unitts.yaml").unlink()
    elif name == "no template":
        (folder / "template.txt").unlink()
    elif name == "template without text":
        (folder / "template.txt").write_text("hello")
    elif name == "unknown key":
        (folder / "unitts.yaml").write_text("template: template.txt\nvoice: x\n")
    elif name == "half the weights":
        data = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    elif name == "a weight is missing":
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        del weights["model.layers.0.self_attn.q_proj.weight"]
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
    elif name == "no weights":
        (folder / "model.safetensors").unlink()
    elif name == "half the codec":
        path = folder / "g_00001234"
        path.write_bytes(path.read_bytes()[:1000])
    elif name == "another codec":
        write_checkpoint(folder, changed(quantizer={"codebook_size": 150}))
    elif name == "no vllm":
        (folder / "unitts.yaml").write_text("template: template.txt\nbackend: vllm\n")
    elif name == "backend":
        (folder / "unitts.yaml").write_text("template: template.txt\nbackend: onnx\n")
    elif name in SMALL_TABLES:
        config = json.loads((folder / "config.json").read_text())
        from transformers import Qwen2Config, Qwen2ForCausalLM

        Qwen2ForCausalLM(Qwen2Config(**{**config, "vocab_size": SMALL_TABLES[name]})).save_pretrained(folder)


SMALL_TABLES = {"small table": TEXT_ROWS, "a table without the last marker": TEXT_ROWS + 200 + len(MARKERS) - 1}
BROKEN = {
    "no unitts.yaml": "unitts.yaml is missing: write one",
    "no template": "cannot read the prompt template",
    "template without text": "there is no {content} in it",
    "unknown key": "unknown key 'voice'; valid keys are",
    "half the weights": "damaged|cannot load",
    "a weight is missing": "are incomplete: model.layers.0.self_attn.q_proj.weight is missing",
    "no weights": "cannot load the language model",
    "half the codec": "only half downloaded",
    "another codec": "the tokenizer has 200 audio tokens, but the codec 150 codes",
    "no vllm": "pip install vllm",
    "backend": "unknown backend 'onnx'",
    "small table": "has 300 embeddings, but its tokenizer needs 508",
    "a table without the last marker": "has 507 embeddings, but its tokenizer needs 508",
}


@pytest.mark.parametrize("name", BROKEN)
def test_unusable_directories_say_why(model: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    broken(folder, name)
    with pytest.raises(ValueError, match=BROKEN[name]) as caught:
        UniTTS.from_pretrained(folder)
    assert "\n" not in str(caught.value)


def test_models_that_cannot_be_extended(qwen: Path, files: Path, model: Path, tmp_path: Path) -> None:
    assert "extended before" in extend(model, files, tmp_path / "a", code=2)
    assert "is not empty" in extend(qwen, files, model, code=2)
    assert "cannot load the language model" in extend(tmp_path, files, tmp_path / "b", code=2)
    broken(Path(shutil.copytree(qwen, tmp_path / "qwen")), "a weight is missing")
    assert "are incomplete" in extend(tmp_path / "qwen", files, tmp_path / "b", code=2)
    assert not (tmp_path / "a").exists() and not (tmp_path / "b").exists()


def test_vllm_gets_the_same_prompt_and_sampling(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unitts: UniTTS
) -> None:
    asked = {}

    class LLM:
        def __init__(self, model: str, dtype: str) -> None:
            self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(get_vocab_size=lambda: TEXT_ROWS + 208))

        def generate(self, prompts: list, params: dict, use_tqdm: bool) -> list:
            asked.update(prompts=prompts, params=params)
            return [SimpleNamespace(outputs=[SimpleNamespace(token_ids=(TEXT_ROWS + 3, TEXT_ROWS + 9, 1, end))])]

    end = unitts.vocabulary.stops[1]
    package = ModuleType("vllm")
    package.LLM, package.SamplingParams = LLM, dict  # type: ignore[attr-defined]
    package.__spec__ = SimpleNamespace(name="vllm")  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "vllm", package)
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    (folder / "unitts.yaml").write_text("template: template.txt\nbackend: vllm\n")
    loaded, samples = UniTTS.from_pretrained(folder), sound(3.5)
    spoken = loaded.say("Hello.", voice=Prompt.speech(samples), seed=4, watermark=False)
    assert asked["prompts"] == [{"prompt_token_ids": unitts.prompt_ids("Hello.", unitts.reference(samples))}]
    assert asked["params"] == {
        "temperature": 0.9,
        "top_p": 0.9,
        "max_tokens": 6000,
        "stop_token_ids": list(unitts.vocabulary.stops),
        "seed": 4,
    }
    assert np.array_equal(spoken.samples, unitts.codec.decode(np.asarray([3, 9])))
