"""Figures of the prompt encoders: ``python -m recipes.evaluation.prompts --model DIR``, after
``recipes.prompts.prepare``.

Everything here is held out: voices that were never trained on, persons whose faces were never seen, sentences written
by hand (``recipes/sentences/descriptions.csv``), real acted speech. Small columns in brackets are what a judge or
chance reaches.
"""

from __future__ import annotations

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
from recipes.corpus.draw import is_unseen
from recipes.evaluation.descriptions import rows_of
from recipes.evaluation.sentences import spread
from recipes.judges import prosody
from recipes.prompts.clips import NAMES, Clips, speech_features
from recipes.prompts.faces import Faces, face_features
from recipes.table import table
from tts.audio import read_audio
from tts.cli_common import one_line_errors
from tts.config import AUDIO
from tts.style import STYLE_ATTRIBUTES, STYLE_SCALES, VOICE_DIM, emotion_vector

FACE_CLASSES = ("neutral", "happy", "angry", "sad", "surprised")
JUDGE_CEILING = 0.58  # balanced accuracy of the public expression network on these photographs, from their README
# Least intensity of a clip that counts as showing its emotion: below it, even who made it calls it slight.
SHOWN_FROM = 0.65
STRONGER_FROM = (1.05, 1.45)  # thirds of what the corpus holds above that


@dataclass
class Items:
    """Things in the shared space: style embeddings (N, part), read styles (N, STYLE_DIM), emotion names,
    probabilities, and how strong, 0 to 2 (slight, usual, strong; 1 where nobody knows).
    """

    embedding: Tensor
    style: Tensor
    probabilities: Tensor
    emotions: list[str]
    strengths: list[int]

    def of(self, emotions: Sequence[str]) -> Items:
        """Those that show one of ``emotions``."""
        rows = [i for i, e in enumerate(self.emotions) if e in emotions]
        chosen = [self.emotions[i] for i in rows], [self.strengths[i] for i in rows]
        return Items(self.embedding[rows], self.style[rows], self.probabilities[rows], *chosen)

    def cells(self) -> tuple[list[str], Tensor]:
        """Emotions of what is there of every emotion at every strength, and its mean embedding, of unit length."""
        named = list(zip(self.emotions, self.strengths, strict=True))
        found = sorted(set(named))
        means = torch.stack([self.embedding[[c == cell for c in named]].mean(dim=0) for cell in found])
        return [emotion for emotion, _ in found], torch.nn.functional.normalize(means, dim=1)


def balanced(found: Sequence[str], wanted: Sequence[str]) -> float:
    """Mean of the classes' hit rates."""
    classes = sorted(set(wanted))
    hits = [np.mean([f == w for f, w in zip(found, wanted, strict=True) if w == c]) for c in classes]
    return float(np.mean(hits))


def retrieve(queries: Items, gallery: Items, classes: Sequence[str]) -> tuple[float, float]:
    """Balanced share of queries whose nearest emotion is right, nearness by two measures.

    By items: an emotion is as near as the mean of its ten nearest items, equally many of every emotion being there. By
    cells: as near as its nearest mean over the items of one emotion and strength.
    """
    queries, gallery = queries.of(classes), gallery.of(classes)
    cosine = queries.embedding @ gallery.embedding.T
    number = min(gallery.emotions.count(name) for name in classes)
    scores = []
    for name in classes:
        own = spread([i for i, e in enumerate(gallery.emotions) if e == name], number)
        scores.append(cosine[:, own].topk(min(10, number), dim=1).values.mean(dim=1))
    by_items = torch.stack(scores, dim=1).argmax(dim=1)
    names, means = gallery.cells()
    by_cells = (queries.embedding @ means.T).argmax(dim=1)
    return (
        balanced([classes[i] for i in by_items], queries.emotions),
        balanced([names[i] for i in by_cells], queries.emotions),
    )


def classify(items: Items, classes: Sequence[str]) -> float:
    """Balanced accuracy of the shared emotion head, over ``classes`` alone."""
    items = items.of(classes)
    columns = [NAMES.index(c) for c in classes]
    best = items.probabilities[:, columns].argmax(dim=1)
    return balanced([classes[i] for i in best], items.emotions)


