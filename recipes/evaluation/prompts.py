"""Figures of the prompt encoders: ``python -m recipes.evaluation.prompts --model DIR``, after
``recipes.prompts.prepare``.

Everything here is held out: voices that were never trained on, persons whose faces were never seen, sentences written
by hand (``recipes/sentences/descriptions.csv``), real acted speech. Small columns in brackets are what a judge or
chance reaches.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from prompts.encoder import PromptEncoder
from prompts.face import EXPRESSIONS
from prompts.prompt import Prompt
from recipes.prompts.clips import NAMES, Clips
from recipes.prompts.faces import Faces, face_features
from recipes.table import table
from tts.style import STYLE_ATTRIBUTES, STYLE_SCALES, VOICE_DIM

SENTENCES = Path(__file__).parents[1] / "sentences" / "descriptions.csv"
FACE_CLASSES = ("neutral", "happy", "angry", "sad", "surprised")
JUDGE_CEILING = 0.58  # balanced accuracy of the public expression network on these photographs, from their README
# Least intensity of a clip that counts as showing its emotion: below it, even who made it calls it slight.
SHOWN_FROM = 0.65


@dataclass
class Items:
    """Things in the shared space: style embeddings (N, part), read styles (N, STYLE_DIM), emotion names and
    probabilities.
    """

    embedding: Tensor
    style: Tensor
    probabilities: Tensor
    emotions: list[str]

    def of(self, emotions: Sequence[str]) -> Items:
        """Those that show one of ``emotions``."""
        rows = [i for i, e in enumerate(self.emotions) if e in emotions]
        chosen = [self.emotions[i] for i in rows]
        return Items(self.embedding[rows], self.style[rows], self.probabilities[rows], chosen)


def balanced(found: Sequence[str], wanted: Sequence[str]) -> float:
    """Mean of the classes' hit rates."""
    classes = sorted(set(wanted))
    hits = [np.mean([f == w for f, w in zip(found, wanted, strict=True) if w == c]) for c in classes]
    return float(np.mean(hits))


def retrieve(queries: Items, gallery: Items, classes: Sequence[str]) -> float:
    """Balanced share of queries whose nearest emotion is right: emotions are scored by the mean of their ten nearest
    items.
    """
    queries, gallery = queries.of(classes), gallery.of(classes)
    cosine = queries.embedding @ gallery.embedding.T
    scores = []
    for name in classes:
        own = cosine[:, [e == name for e in gallery.emotions]]
        scores.append(own.topk(min(10, own.shape[1]), dim=1).values.mean(dim=1))
    best = torch.stack(scores, dim=1).argmax(dim=1)
    return balanced([classes[i] for i in best], queries.emotions)


def classify(items: Items, classes: Sequence[str]) -> float:
    """Balanced accuracy of the shared emotion head, over ``classes`` alone."""
    items = items.of(classes)
    columns = [NAMES.index(c) for c in classes]
    best = items.probabilities[:, columns].argmax(dim=1)
    return balanced([classes[i] for i in best], items.emotions)


@torch.inference_mode()
def _items(encoder: PromptEncoder, modality: str, features: Tensor, emotions: list[str]) -> Items:
    _, style_part = encoder.space.project(modality, features)
    _, style, logits = encoder.space.read(torch.zeros_like(style_part), style_part)
    return Items(style_part, style, logits.softmax(dim=1), emotions)


