"""Train the prompt encoders: ``python -m recipes.prompts.train --out runs/prompts``, after ``recipes.prompts.prepare``.

Four stages, each resumable: the face network, the speech network, the shared space on the features of both and of
a sentence encoder, and low-rank changes of the latter, with the space as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import click
import torch

from prompts.encoder import PromptConfig
from prompts.face import FaceConfig
from prompts.space import SharedSpace, SpaceConfig
from prompts.speech import SpeechConfig, SpeechEncoder
from prompts.text import TextEncoder
from prompts.vision import make_face_encoder
from recipes.prompts.clips import Clips, SpeechTask, for_stages
from recipes.prompts.faces import Faces, FaceTask
from recipes.prompts.space import SpaceTask, SpaceTraining, prepare_features
from recipes.prompts.text import TextTraining, text_task
from recipes.training import TrainConfig, train, trained
from tts.cli_common import one_line_errors
from tts.config import load_config

STAGES = ("face", "speech", "space", "text")


@dataclass(frozen=True)
class FaceTraining:
    """``trust``: share of the target that the human's label gets, against the public network's opinion."""

    batch_size: int = 64
    trust: float = 0.5
    train: TrainConfig = field(default_factory=TrainConfig)


@dataclass(frozen=True)
class SpeechTraining:
    """``clean_share``: of the clips that are seen as they are, not through a worse microphone."""

    batch_size: int = 32
    clean_share: float = 0.45
    train: TrainConfig = field(default_factory=TrainConfig)


@dataclass(frozen=True)
class PromptTraining:
    """Everything in ``config.yaml``."""

    face: FaceConfig = field(default_factory=FaceConfig)
    speech: SpeechConfig = field(default_factory=SpeechConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    text_model: str = ""
    face_training: FaceTraining = field(default_factory=FaceTraining)
    speech_training: SpeechTraining = field(default_factory=SpeechTraining)
    space_training: SpaceTraining = field(default_factory=SpaceTraining)
    text_training: TextTraining = field(default_factory=TextTraining)


def load_stage(module: torch.nn.Module, run: Path, prefix: str) -> None:
    """Fill ``module`` from ``run/last.pt``. Raises ``ValueError`` when there is no such run."""
    module.load_state_dict(trained(run, prefix.removesuffix(".")))
    module.eval().requires_grad_(False)


def load_encoders(config: PromptTraining, out: Path) -> tuple[SpeechEncoder, torch.nn.Module]:
    """The two trained networks of ``out``; a vision model from transformers needs no training of its own."""
    speech, face = SpeechEncoder(config.speech), make_face_encoder(config.face)
    load_stage(speech, out / "speech", "encoder.")
    if not config.face.model:
        load_stage(face, out / "face", "encoder.")
    return speech, face


def load_space(config: PromptTraining, run: Path) -> SharedSpace:
    """The trained space of ``run``. Raises ``ValueError`` when there is no such run."""
    text_dim = len(trained(run, "space")["projections.text.layers.0.weight"])
    widths = PromptConfig(speech=config.speech, face=config.face, text_dim=text_dim).widths()
    space = SharedSpace(config.space, widths)
    load_stage(space, run, "space.")
    return space


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/prompts"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@click.option("--stage", "stages", type=click.Choice(STAGES), multiple=True, default=STAGES, show_default=True)
@one_line_errors
def main(out: Path, config_file: Path, stages: tuple[str, ...]) -> None:
    """Train; run again to resume."""
    config = load_config(PromptTraining, config_file)
    cpu = torch.device("cpu")
    torch.manual_seed(0)
    if "face" in stages and not config.face.model:
        own = config.face_training
        face = FaceTask(config.face, Faces.load(out, held_out=False), own.batch_size, own.trust)
        train(face, face.losses, own.train, out / "face", cpu)
    if "speech" in stages:
        clips = config.speech_training
        heard, _ = for_stages(Clips.load(out, "train"), config.space_training.n_descriptions)
        speech = SpeechTask(config.speech, heard, clips.batch_size, clips.clean_share)
        train(speech, speech.losses, clips.train, out / "speech", cpu)
    if "space" in stages:
        encoders = load_encoders(config, out)
        features = prepare_features(out, *encoders, config.text_model, config.space_training, "train")
        space = SpaceTask(config.space, features, config.space_training)
        train(space, space.losses, config.space_training.train, out / "space", cpu)
    if "text" in stages:
        text = text_task(TextEncoder(config.text_model), load_space(config, out / "space"), config.text_training)
        train(text, text.losses, config.text_training.train, out / "text", cpu)


if __name__ == "__main__":
    main()
