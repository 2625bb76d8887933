"""Cloned voices on the command line: the options of ``facet say``, and ``facet detect``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from tts.cli_common import one_line_errors


def clone_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add ``--reference``, ``--transcript`` and ``--no-watermark``."""
    for option in (
        click.option(
            "--no-watermark",
            is_flag=True,
            help="Leave out the inaudible mark of cloned voices. Only with the consent of the person whose voice it is "
            "to unmarked speech.",
        ),
        click.option("--transcript", help="The words of --reference, if known."),
        click.option("--reference", metavar="FILE", help="Speak like this recording of 3 to 20 s (with its consent)."),
    ):
        function = option(function)
    return function


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@one_line_errors
def detect(files: tuple[str, ...]) -> None:
    """Look for the mark of cloned voices in recordings: one line a file.

    The exit code is 0 when every file could be read, whatever was found.
    """
    from tts.audio import read_audio
    from tts.watermark import THRESHOLD, detect

    failed = False
    for name in files:
        try:
            finding = detect(read_audio(name))
        except ValueError as error:
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
            failed = True
            continue
        click.echo(f"{'marked' if finding.found else 'no mark'}  {finding.score:5.1f} (from {THRESHOLD:g})  {name}")
    if failed:
        sys.exit(2)
