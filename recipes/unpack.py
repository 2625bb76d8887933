"""The inverse of :mod:`recipes.release`: ``python -m recipes.unpack --model facet-nano --runs runs``.

Writes every stage of a released model as if it had just been trained here, for recipes that build on it (the refiner
on the codec, say) without training all that comes before. To go on training a stage itself, give its recipe
``--init``.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from torch import Tensor

from prompts.encoder import CONFIG, PromptEncoder
from recipes.prompts.text import run_names
from recipes.training import save, save_trained
from tts.checkpoint import DEFAULT_MODEL, find_model, load_model_config, read_stage
from tts.cli_common import one_line_errors

RUNS = {"lm": "lm", "codec": "codec", "refiner": "refiner/reflow", "vocoder": "vocoder"}
PROMPTS = {"face": "encoder", "speech": "encoder", "space": "space"}  # stage: what its training calls its network


@click.command()
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Directory, name or hub id.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@one_line_errors
def main(model: str, runs: Path) -> None:
    """Make training runs of a released model's stages; runs that exist are left alone."""
    folder = find_model(model)
    config = load_model_config(folder)
    for stage, run in RUNS.items():
        path = runs / run / "last.pt"
        if path.exists() or f"{stage}.safetensors" not in config.sha256:
            continue
        weights = read_stage(folder, stage, config)
        save_trained(weights, stage, asdict(getattr(config, stage)), path.parent)
        click.echo(path)
    if not (folder / CONFIG).is_file():
        return
    encoder = PromptEncoder.from_pretrained(folder)
    states: dict[str, dict[str, Tensor]] = {}
    for stage, network in PROMPTS.items():
        states[stage] = {f"{network}.{name}": value for name, value in encoder.part(stage).items()}
    changes = {f"changes.{name}": value for name, value in run_names(encoder.part("text")).items()}
    states["text"] = states["space"] | changes  # trained with the parts of the space that read sentences
    for stage, state in states.items():
        path = runs / "prompts" / stage / "last.pt"
        if state and not path.exists():
            save({"model": state}, path)
            click.echo(path)


if __name__ == "__main__":
    main()
