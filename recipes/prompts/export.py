"""Put the trained prompt encoders into a model directory: ``python -m recipes.prompts.export --out tts/weights/facet-
nano``.
"""

from __future__ import annotations

from pathlib import Path

import click

from prompts.encoder import PromptConfig, save_prompt_encoder
from recipes.prompts.text import layer_names
from recipes.prompts.train import PromptTraining, load_encoders, load_space
from recipes.training import trained
from tts.cli_common import one_line_errors
from tts.config import load_config

CONFIG = Path(__file__).with_name("config.yaml")


def export_prompts(run: Path, out: Path, config_file: Path = CONFIG) -> int:
    """Write ``prompts.safetensors`` and ``prompts.yaml`` of training ``run`` into ``out``; returns the bytes of the
    weights.
    """
    training = load_config(PromptTraining, config_file)
    speech, face = load_encoders(training, run)
    space = load_space(training, run / "text")
    config = PromptConfig(
        speech=training.speech,
        face=training.face,
        space=training.space,
        text_model=training.text_model,
        text_dim=space.worded[1].in_features,
    )
    return save_prompt_encoder(out, config, speech, face, space, layer_names(trained(run / "text", "changes")))


@click.command()
@click.option("--run", type=click.Path(path_type=Path), default=Path("runs/prompts"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A model directory.")
@one_line_errors
def main(run: Path, out: Path) -> None:
    """Export."""
    click.echo(f"{out}: {export_prompts(run, out) / 1e6:.2f} MB of prompt encoders")


if __name__ == "__main__":
    main()
