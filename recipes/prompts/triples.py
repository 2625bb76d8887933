"""Adapt the shared space to recordings of your own: ``python -m recipes.prompts.triples --csv data.csv --out DIR``.

The CSV has the columns ``audio``, ``face`` and ``description`` (paths are relative to it), and may have ``emotion``,
``intensity`` and ``speaker``, as a folder of MEAD clips gives them; any cell may be empty. A face is a picture, or a
moment of a video: ``clip.mp4@1.5`` is its frame at 1.5 s. The encoders stay as they are; what is trained is how their
features are projected into the shared space.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prompts.align import info_nce, symile
from prompts.encoder import PromptEncoder, save_prompt_encoder
from prompts.prompt import Prompt
from prompts.space import MODALITIES
from recipes.training import TrainConfig, train
from tts.checkpoint import find_model
from tts.cli_common import one_line_errors
from tts.config import load_config
from tts.style import EMOTIONS, emotion_vector

COLUMNS = {"audio": "speech", "face": "face", "description": "text"}
LABELS = ("emotion", "intensity", "speaker")
PAIRS = (("speech", "text"), ("speech", "face"), ("face", "text"))
NAMES = tuple(EMOTIONS)


@dataclass(frozen=True)
class TriplesTraining:
    """``contrastive``: weight of InfoNCE and Symile together against what is read off the space."""

    batch_size: int = 64
    contrastive: float = 0.5
    train: TrainConfig = field(
        default_factory=lambda: TrainConfig(steps=500, lr=5e-4, warmup=20, bf16=False, threads=1)
    )


@dataclass
class Triples:
    """Features of every modality (N, dim), whether a row has it (N,), and labels (N,): -1 is unknown."""

    features: dict[str, Tensor]
    known: dict[str, Tensor]
    emotion: Tensor
    intensity: Tensor
    speaker: Tensor

    def __len__(self) -> int:
        return len(self.emotion)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of the CSV, checked. Raises ``ValueError`` with the line that is wrong."""
    if not path.is_file():
        raise ValueError(f"no such file: {path}")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        unknown = set(reader.fieldnames or ()) - {*COLUMNS, *LABELS}
        if unknown:
            raise ValueError(f"{path}: unknown column {min(unknown)!r}; there are {', '.join((*COLUMNS, *LABELS))}")
        rows = [{k: (v or "").strip() for k, v in row.items()} for row in reader]
    for line, row in enumerate(rows, 2):
        if not any(row.get(column) for column in COLUMNS):
            raise ValueError(f"{path}, line {line}: neither audio nor face nor description")
        if row.get("emotion") and row["emotion"] not in NAMES:
            raise ValueError(f"{path}, line {line}: unknown emotion {row['emotion']!r}; give one of {', '.join(NAMES)}")
        try:
            strength = float(row.get("intensity") or 1.0)
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: intensity {row['intensity']!r} is not a number") from error
        if not 0 <= strength <= 2:
            raise ValueError(f"{path}, line {line}: intensity {strength} is out of range; give 0 to 2")
    if len(rows) < 2:
        raise ValueError(f"{path} has {len(rows)} rows; at least two are needed")
    return rows


def open_face(source: str, folder: Path) -> Any:
    """A picture's path, or the frame of a video at ``@SECONDS``. Raises ``ValueError`` when there is no such frame."""
    name, at, second = source.rpartition("@")
    if not at or not second.replace(".", "", 1).isdigit():
        return folder / source
    import cv2
    from PIL import Image

    video = cv2.VideoCapture(str(folder / name))
    video.set(cv2.CAP_PROP_POS_MSEC, 1000 * float(second))
    found, frame = video.read()
    video.release()
    if not found:
        raise ValueError(f"{folder / name} has no frame at {second} s that can be read")
    return Image.fromarray(frame[:, :, ::-1])