@torch.inference_mode()
def _items(encoder: PromptEncoder, modality: str, features: Tensor, emotions: list[str], strengths: list[int]) -> Items:
    _, style_part = encoder.space.project(modality, features)
    _, style, logits = encoder.space.read(torch.zeros_like(style_part), style_part)
    return Items(style_part, style, logits.softmax(dim=1), emotions, strengths)


@torch.inference_mode()
def clip_items(encoder: PromptEncoder, clips: Clips, view: int = 0) -> tuple[Items, Tensor, Tensor]:
    """Clips that show their emotion (or are neutral), with all clips' read voices and styles. View 0 is clean."""
    spoken = speech_features(encoder.speech, clips, view)
    voice, style, _ = encoder.space.read(*encoder.space.project("speech", spoken))
    shown = shown_rows(clips)
    names = [clips.rows[i]["emotion"] for i in shown]
    strengths = [sum(float(clips.intensity[i]) > limit for limit in STRONGER_FROM) for i in shown]
    return _items(encoder, "speech", spoken[shown], names, strengths), voice, style


def shown_rows(clips: Clips) -> list[int]:
    """Rows that are neutral or show an emotion clearly."""
    return [i for i, r in enumerate(clips.rows) if r["emotion"] == "neutral" or _shows(r)]


def oracle(clips: Clips) -> float:
    """Balanced accuracy of who knows the style that each clip was made with: the nearest emotion at any intensity."""
    rows = shown_rows(clips)
    strengths = torch.linspace(SHOWN_FROM, 1.9, 26)
    distances = []
    for name in NAMES:
        line = emotion_vector(name)[None] * (strengths[:, None] if name != "neutral" else torch.zeros(1, 1))
        distances.append(torch.cdist(clips.style[rows], line).amin(dim=1))
    best = torch.stack(distances, dim=1).argmin(dim=1)
    return balanced([NAMES[i] for i in best], [clips.rows[i]["emotion"] for i in rows])


def _shows(row: dict) -> bool:
    return row["emotion"] in NAMES and row["intensity"] >= SHOWN_FROM


def sentence_items(encoder: PromptEncoder) -> tuple[Items, list[dict]]:
    """The hand-written descriptions."""
    rows = rows_of("descriptions")
    features = encoder.text.encode([r["text"] for r in rows])
    strengths = [{"weak": 0, "strong": 2}.get(r["intensity"], 1) for r in rows]
    return _items(encoder, "text", features, [r["emotion"] for r in rows], strengths), rows


def face_items(encoder: PromptEncoder, faces: Faces) -> Items:
    """Faces of held-out persons."""
    names = [EXPRESSIONS[i] if i >= 0 else "contempt" for i in faces.label.tolist()]
    return _items(encoder, "face", face_features(encoder.face, faces.crops, augmented=False), names, [1] * len(names))


def judge_accuracy(faces: Faces) -> float:
    """Balanced accuracy of the public network on the same faces."""
    columns = [EXPRESSIONS.index(c) for c in FACE_CLASSES]
    kept = [i for i, label in enumerate(faces.label.tolist()) if label in columns]
    best = faces.soft[kept][:, columns].argmax(dim=1)
    return balanced([FACE_CLASSES[i] for i in best], [EXPRESSIONS[faces.label[i]] for i in kept])


