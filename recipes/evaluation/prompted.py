"""Does speech made from prompts sound as prompted? ``python -m recipes.evaluation.prompted --model DIR --reference
runs/corpus --faces FOLDER``

Prompts are held out: recordings of unseen virtual voices, faces of unseen people, hand-written descriptions. They set
the style alone, in the default voice; every measure is taken against the same voice saying the same sentence neutrally.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from torch import Tensor

from prompts.prompt import Prompt
from prompts.vectors import PromptVectors
from recipes.evaluation.bench import Bench
from recipes.evaluation.clip import Clip
from recipes.evaluation.descriptions import rows_of
from recipes.evaluation.emotions import MEASURES, Change, absolute, measure, targets
from recipes.evaluation.prompted_voices import leaks_table, mixes_table, said, voices_table
from recipes.evaluation.reference import Reference
from recipes.evaluation.sentences import mixed, spread
from recipes.prompts.faces import HELD_OUT_EVERY, NAMES
from recipes.table import progress, table
from recipes.wording import compare, wer
from tts.cli_common import one_line_errors
from tts.style import Style, style_vector

KINDS = ("speech", "text", "face", "told")  # told: no prompt, the recordings' true styles: what speech can reach
PROMPTS, SENTENCES = 40, 3
DIRECTIONS = {"speech": 0.85, "text": 0.85, "face": 0.75}  # aims: shares of measures that move the right way
SHOWN = (0.7, 1.5)  # intensities of the recordings that are used as prompts


@dataclass(frozen=True)
class Prompted:
    """A prompt, or the style itself, with the emotion that it shows."""

    kind: str
    prompt: Prompt | Tensor
    emotion: str


def evenly(rows: Sequence[tuple[str, Any]], number: int) -> list[tuple[str, Any]]:
    """At most ``number`` of (emotion, item), the emotions in turn."""
    groups: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    share = -(-number // max(1, len(groups)))
    turns = [spread(groups[emotion], share) for emotion in sorted(groups)]
    return [turn[i] for i in range(share) for turn in turns if i < len(turn)][:number]


def recordings(reference: Reference, number: int) -> list[Prompted]:
    """Emotional recordings of the reference, as prompts and as the styles that they were made with."""
    rows = [
        (r["emotion"], r)
        for r in reference.rows
        if r["emotion"] in targets() and SHOWN[0] <= r["intensity"] <= SHOWN[1]
    ]
    found = []
    for emotion, row in evenly(rows, number):
        clip = reference.clip(row)
        found.append(Prompted("speech", Prompt.speech(clip.samples, clip.sample_rate), emotion))
        found.append(Prompted("told", style_vector(Style(**row["style"])), emotion))
    return found


def descriptions(number: int) -> list[Prompted]:
    """Hand-written descriptions of emotions."""
    rows = [(r["emotion"], r["text"]) for r in rows_of("descriptions") if r["emotion"] in targets()]
    return [Prompted("text", Prompt.text(text), emotion) for emotion, text in evenly(rows, number)]


def photographs(folder: Path, number: int) -> list[Prompted]:
    """Faces of people that were never trained on, where a face is found."""
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if int(r["person"]) % HELD_OUT_EVERY == 0]
    shown = [(NAMES[r["emotion"]], r["file"]) for r in rows if r["emotion"] in ("happy", "angry", "sad", "surprised")]
    found = []
    for emotion, file in evenly(shown, 2 * number):
        try:
            found.append(Prompted("face", Prompt.face(folder / "images" / file), emotion))
        except ValueError:
            continue  # no face found by the detector: the user would be told
    return found[:number]


def reference_changes(reference: Reference) -> tuple[np.ndarray, list[str], list[str]]:
    """Measures of recordings against their voice's other neutral ones (N, measures), their emotions and voices."""
    by_voice: dict[str, list[dict]] = defaultdict(list)
    for row in reference.rows:
        if row["emotion"] == "neutral" or (row["emotion"] in targets() and row["intensity"] >= SHOWN[0]):
            by_voice[row["voice_name"]].append(row)
    changes, emotions, voices = [], [], []
    for voice in progress(sorted(by_voice), "reference measures"):
        heard = [(r["emotion"], absolute(measure(reference.clip(r)))) for r in by_voice[voice]]
        for k, (emotion, m) in enumerate(heard):
            plain = [other for j, (e, other) in enumerate(heard) if e == "neutral" and j != k]
            change = np.subtract(m, np.median(plain, axis=0)) if plain else np.array([np.nan])
            if np.isfinite(change).all():
                changes.append(change)
                emotions.append(emotion)
                voices.append(voice)
    return np.array(changes), emotions, voices


class EmotionJudge:
    """Logistic regression on Praat measures, fitted on recordings; ``score`` is its balanced accuracy on
    recordings of voices that it was not fitted on.
    """

    def __init__(self, changes: np.ndarray, emotions: Sequence[str], voices: Sequence[str]) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import balanced_accuracy_score
        from sklearn.model_selection import GroupKFold, cross_val_predict
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self.model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        if len(set(voices)) < 5:
            raise ValueError(f"the reference has {len(set(voices))} voices with neutral speech; the judge needs 5")
        folds = GroupKFold(5)
        guessed = cross_val_predict(self.model, changes, emotions, groups=voices, cv=folds)
        self.score = float(balanced_accuracy_score(emotions, guessed))
        self.model.fit(changes, emotions)

    def read(self, changes: np.ndarray) -> list[str]:
        """Emotions of changes (N, measures)."""
        return [str(name) for name in self.model.predict(np.atleast_2d(changes))]


