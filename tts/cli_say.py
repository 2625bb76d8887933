"""What ``facet say`` reads and writes."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tts.audio import Audio


def _not_utf8(name: str, error: UnicodeDecodeError) -> ValueError:
    wrong = error.object[error.start]
    return ValueError(f"{name} is not UTF-8 text: byte {error.start} is {wrong:#04x}")


def read_text(text: str | None, file: str | None) -> str:
    """The text to speak: the argument, or a file's, or with ``-`` standard input."""
    if (text is None) == (file is None):
        raise ValueError(
            "give a text to speak, or a file with -f, not both"
            if text is not None
            else "give a text to speak, or a file with -f"
        )
    if text is not None and text != "-":
        return text
    try:
        data = sys.stdin.buffer.read() if "-" in (text, file) else Path(str(file)).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {file}: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(file or "standard input", error) from error


def arriving_text() -> Iterator[str]:
    """Standard input as it comes."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    data = b"."
    while data:
        data = sys.stdin.buffer.read1(4096)
        try:
            yield decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise _not_utf8("standard input", error) from error


def read_lines(file: str | None) -> dict[int, str]:
    """Lines of a file by their number, counted from 1; blank ones are left out."""
    if file is None:
        raise ValueError("--lines reads a file; give one with -f")
    lines = {number: line for number, line in enumerate(read_text(None, file).splitlines(), 1) if line.strip()}
    if not lines:
        raise ValueError(f"nothing to speak in {file}: it has no line with text")
    return lines


def line_files(folder: str | None, numbers: Iterable[int], force: bool) -> list[Path]:
    """The file of every line, ``0007.wav`` for line 7, in ``folder``, which is made.

    Raises:
        ValueError: one of them exists (without ``force``) or cannot be written; nothing is made then.
    """
    from tts.audio import check_folder, check_writable

    if folder is None:
        raise ValueError("--lines writes a file for each line; say where with --out-dir")
    path = Path(folder)
    files = [path / f"{number:04d}.wav" for number in numbers]
    check_folder(path)
    for file in files if path.is_dir() else ():
        check_writable(file, force)
    path.mkdir(exist_ok=True)
    return files


class Progress:
    """Seconds spoken so far, on standard error if that is a terminal; at the end one line."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.live = quiet, not quiet and sys.stderr.isatty()
        self.seconds = 0.0

    def over(self, pieces: Iterable[Audio]) -> Iterator[Audio]:
        """``pieces``, counted."""
        for piece in pieces:
            self.seconds += piece.duration
            if self.live:
                click.echo(f"\r{self.seconds:.1f} s spoken", nl=False, err=True)
            yield piece

    def end(self, where: str) -> None:
        """Say what was made and where it is (empty: standard output)."""
        if not self.quiet:
            begin = "\r" if self.live else ""
            click.echo(f"{begin}{self.seconds:.1f} s of speech" + (f" -> {where}" if where else ""), err=True)


def write_stream(pieces: Iterable[Audio]) -> None:
    """Write a WAV of unknown length to standard output as it is made."""
    from tts.audio import pcm16, wav_header, write_stdout

    header = True
    for piece in pieces:
        write_stdout((wav_header(None, piece.sample_rate) if header else b"") + pcm16(piece.samples))
        header = False


def write_file(pieces: Iterable[Audio], output: str, force: bool) -> None:
    """Write a WAV file, or to standard output when it is complete."""
    from tts.audio import WavFile, join

    if output == "-":
        join(list(pieces)).save(output)
        return
    with WavFile(output, force) as file:
        for piece in pieces:
            file.write(piece.samples)
