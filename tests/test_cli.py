"""The real command line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tts.cli import main


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_say_writes_a_wav_and_does_not_overwrite(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    assert (
        run("say", "Hello there.", "-o", out, "--model", tiny_model, "--voice", "b", "--emotion", "sad").exit_code == 0
    )
    first = read_wav(out)
    assert len(first)
    again = run("say", "Goodbye.", "-o", out, "--model", tiny_model)
    assert again.exit_code == 2 and "exists" in again.output and "--force" in again.output
    assert np.array_equal(read_wav(out), first)
    assert run("say", "Goodbye.", "-o", out, "--model", tiny_model, "--force").exit_code == 0
    assert not np.array_equal(read_wav(out), first)
    assert list(tmp_path.iterdir()) == [out]


def test_text_from_a_file_and_from_stdin(tiny_model: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("One. Two.")
    results = []
    for name, arguments, stdin in (
        ("a", ("One. Two.",), None),
        ("b", ("-f", text), None),
        ("c", ("-f", "-"), b"One. Two."),
        ("d", ("-",), b"One. Two."),
    ):
        out = tmp_path / f"{name}.wav"
        assert run("say", *arguments, "-o", out, "--model", tiny_model, stdin=stdin).exit_code == 0
        results.append(out.read_bytes())
    assert len(set(results)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "nothing to speak"),
        (("?!",), "nothing to speak"),
        ((), "give a text to speak"),
        (("a", "-f", "b"), "not both"),
        (("-f", "/no/such/file.txt"), "cannot read /no/such/file.txt"),
        (("hello", "--voice", "zoe"), "unknown voice 'zoe'; the voices are a, b"),
        (("hello", "--emotion", "bored"), "unknown emotion 'bored'"),
        (("hello", "--intensity", "3"), "intensity 3.0 is out of range"),
        (("hello", "--temperature", "-1"), "temperature -1.0"),
        (("hello", "--device", "abacus"), "device 'abacus' is not supported"),
        (("hello", "--stream"), "add -o -"),
        (("你好",), "English"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    tiny_model: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = run("say", *arguments, "-o", tmp_path / "x.wav", "--model", tiny_model)
    assert result.exit_code == 2
    assert message in result.output
    assert result.output.count("\n") == 1 and "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_bad_files(tiny_model: Path, tmp_path: Path) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"caf\xe9")
    assert "is not UTF-8 text: byte 3 is 0xe9" in run("say", "-f", latin, "--model", tiny_model).output
    big = tmp_path / "big.txt"
    big.write_text("word " * 200_000)
    result = run("say", "-f", big, "-o", tmp_path / "x.wav", "--model", tiny_model)
    assert result.exit_code == 2 and "1000000 characters" in result.output
    nowhere = run("say", "hi", "-o", tmp_path / "no" / "x.wav", "--model", tiny_model)
    assert nowhere.exit_code == 2 and "there is no folder" in nowhere.output
    folder = run("say", "hi", "-o", tmp_path, "--model", tiny_model)
    assert folder.exit_code == 2 and "is a directory" in folder.output
    assert run("say", "hi", "--model", tmp_path, "-o", tmp_path / "x.wav").exit_code == 2
    long = run("say", "hi", "--model", tiny_model, "-o", tmp_path / ("x" * 300))
    assert long.exit_code == 2 and "cannot write" in long.output and long.output.count("\n") == 1
    assert run("say", "hi", "--model", tiny_model, "-o", tmp_path / ("x" * 251 + ".wav"), "-q").exit_code == 0


def test_lines_go_into_files_of_their_own(tiny_model: Path, tmp_path: Path) -> None:
    text, spoken = tmp_path / "lines.txt", tmp_path / "spoken"
    text.write_text("Hello there.\n\n  \nOne. Two!\n")
    arguments = ("say", "-f", text, "--lines", "--out-dir", spoken, "--model", tiny_model, "--seed", 3)
    assert run(*arguments).exit_code == 0
    assert sorted(f.name for f in spoken.iterdir()) == ["0001.wav", "0004.wav"]
    alone = tmp_path / "alone.wav"
    assert run("say", "One. Two!", "-o", alone, "--model", tiny_model, "--seed", 3).exit_code == 0
    np.testing.assert_allclose(read_wav(spoken / "0004.wav"), read_wav(alone), atol=2)
    (spoken / "0001.wav").unlink()
    before = (spoken / "0004.wav").read_bytes()
    again = run(*arguments)
    assert again.exit_code == 2 and "0004.wav exists" in again.output
    assert [f.name for f in spoken.iterdir()] == ["0004.wav"] and (spoken / "0004.wav").read_bytes() == before
    assert run(*arguments, "--force").exit_code == 0
    assert len(list(spoken.iterdir())) == 2


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("Hi.\n?!\n", ("--out-dir", "new"), "line 2: nothing to speak in '?!'"),
        ("Hi.\n\n\n?!\n", ("--out-dir", "new"), "line 4: nothing to speak in '?!'"),
        ("\n \n", ("--out-dir", "new"), "no line with text"),
        ("Hi.", (), "say where with --out-dir"),
        ("Hi.", ("--out-dir", "new", "-o", "a.wav"), "without -o and --stream"),
        ("Hi.", ("--out-dir", "new", "--stream"), "without -o and --stream"),
        ("Hi.", ("--out-dir", "no/such"), "there is no folder"),
        ("Hi.", ("--out-dir", "lines.txt", "--force"), "lines.txt is a file; give a folder"),
        ("Hi.", ("--out-dir", "new", "Hello"), "no text"),
    ],
)
def test_bad_lines(
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lines.txt").write_text(content)
    result = run("say", "-f", "lines.txt", "--lines", *arguments, "--model", tiny_model)
    assert result.exit_code == 2 and message in result.output
    assert [f.name for f in tmp_path.iterdir()] == ["lines.txt"]


def test_out_dir_needs_lines(tiny_model: Path, tmp_path: Path) -> None:
    result = run("say", "Hi.", "--out-dir", tmp_path / "new", "--model", tiny_model)
    assert result.exit_code == 2 and "--lines" in result.output


def test_stream_reads_what_comes_in(tiny_model: Path) -> None:
    """Text on standard input is spoken sentence by sentence as it arrives: the first before the input ends."""
    command = [
        sys.executable,
        "-m",
        "tts.cli",
        "say",
        "-f",
        "-",
        "-o",
        "-",
        "--stream",
        "-q",
        "--model",
        str(tiny_model),
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        process.stdin.write(b"The first sentence. And the ")
        process.stdin.flush()
        head = process.stdout.read(44 + 2000)
        assert head[:4] == b"RIFF"
        rest, _ = process.communicate(b"second.")
    assert process.returncode == 0 and len(rest) > 2000


def test_who_is_ended_leaves_no_half_file(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("Hello there, and so on. " * 1200)
    out = tmp_path / "out"
    out.mkdir()
    command = ["-m", "tts.cli", "say", "-f", tmp_path / "long.txt", "-o", out / "a.wav", "-q", "--model", tiny_model]
    with subprocess.Popen([sys.executable, *map(str, command)]) as process:
        while not list(out.iterdir()) and process.poll() is None:
            time.sleep(0.05)
        process.terminate()
    assert process.returncode == 143 and not list(out.iterdir())


def test_an_end_during_finalisation_is_an_end(tmp_path: Path) -> None:
    """Python ignores exceptions there: a signal that raised one would be lost."""
    program = f"""
