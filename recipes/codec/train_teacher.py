"""Train the teacher of the single codebook: ``python -m recipes.codec.train_teacher --corpus runs/corpus``.

The same training as :mod:`recipes.codec.train`, with grouped residual quantisation: ``grvq.yaml`` fits two CPU cores,
``grvq_large.yaml`` has the sizes of DistilCodec. The next step is :mod:`recipes.codec.distill`.
"""

from __future__ import annotations

from pathlib import Path

import click

from recipes.codec.train import train_codec
from recipes.start import init_option
from tts.cli_common import one_line_errors


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/codec-teacher"), show_default=True)
@click.option("--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("grvq.yaml"))
@init_option
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(corpus: Path, out: Path, config_file: Path, init: str | None, device: str) -> None:
    """Train the teacher; run again to resume."""
    train_codec(corpus, out, config_file, init, device)


if __name__ == "__main__":
    main()
