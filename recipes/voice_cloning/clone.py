"""Speak a text file in the voice of a recording, a file a line (``0007.wav`` is line 7, blank ones have none):

    python -m recipes.voice_cloning.clone me.wav lines.txt --out spoken --transcript "What I say in the recording."

Consent: see :mod:`recipes.voice_cloning`. Lines that are spoken already (``spoken/0001.wav``) are left as they are, so
an interrupted batch goes on; ``--force`` speaks them again.
"""

from __future__ import annotations

from pathlib import Path

import click

from recipes.table import progress
from tts import Synthesizer
from tts.cli_common import force_option, model_option, one_line_errors
from tts.cli_say import read_lines

BATCH = 32  # lines that are read before any is written


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.argument("text", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for 0001.wav, 0002.wav, ...")
@click.option("--transcript", help="The words of the recording, if known.")
@click.option("--emotion", help="As for facet say; a UniTTS model takes none.")
@click.option("--seed", default=0, show_default=True)
@click.option("--no-watermark", is_flag=True, help="Leave out the inaudible mark; only with the person's consent.")
@model_option
@force_option
@one_line_errors
def main(
    recording: Path,
    text: Path,
    out: Path,
    transcript: str | None,
    emotion: str | None,
    seed: int,
    no_watermark: bool,
    model: str,
    force: bool,
) -> None:
    """Speak every line of TEXT like RECORDING (3 to 20 s of one person, who agrees to it)."""
    lines = read_lines(str(text))
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; give a folder")
    synth = Synthesizer.from_pretrained(model)
    reference = synth.reference(recording, transcript)
    out.mkdir(parents=True, exist_ok=True)
    files = {out / f"{number:04d}.wav": line for number, line in lines.items()}
    waiting = [(line, file) for file, line in files.items() if force or not file.exists()]
    for begin in progress(range(0, len(waiting), BATCH), "batches"):
        batch = waiting[begin : begin + BATCH]
        spoken = synth.say_many(
            [line for line, _ in batch], reference=reference, style=emotion, seed=seed, watermark=not no_watermark
        )
        for audio, (_, file) in zip(spoken, batch, strict=True):
            audio.save(file, force)
    click.echo(f"{len(waiting)} of {len(lines)} lines spoken -> {out}", err=True)


if __name__ == "__main__":
    main()