import os, signal
from pathlib import Path
from tts import partial

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

signal.signal(signal.SIGTERM, partial.end_process)
partial.begin(Path({str(tmp_path / "a.wav")!r})).write_bytes(b"half")
Finalised()
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 143 and not list(tmp_path.iterdir())


def test_voices_and_info(tiny_model: Path) -> None:
    voices = run("voices", "--model", tiny_model)
    assert voices.exit_code == 0
    assert "first (default)" in voices.output and "surprised" in voices.output
    info = run("info", "--model", tiny_model)
    assert info.exit_code == 0 and "32768 codes, 46.875 codes/s, 2 voices" in info.output
    assert [line.split()[0] for line in info.output.splitlines()[1:-1]] == ["lm", "codec", "refiner", "vocoder"]


def test_stream_on_stdout_of_a_real_process(tiny_model: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tts.cli",
        "say",
        "One. Two.",
        "-o",
        "-",
        "--stream",
        "-q",
        "--model",
        str(tiny_model),
    ]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.stdout[:4] == b"RIFF" and done.stdout[8:12] == b"WAVE"
    assert (len(done.stdout) - 44) % 2 == 0 and len(done.stdout) > 1000
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_full_standard_output_is_a_clear_line(tiny_model: Path) -> None:
    command = [sys.executable, "-c", "from tts.cli import main; main()", "say", "Hi.", "-q", "--model", str(tiny_model)]
    for more in ([], ["--stream"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*command, "-o", "-", *more], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 2 and done.stderr == "Error: standard output: No space left on device\n"