@torch.inference_mode()
def clip_items(encoder: PromptEncoder, clips: Clips) -> tuple[Items, Tensor, Tensor]:
    """Clips that show their emotion (or are neutral), with all clips' read voices and styles."""
    features = []
    for rows in np.array_split(np.arange(len(clips)), -(-len(clips) // 32)):
        features.append(encoder.speech(*clips.batch(rows, clips.mels.shape[1], None)))
    spoken = torch.cat(features)
    voice, style, _ = encoder.space.read(*encoder.space.project("speech", spoken))
    shown = [i for i, r in enumerate(clips.rows) if r["emotion"] == "neutral" or _shows(r)]
    names = [clips.rows[i]["emotion"] for i in shown]
    return _items(encoder, "speech", spoken[shown], names), voice, style


def _shows(row: dict) -> bool:
    return row["emotion"] in NAMES and row["intensity"] >= SHOWN_FROM


def sentence_items(encoder: PromptEncoder) -> tuple[Items, list[dict]]:
    """The hand-written descriptions."""
    with SENTENCES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    features = encoder.text.encode([r["text"] for r in rows])
    return _items(encoder, "text", features, [r["emotion"] for r in rows]), rows


def face_items(encoder: PromptEncoder, faces: Faces) -> Items:
    """Faces of held-out persons."""
    names = [EXPRESSIONS[i] if i >= 0 else "contempt" for i in faces.label.tolist()]
    return _items(encoder, "face", face_features(encoder.face, faces.crops, augmented=False), names)


def judge_accuracy(faces: Faces) -> float:
    """Balanced accuracy of the public network on the same faces."""
    columns = [EXPRESSIONS.index(c) for c in FACE_CLASSES]
    kept = [i for i, label in enumerate(faces.label.tolist()) if label in columns]
    best = faces.soft[kept][:, columns].argmax(dim=1)
    return balanced([FACE_CLASSES[i] for i in best], [EXPRESSIONS[faces.label[i]] for i in kept])


def retrieval_table(speech: Items, text: Items, face: Items) -> str:
    """Top-1 emotion from any modality to any other."""
    rows = [
        ("text to speech, 8 emotions", retrieve(text, speech, NAMES), 0.8),
        ("speech to text, 8 emotions", retrieve(speech, text, NAMES), 0.8),
        ("face to speech, 5 emotions", retrieve(face, speech, FACE_CLASSES), 0.6),
        ("face to text, 5 emotions", retrieve(face, text, FACE_CLASSES), 0.6),
        ("speech to face, 5 emotions", retrieve(speech, face, FACE_CLASSES), None),
        ("text to face, 5 emotions", retrieve(text, face, FACE_CLASSES), None),
        ("emotion head on speech, 8", classify(speech, NAMES), None),
        ("emotion head on sentences, 8", classify(text, NAMES), None),
        ("emotion head on faces, 5", classify(face, FACE_CLASSES), None),
    ]
    return table("Top-1 emotion, balanced", ("from", "found", "wanted"), rows)


def vector_table(clips: Clips, voice: Tensor, style: Tensor) -> str:
    """How well voice and style vectors are read off unseen voices: correlation and mean error an attribute."""
    voice_names = ("pitch", "tract", "breath", "tilt", *(f"band {i}" for i in range(1, 5)), "timbre")[:VOICE_DIM]
    rows = []
    for part, names, read, true in (
        ("voice", voice_names, voice, clips.voice),
        ("style", STYLE_ATTRIBUTES, style, clips.style),
    ):
        for i, name in enumerate(names):
            together = np.corrcoef(read[:, i].numpy(), true[:, i].numpy())[0, 1]
            rows.append((f"{part} {name}", float(together), float((read[:, i] - true[:, i]).abs().mean())))
    return table("Vectors read off speech of unseen voices (standardised)", ("attribute", "correlation", "error"), rows)


def emodb_table(encoder: PromptEncoder, folder: Path) -> str:
    """Real acted speech: how many speakers' read styles move as they should against their own neutral.

    The pitch that counts is the whole of it: the voice's and the style's together would cancel an error in how they are
    told apart, but a synthesiser uses them apart, so only the style is counted.
    """
    speakers = sorted({p.name[:2] for p in folder.glob("*_neutral.wav")})
    wanted = (("angry", 1, ("pitch", "level", "tilt")), ("sad", -1, ("pitch", "level", "tilt")))
    read = {
        (s, e): encoder.encode(Prompt.speech(folder / f"{s}_{e}.wav")).style
        for s in speakers
        for e in ("neutral", "angry", "sad", "happy")
        if (folder / f"{s}_{e}.wav").exists()
    }
    rows = []
    for emotion, sign, attributes in wanted:
        for attribute in attributes:
            i = STYLE_ATTRIBUTES.index(attribute)
            moves = [
                float(read[s, emotion][i] - read[s, "neutral"][i]) * getattr(STYLE_SCALES, attribute)
                for s in speakers
                if (s, emotion) in read
            ]
            right = sum(sign * m > 0 for m in moves)
            rows.append((f"{emotion} {attribute}", f"{right}/{len(moves)}", float(np.median(moves))))
    return table("Real recordings (emodb) against the same speaker's neutral", ("", "right way", "median"), rows)


@click.command()
@click.option("--model", default="facet-nano", show_default=True, help="A model directory with prompt encoders.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("runs/prompts"), show_default=True)
@click.option("--emodb", type=click.Path(path_type=Path), help="Folder of SPEAKER_EMOTION.wav, real acted speech.")
def main(model: str, data: Path, emodb: Path | None) -> None:
    """Print the figures of MODEL."""
    torch.set_num_threads(1)
    encoder = PromptEncoder.from_pretrained(model)
    clips, faces = Clips.load(data, "test"), Faces.load(data, held_out=True)
    speech, voice, style = clip_items(encoder, clips)
    text, _ = sentence_items(encoder)
    click.echo(retrieval_table(speech, text, face_items(encoder, faces)))
    click.echo(
        f"The face judge on the same photographs: {judge_accuracy(faces):.2f} ({JUDGE_CEILING} on all of them)\n"
    )
    click.echo(vector_table(clips, voice, style))
    if emodb:
        click.echo(emodb_table(encoder, emodb))


if __name__ == "__main__":
    main()
