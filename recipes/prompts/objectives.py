"""Contrastive objectives compared: ``python -m recipes.prompts.objectives --run runs/prompts``, after
``recipes.prompts.train``.

The shared space is trained once with each, everything else equal, and asked for the emotion across modalities.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import torch

from prompts.encoder import PromptConfig, PromptEncoder
from recipes.corpus.draw import is_unseen
from recipes.evaluation.prompts import FACE_CLASSES, clip_items, face_items, retrieve, sentence_items
from recipes.prompts.clips import NAMES, Clips
from recipes.prompts.faces import Faces
from recipes.prompts.space import OBJECTIVES, SpaceTask, prepare_features
from recipes.prompts.train import PromptTraining, load_encoders
from recipes.table import table
from recipes.training import train
from tts.cli_common import one_line_errors
from tts.config import load_config

HEADERS = ("objective", "text to speech", "speech to text", "face to speech", "face to text")


def figures(encoder: PromptEncoder, run: Path) -> list[tuple[float, float]]:
    """Retrieval of emotions by items and by cells, for every column of ``HEADERS`` but the first."""
    clips = Clips.load(run, "test")
    clips = clips.only([i for i, r in enumerate(clips.rows) if is_unseen(r["voice_name"])])
    speech, text = clip_items(encoder, clips)[0], sentence_items(encoder)[0]
    face = face_items(encoder, Faces.load(run, held_out=True))
    pairs = ((text, speech, NAMES), (speech, text, NAMES), (face, speech, FACE_CLASSES), (face, text, FACE_CLASSES))
    return [retrieve(*pair) for pair in pairs]


@click.command()
@click.option("--run", type=click.Path(path_type=Path, exists=True), default=Path("runs/prompts"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@one_line_errors
def main(run: Path, config_file: Path) -> None:
    """Train the space with every objective, and print what each retrieves."""
    config = load_config(PromptTraining, config_file)
    speech, face = load_encoders(config, run)
    features = prepare_features(run, speech, face, config.text_model, config.space_training, "train")
    rows: list[tuple[str, list[tuple[float, float]]]] = []
    for objective in OBJECTIVES:
        torch.manual_seed(0)
        training = replace(config.space_training, objective=objective)
        task = SpaceTask(config.space, features, training)
        train(task, task.losses, training.train, run / f"space-{objective}", torch.device("cpu"))
        encoder = PromptEncoder(PromptConfig(text_model=config.text_model), {})
        encoder.speech, encoder.face, encoder.space = speech, face, task.space.eval()
        rows.append((objective, figures(encoder, run)))
    for k, title in enumerate(("ten nearest items", "nearest emotion and strength")):
        shown = [(name, *(found[k] for found in columns)) for name, columns in rows]
        click.echo(table(f"Top-1 emotion, balanced, by {title}", HEADERS, shown))


if __name__ == "__main__":
    main()
