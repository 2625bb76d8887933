"""``facet codec`` as people run it."""

from __future__ import annotations

import json
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner, Result
from distilcodec_reference import SMALL, sound, write_checkpoint

from tts.audio import read_audio
from tts.cli import main
from tts.codec.waveform import Codec
from tts.mel import log_mel


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["codec", *(str(a) for a in arguments)])


def refused(message: str, *arguments: object) -> str:
    """One line, exit code 2."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert result.output.count("\n") == 1 and "Traceback" not in result.output
    return result.output


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.fixture(scope="module")
def distil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distilcodec")
    write_checkpoint(folder, SMALL)
    return folder


@pytest.fixture(params=["facet", "distilcodec"])
def model(request: pytest.FixtureRequest, tiny_model: Path, distil: Path) -> Path:
    return tiny_model if request.param == "facet" else distil


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.wav"
    soundfile.write(path, sound(1.0), 24000)
    return path


def test_there_and_back(model: Path, recording: Path, tmp_path: Path) -> None:
    codes, back = tmp_path / "codes.npz", tmp_path / "back.wav"
    assert run("encode", recording, "-o", codes, "--model", model).exit_code == 0
    codec = Codec.from_pretrained(model)
    with np.load(codes) as arrays:
        assert arrays["codes"].dtype == np.int64 and arrays["codes"].ndim == 1
        assert int(arrays["sample_rate"]) == 24000
        assert float(arrays["frame_rate"]) == codec.frame_rate
        assert np.array_equal(arrays["codes"], codec.encode(read_audio(recording)))
        expected = codec.decode(arrays["codes"], seed=3)
    assert run("decode", codes, "-o", back, "--model", model, "--seed", 3).exit_code == 0
    assert np.array_equal(read_wav(back), (expected.clip(-1, 1) * 32767).round().astype(np.int16))
    assert abs(len(expected) - 24000) <= 1024
    refused("exists", "decode", codes, "-o", back, "--model", model)
    assert run("decode", codes, "-o", back, "--model", model, "--force").exit_code == 0


def test_any_rate_and_any_channels(model: Path, tmp_path: Path) -> None:
    expected = len(Codec.from_pretrained(model).encode(sound(1.0)))
    for rate, channels in ((8000, 1), (96000, 1), (24000, 8), (44100, 2)):
        path, codes = tmp_path / f"{rate}-{channels}.wav", tmp_path / f"{rate}-{channels}.npz"
        n = rate
        samples = 0.3 * np.sin(2 * np.pi * 200 * np.arange(n) / rate)[:, None] * np.ones(channels)
        soundfile.write(path, samples, rate)
        assert run("encode", path, "-o", codes, "--model", model).exit_code == 0
        with np.load(codes) as arrays:
            assert abs(len(arrays["codes"]) - expected) <= 1


def test_batches_with_progress(distil: Path, tmp_path: Path) -> None:
    sources = []
    for number in range(3):
        sources.append(tmp_path / f"{number}.flac")
        soundfile.write(sources[-1], sound(0.5, number), 24000)
    folder = tmp_path / "out"
    refused("there is no folder", "encode", *sources, "--out-dir", folder / "deep", "--model", distil)
    refused("is a file; give a folder", "encode", *sources, "--out-dir", sources[0], "--model", distil)
    refused("no such audio file", "encode", tmp_path / "none.wav", "--out-dir", folder, "--model", distil)
    assert not folder.exists()
    result = run("encode", *sources, "--out-dir", folder, "--model", distil)
    assert result.exit_code == 0 and result.stderr.count("\n") == 3 and "3/3" in result.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["0.npz", "1.npz", "2.npz"]
    refused("exists", "encode", *sources, "--out-dir", folder, "--model", distil)
    quiet = run("decode", *folder.iterdir(), "--out-dir", folder, "--model", distil, "-q")
    assert quiet.exit_code == 0 and quiet.stderr == ""
    assert len(read_wav(folder / "2.wav")) == 24000 // 2 // 256 * 256
    refused("cannot become one", "encode", *sources, "-o", folder / "x.npz", "--model", distil)
    refused("several files would become", "encode", sources[0], sources[0], "--out-dir", folder, "--model", distil)
    refused("give the result's name", "encode", sources[0], "--model", distil)
    refused("not to standard output", "encode", sources[0], "-o", "-", "--model", distil)


def test_info(model: Path) -> None:
    result = run("info", "--model", model)
    assert result.exit_code == 0
    codec = Codec.from_pretrained(model)
    assert f"{codec.frame_rate:.3f} codes/s, {codec.bits_per_second:.1f} bit/s" in result.output
    assert f"{codec.codebook_size} codes" in result.output and " M parameters" in result.output


def test_recordings_that_cannot_be_encoded(model: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_bytes(b"hello")
    (tmp_path / "nothing.wav").write_bytes(b"")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 24000)
    soundfile.write(tmp_path / "short.wav", sound(0.01), 24000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(24000), 24000)
    soundfile.write(tmp_path / "nan.wav", np.full(24000, np.nan), 24000, subtype="FLOAT")
    before = set(tmp_path.iterdir())
    for name, message in {
        "text": "is not audio that can be read",
        "nothing": "is not audio that can be read",
        "empty": "is empty",
        "short": "too few",
        "silent": "silent",
        "nan": "NaN",
        "missing": "no such audio file",
    }.items():
        said = refused(message, "encode", tmp_path / f"{name}.wav", "-o", tmp_path / "x.npz", "--model", model)
        assert f"{name}.wav" in said
    assert set(tmp_path.iterdir()) == before


def test_codes_that_cannot_be_decoded(model: Path, recording: Path, tmp_path: Path) -> None:
    codes, target = tmp_path / "codes.npz", tmp_path / "x.wav"
    assert run("encode", recording, "-o", codes, "--model", model).exit_code == 0
    with np.load(codes) as arrays:
        good = dict(arrays)
    for change, message in (
        ({"codes": np.asarray([40000])}, "code 40000 is outside the codebook; codes are 0 to"),
        ({"codes": np.asarray([-1])}, "code -1 is outside the codebook"),
        ({"codes": np.zeros(0, np.int64)}, "non-empty"),
        ({"codes": np.asarray([1.5])}, "integers"),
        ({"codes": np.zeros((2, 2), np.int64)}, "non-empty row"),
        ({"frame_rate": 23.4}, "23.4 codes/s"),
        ({"sample_rate": 16000}, "16000 Hz"),
        ({"codec": "0123456789abcdef"}, "codes of another codec (0123456789ab"),
    ):
        np.savez(codes, **(good | change))
        refused(message, "decode", codes, "-o", target, "--model", model)
    np.savez(codes, other=np.zeros(3))
    refused("is not a file of codes", "decode", codes, "-o", target, "--model", model)
    codes.write_bytes(b"PK\x03\x04 half")
    refused("is not a file of codes", "decode", codes, "-o", target, "--model", model)
    np.savez_compressed(codes, codes=np.arange(3000) % 100, frame_rate=good["frame_rate"])
    packed = bytearray(codes.read_bytes())
    packed[60:200] = bytes(byte ^ 0x5A for byte in packed[60:200])
    codes.write_bytes(packed)
    refused("is not a file of codes", "decode", codes, "-o", target, "--model", model)
    np.savez(codes, codes=np.asarray([{}], dtype=object), frame_rate=1.0)
    refused("is not a file of codes", "decode", codes, "-o", target, "--model", model)
    refused("no such file of codes", "decode", tmp_path / "no.npz", "-o", target, "--model", model)
    assert not target.exists() and sorted(p.name for p in tmp_path.iterdir()) == ["codes.npz", "recording.wav"]


def test_codes_of_one_codec_are_not_decoded_by_another(
    distil: Path, tiny_model: Path, recording: Path, tmp_path: Path
) -> None:
    codes = tmp_path / "codes.npz"
    assert run("encode", recording, "-o", codes, "--model", distil).exit_code == 0
    refused("codes/s", "decode", codes, "-o", tmp_path / "x.wav", "--model", tiny_model)
    other = tmp_path / "other"
    write_checkpoint(other, SMALL, seed=1)
    refused("codes of another codec", "decode", codes, "-o", tmp_path / "x.wav", "--model", other)


def test_damaged_models(distil: Path, tiny_model: Path, recording: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    write_checkpoint(half, SMALL)
    data = (half / "g_00001234").read_bytes()
    (half / "g_00001234").write_bytes(data[: len(data) // 3])
    altered = tmp_path / "altered"
    altered.mkdir()
    for file in tiny_model.iterdir():
        content = bytearray(file.read_bytes())
        if file.name == "codec.safetensors":
            content[-1] ^= 1
        (altered / file.name).write_bytes(bytes(content))
    target = tmp_path / "x.npz"
    refused("only half downloaded", "encode", recording, "-o", target, "--model", half)
    refused("is not the file that config.yaml names", "encode", recording, "-o", target, "--model", altered)
    (half / "g_00001234").unlink()
    refused("there is no checkpoint", "encode", recording, "-o", target, "--model", half)
    refused("no model", "encode", recording, "-o", target, "--model", tmp_path / "none")
    refused("device", "encode", recording, "-o", target, "--model", distil, "--device", "abacus")
    refused("cuda:99", "encode", recording, "-o", target, "--model", distil, "--device", "cuda:99")
    assert not target.exists()


def test_pieces_of_a_facet_model_give_the_whole(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec, samples = Codec.from_pretrained(tiny_model), sound(4.0)
    whole = codec.encode(samples)
    assert np.array_equal(whole, codec.model.codec.encode(log_mel(torch.from_numpy(samples))[None])[0].numpy())
    waveform = codec.decode(whole, seed=2)
    monkeypatch.setattr("tts.codec.facet.CHUNK_S", 0.6)
    assert np.array_equal(codec.encode(samples), whole)
    made = list(codec.stream(whole, seed=2))
    # float32 sums of phases drift apart a little; a seam would be a hundred times larger
    assert len(made) > 4 and np.abs(np.concatenate(made) - waveform).max() < 5e-3
    monkeypatch.setattr("tts.codec.facet.context_of", lambda *modules: 0)
    assert not np.array_equal(codec.encode(samples), whole)


def test_eval_says_what_it_needs(distil: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", sound(1.5), 24000)
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    refused("pip install 'facet-tts[eval]'", "eval", tmp_path, "--model", distil)


def test_eval_writes_tables_and_a_histogram(distil: Path, tmp_path: Path) -> None:
    for package in ("matplotlib", "jiwer"):
        pytest.importorskip(package)
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", sound(1.5, ord(name)), 24000)
    result = run("eval", tmp_path, "--model", distil, "--judged", 0, "--out-dir", tmp_path / "report")
    assert result.exit_code == 0, result.output
    assert "usage" in result.output and "1 x 200" in result.output
    assert (tmp_path / "report" / "histogram.png").stat().st_size > 1000
    found = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert found["codes"] == 2 * (36000 // 256) and 0 < found["usage"] <= 1
    refused("exists", "eval", tmp_path, "--model", distil, "--judged", 0, "--out-dir", tmp_path / "report")
    refused("there are no WAV or FLAC files", "eval", distil, "--model", distil, "--judged", 0)
    refused("there is no folder", "eval", tmp_path / "none", "--model", distil, "--judged", 0)