def retrieval_table(speech: Items, worse: Items, text: Items, face: Items) -> str:
    """Top-1 emotion from any modality to any other. ``worse``: the same clips through bad microphones and rooms."""
    rows = [
        ("text to speech, 8 emotions", *retrieve(text, speech, NAMES), 0.8),
        ("speech to text, 8 emotions", *retrieve(speech, text, NAMES), 0.8),
        ("face to speech, 5 emotions", *retrieve(face, speech, FACE_CLASSES), 0.6),
        ("face to text, 5 emotions", *retrieve(face, text, FACE_CLASSES), 0.6),
        ("speech to face, 5 emotions", *retrieve(speech, face, FACE_CLASSES), None),
        ("text to face, 5 emotions", *retrieve(text, face, FACE_CLASSES), None),
    ]
    headers = ("top-1 emotion, balanced", "ten nearest items", "nearest emotion and strength", "aim")
    read = [
        ("speech, 8 emotions", classify(speech, NAMES)),
        ("worsened speech, 8", classify(worse, NAMES)),
        ("sentences, 8", classify(text, NAMES)),
        ("faces, 5", classify(face, FACE_CLASSES)),
    ]
    return f"{table('Retrieval', headers, rows)}\n{table('Emotion head', ('on', 'balanced'), read)}"


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
    told apart, but a synthesiser uses them apart, so only the style is counted. Beside it, what Praat measures of the
    recordings themselves: where an actor did not raise the voice, no reader can find it raised.
    """
    speakers = sorted({p.name[:2] for p in folder.glob("*_neutral.wav")})
    read, heard = {}, {}
    for speaker in speakers:
        for emotion in ("neutral", "angry", "sad"):
            path = folder / f"{speaker}_{emotion}.wav"
            if path.exists():
                samples = read_audio(path)
                measured = prosody(samples, AUDIO.sample_rate)
                read[speaker, emotion] = encoder.encode(Prompt.speech(path))
                heard[speaker, emotion] = (12 * np.log2(measured.f0_hz), measured.level_db, measured.tilt_db)
    rows = []
    for emotion, sign in (("angry", 1), ("sad", -1)):
        for k, attribute in enumerate(("pitch", "level", "tilt")):
            i = STYLE_ATTRIBUTES.index(attribute)
            both = [s for s in speakers if (s, emotion) in read and (s, "neutral") in read]
            moves = [
                float(read[s, emotion].style[i] - read[s, "neutral"].style[i]) * getattr(STYLE_SCALES, attribute)
                for s in both
            ]
            praat = [heard[s, emotion][k] - heard[s, "neutral"][k] for s in both]
            right = [sum(sign * m > 0 for m in found) for found in (moves, praat)]
            rows.append(
                (
                    f"{emotion} {attribute}",
                    f"{right[0]}/{len(both)}",
                    float(np.median(moves)),
                    f"{right[1]}/{len(both)}",
                )
            )
    found = table(
        "Real recordings (emodb) against the same speaker's neutral",
        ("", "read the right way", "median", "Praat"),
        rows,
    )
    plain = [read[s, "neutral"] for s in speakers]
    emotions = torch.stack([v.emotion for v in plain]).mean(dim=0)
    style = torch.stack([v.style for v in plain]).mean(dim=0)
    likely = ", ".join(f"{NAMES[i]} {float(emotions[i]):.2f}" for i in emotions.argsort(descending=True)[:4])
    shown = ", ".join(f"{a} {float(v):+.2f}" for a, v in zip(STYLE_ATTRIBUTES, style, strict=True))
    return f"{found}\nReal neutral speech is read as {likely}; mean style in standard steps: {shown}\n"


@click.command()
@click.option("--model", default="facet-nano", show_default=True, help="A model directory with prompt encoders.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("runs/prompts"), show_default=True)
@click.option("--emodb", type=click.Path(path_type=Path), help="Folder of SPEAKER_EMOTION.wav, real acted speech.")
@one_line_errors
def main(model: str, data: Path, emodb: Path | None) -> None:
    """Print the figures of MODEL."""
    torch.set_num_threads(1)
    encoder = PromptEncoder.from_pretrained(model)
    clips, faces = Clips.load(data, "test"), Faces.load(data, held_out=True)
    clips = clips.only([i for i, r in enumerate(clips.rows) if is_unseen(r["voice_name"])])
    speech, voice, style = clip_items(encoder, clips)
    worse, _, _ = clip_items(encoder, clips, view=len(clips.measures) - 1)
    text, _ = sentence_items(encoder)
    click.echo(retrieval_table(speech, worse, text, face_items(encoder, faces)))
    click.echo(f"Who knows the clips' true styles: {oracle(clips):.2f} of 8 emotions")
    click.echo(
        f"The face judge on the same photographs: {judge_accuracy(faces):.2f} ({JUDGE_CEILING} on all of them)\n"
    )
    click.echo(vector_table(clips, voice, style))
    if emodb:
        click.echo(emodb_table(encoder, emodb))


if __name__ == "__main__":
    main()