def right_way(change: Change, wanted: Change) -> tuple[int, int]:
    """How many measures moved as wanted, of those that are wanted to move noticeably."""
    pairs = [(got, want) for got, want, m in zip(change, wanted, MEASURES, strict=True) if abs(want) >= m[3]]
    return sum(bool(got * want > 0) for got, want in pairs), len(pairs)


def styles_table(bench: Bench, prompts: Sequence[Prompted], judge: EmotionJudge, n_sentences: int) -> str:
    """By kind of prompt: measures that move the right way, growth of the word error rate, emotions that are read."""
    sentences, wanted = mixed(n_sentences), targets()
    neutral = said(bench, sentences)
    plain = [absolute(measure(clip)) for clip in neutral]
    plain_wer = wer([_compared(bench, clip) for clip in neutral])
    rows = []
    for kind in KINDS:
        own = [p for p in prompts if p.kind == kind]
        right = total = 0
        compared, read, shown = [], [], []
        for prompted in progress(own, f"{kind} prompts"):
            style: Tensor | PromptVectors | None
            if isinstance(prompted.prompt, Tensor):
                style = prompted.prompt
            else:
                understood = bench.synth.encode(prompted.prompt)
                style = understood if understood.has_style else None
            clips = said(bench, sentences, style=style)
            compared += [_compared(bench, clip) for clip in clips]
            change = np.nanmedian([np.subtract(absolute(measure(c)), m) for c, m in zip(clips, plain, strict=True)], 0)
            moved, counted = right_way(tuple(change), wanted[prompted.emotion])
            right, total = right + moved, total + counted
            if np.isfinite(change).all():
                read += judge.read(change)
                shown.append(prompted.emotion)
        if own:
            recall = [np.mean([r == e for r, s in zip(read, shown, strict=True) if s == e]) for e in sorted(set(shown))]
            growth = wer(compared) - plain_wer
            rows.append((kind, len(own), right / total, DIRECTIONS.get(kind), growth, float(np.mean(recall))))
    rows.append(("judge on recordings", None, None, None, None, judge.score))
    headers = ("prompts", "number", "measures the right way", "aim", "WER over neutral", "emotion read (balanced)")
    return table(f"Styles from prompts, {len(sentences)} sentences each; neutral WER {plain_wer:.3f}", headers, rows)


def _compared(bench: Bench, clip: Clip) -> Any:
    return compare(clip.text, bench.whisper.transcribe(clip.samples, clip.sample_rate))


def latency_table(bench: Bench, faces: Path | None, repeats: int = 5) -> str:
    """Milliseconds to read and encode a prompt, model loaded: 10 s of speech, a face of 1 MP, a sentence.

    The processor's time beside the clock's: on a busy machine, the latter says how busy it was.
    """
    time_axis = np.arange(240_000) / 24_000
    buzz = (0.1 * np.sign(np.sin(2 * np.pi * 150 * time_axis)) * (np.sin(9 * time_axis) > -0.5)).astype(np.float32)
    makers = {
        "speech, 10 s": lambda: Prompt.speech(buzz),
        "text": lambda: Prompt.text("a cheerful old man, whispering"),
    }
    if faces is not None:
        from PIL import Image

        from prompts.face import read_face

        for file in sorted((faces / "images").iterdir())[:20]:
            picture = Image.open(file).convert("RGB").resize((1000, 1000))
            try:
                read_face(picture, 64)
            except ValueError:
                continue
            makers["face, 1 MP"] = lambda picture=picture: Prompt.face(picture)
            break
    rows = []
    for name, make in makers.items():
        bench.synth.encode(make())
        times = []
        for _ in range(repeats):
            begun = np.array([time.perf_counter(), time.process_time()])
            bench.synth.encode(make())
            times.append(1000 * (np.array([time.perf_counter(), time.process_time()]) - begun))
        rows.append((name, *np.median(times, axis=0).tolist(), 150))
    return table("Time to encode a prompt", ("", "ms", "ms of processors", "at most"), rows, digits=0)


@click.command()
@click.option("--model", default="facet-nano", show_default=True, help="Name or folder of the model.")
@click.option("--reference", type=click.Path(exists=True), required=True, help="Corpus, for its test split.")
@click.option("--faces", type=click.Path(path_type=Path), help="Folder with labels.csv and images.")
@click.option("--real", type=click.Path(path_type=Path), help="Folder of *.wav, one real neutral voice each.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many prompts of every kind.")
@click.option("--sentences", default=SENTENCES, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--section", "sections", multiple=True, type=click.Choice(("styles", "voices", "mixes", "words", "latency"))
)
@click.option("--threads", default=2, show_default=True, type=click.IntRange(min=1), help="CPU threads.")
@one_line_errors
def main(
    model: str, reference: str, faces: Path | None, real: Path | None, limit: int | None, sentences: int,
    sections: tuple[str, ...], threads: int,
) -> None:  # fmt: skip
    """Print the figures of MODEL."""
    import torch

    from tts import Synthesizer

    torch.set_num_threads(threads)
    test = Reference(reference)
    bench = Bench(Synthesizer.from_pretrained(model), test, limit, threads=threads, model=model)
    number = bench.number(PROMPTS)
    every = sections or ("styles", "voices", "mixes", "words", "latency")
    if "styles" in every:
        found = recordings(test, number) + descriptions(number) + (photographs(faces, number) if faces else [])
        click.echo(styles_table(bench, found, EmotionJudge(*reference_changes(test)), sentences))
    if "voices" in every:
        click.echo(voices_table(bench, real, sentences))
    if "mixes" in every:
        click.echo(mixes_table(bench, sentences))
    if "words" in every:
        click.echo(leaks_table(bench))
    if "latency" in every:
        click.echo(latency_table(bench, faces))


if __name__ == "__main__":
    main()