@torch.inference_mode()
def read_triples(path: Path, encoder: PromptEncoder) -> Triples:
    """Every row's features and labels. Raises ``ValueError`` naming the line of a file that cannot be used."""
    rows, widths = read_rows(path), encoder.config.widths()
    features = {m: torch.zeros(len(rows), widths[m]) for m in MODALITIES}
    known = {m: torch.zeros(len(rows), dtype=torch.bool) for m in MODALITIES}
    for i, row in enumerate(rows):
        for column, modality in COLUMNS.items():
            value = row.get(column)
            if not value:
                continue
            try:
                if column == "audio":
                    prompt = Prompt.speech(path.parent / value)
                else:
                    prompt = Prompt.face(open_face(value, path.parent)) if column == "face" else Prompt.text(value)
            except ValueError as error:
                raise ValueError(f"{path}, line {i + 2}: {error}") from error
            features[modality][i] = encoder.features(prompt.parts[0][1])
            known[modality][i] = True
    speakers = {name: k for k, name in enumerate(sorted({r["speaker"] for r in rows if r.get("speaker")}))}
    return Triples(
        {m: f.clone() for m, f in features.items()},
        known,
        torch.tensor([NAMES.index(r["emotion"]) if r.get("emotion") else -1 for r in rows]),
        torch.tensor([float(r.get("intensity") or 1.0) for r in rows]),
        torch.tensor([speakers[r["speaker"]] if r.get("speaker") else -1 for r in rows]),
    )


def same(labels: Tensor) -> Tensor:
    """(B, B), rows sum to 1: rows of one label stand for each other; unknown ones (-1) only for themselves."""
    alike = (labels[:, None] == labels[None]) & (labels[:, None] >= 0) | torch.eye(len(labels), dtype=torch.bool)
    return alike.float() / alike.sum(dim=1, keepdim=True)


class TriplesTask(nn.Module):
    """The shared space of a model and its losses on triples with holes."""

    def __init__(self, encoder: PromptEncoder, triples: Triples, config: TriplesTraining) -> None:
        super().__init__()
        self.space, self.triples, self.config = encoder.space.requires_grad_(True), triples, config

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch."""
        data = self.triples
        rows = torch.from_numpy(rng.permutation(len(data))[: self.config.batch_size])
        known = {m: data.known[m][rows] for m in MODALITIES}
        parts = {m: self.space.project(m, data.features[m][rows]) for m in MODALITIES}
        emotion, intensity = data.emotion[rows], data.intensity[rows]
        aimed = torch.stack(
            [emotion_vector(NAMES[max(e, 0)], float(i)) for e, i in zip(emotion, intensity, strict=True)]
        )
        zero = parts["text"][0].sum() * 0
        read, contrast = zero, zero
        for modality in MODALITIES:
            labelled = known[modality] & (emotion >= 0)
            if labelled.any():
                words = data.features["text"][rows][labelled] if modality == "text" else None
                _, style, logits = self.space.read(*(part[labelled] for part in parts[modality]), words)
                read = read + F.cross_entropy(logits, emotion[labelled])
                read = read + F.smooth_l1_loss(style, aimed[labelled], beta=0.5)
        scale = self.space.log_scale.exp().clamp(max=50)
        generator = torch.Generator().manual_seed(step)
        for part, labels in enumerate((data.speaker[rows], emotion)):
            for first, second in PAIRS:
                both = known[first] & known[second]
                if both.sum() > 1:
                    a, b = parts[first][part][both], parts[second][part][both]
                    contrast = contrast + info_nce(a, b, scale, same(labels[both]))
            whole = known["speech"] & known["face"] & known["text"]
            if whole.sum() > 1:
                contrast = contrast + symile(*(parts[m][part][whole] for m in MODALITIES), 4 * scale, generator)
        return {"loss": read + self.config.contrastive * contrast, "read": read, "contrast": contrast}


@click.command()
@click.option("--csv", "table", type=click.Path(path_type=Path), required=True)
@click.option("--model", default="facet-nano", show_default=True, help="Where the training starts.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="A TriplesTraining as YAML.")
@click.option("--run", type=click.Path(path_type=Path), default=Path("runs/triples"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new model directory.")
@one_line_errors
def main(table: Path, model: str, config_file: Path | None, run: Path, out: Path) -> None:
    """Train; run again to resume."""
    torch.manual_seed(0)
    try:
        if out.exists():
            raise ValueError(f"{out} exists; give another folder")
        config = load_config(TriplesTraining, config_file) if config_file else TriplesTraining()
        encoder = PromptEncoder.from_pretrained(model)
        task = TriplesTask(encoder, read_triples(table, encoder), config)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    train(task, task.losses, config.train, run, torch.device("cpu"))
    shutil.copytree(find_model(model), out)
    parts = encoder.speech, encoder.face, encoder.space, encoder.part("text")
    size = save_prompt_encoder(out, encoder.config, *parts)
    click.echo(f"{out}: {size / 1e6:.2f} MB of prompt encoders")


if __name__ == "__main__":
    main()
