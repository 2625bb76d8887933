"""Prepare prompts' training data: ``python -m recipes.prompts.prepare --corpus runs/corpus --faces DIR --text DIR --out
runs/prompts``.

Writes face crops and the measures of clips, those of the corpus and fresh ones. What exists is kept.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from functools import partial
from itertools import islice
from pathlib import Path

import click
import numpy as np
import torch

from prompts.face import crop, open_image
from prompts.spectrum import HOP, N_MEASURES, measures
from recipes.data import Corpus
from recipes.processes import shared_map
from recipes.prompts.channel import worsen
from tts.cli_common import one_line_errors

CROP = 72  # pixels; training cuts 64 out of it
# The pictures are cut around the face already: on 150 of them the detector of prompts.face takes a square of 109 to 125
# of their 128 pixels (5th and 95th percentile, median 117), so it need not be run on each.
FACE_SHARE = 117 / 128
N_FRAMES = 180  # of a clip: 3.8 s
SHORTEST = 0.35  # of it, in training: 1.3 s
BATCH = 24
FRESH_PART = 480  # clips that one process makes at a time
SPLITS = ("train", "valid", "test")


def prepare_faces(folder: Path, out: Path) -> None:
    """``faces.npy`` (N, CROP, CROP) uint8 and ``faces.jsonl``."""
    if (out / "faces.jsonl").exists():
        return
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    crops = np.zeros((len(rows), CROP, CROP), np.uint8)
    for i, row in enumerate(rows):
        grey = np.asarray(open_image(folder / "images" / row["file"]))
        height, width = grey.shape
        side = FACE_SHARE * min(height, width)
        crops[i] = crop(grey, ((width - side) / 2, (height - side) / 2, side), CROP)
    np.save(out / "faces.npy", crops)
    (out / "faces.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")


def _piece(samples: np.ndarray, speed: float, share: float, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """At most ``share`` of ``N_FRAMES`` frames from a random place of a clip played at ``speed``: samples padded to
    ``N_FRAMES``, and the number of frames.
    """
    places = np.arange(0, len(samples) - 1, speed)
    samples = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
    whole = (N_FRAMES - 1) * HOP
    length = int(share * whole)
    first = int(rng.integers(max(0, len(samples) - length) + 1))
    samples = samples[first : first + length]
    return np.pad(samples, (0, whole - len(samples))), len(samples) // HOP + 1


def measure_views(
    clips: list[np.ndarray], views: int, training: bool, wild: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Measures (views, clips, N_MEASURES) and the speed of each view (views, clips).

    The first view is the clip as it is, unless it is ``wild`` (clips,); the others are worsened and, in training,
    shorter and played a little faster or slower.
    """
    found = np.zeros((views, len(clips), N_MEASURES), np.float32)
    speeds = np.ones((views, len(clips)))
    for view in range(views):
        shares = np.ones(len(clips))
        if view and training:
            speeds[view] = np.exp(rng.normal(0, 0.05, len(clips)))
            shares = rng.uniform(SHORTEST, 1, len(clips))
        pieces = [_piece(*clip, rng) for clip in zip(clips, speeds[view], shares, strict=True)]
        wav = torch.from_numpy(np.stack([samples for samples, _ in pieces]))
        valid = torch.arange(N_FRAMES)[None] < torch.tensor([n for _, n in pieces])[:, None]
        worse = np.flatnonzero(wild | (view > 0))
        if len(worse):
            wav[worse] = worsen(wav[worse])
        found[view] = measures(wav, valid).numpy()
    return found, speeds


def _keep(out: Path, split: str, rows: list[dict], found: list[np.ndarray], speeds: list[np.ndarray]) -> None:
    np.save(out / f"measures-{split}.npy", np.concatenate(found, axis=1))
    played = np.concatenate(speeds, axis=1).round(5)
    written = [row | {"speed": played[:, i].tolist()} for i, row in enumerate(rows)]
    (out / f"rows-{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in written), "utf-8")


def measure_clips(corpus: Path, out: Path, limit: int, views: int) -> None:
    """``measures-SPLIT.npy`` (views, clips, N_MEASURES) and ``rows-SPLIT.jsonl`` of the corpus."""
    for split in SPLITS:
        if (out / f"rows-{split}.jsonl").exists():
            continue
        clips, rng = Corpus(corpus, split), np.random.default_rng(0)
        torch.manual_seed(0)
        chosen = np.arange(len(clips))
        if split == "train" and len(clips) > limit:
            chosen = np.sort(rng.choice(len(clips), limit, replace=False))
        n_views, found = views if split == "train" else 2, []
        for batch in np.array_split(chosen, -(-len(chosen) // BATCH)):
            samples, tame = [clips.samples(int(i)) for i in batch], np.zeros(len(batch), bool)
            found.append(measure_views(samples, n_views, split == "train", tame, rng))
            print(f"{split} {batch[-1] + 1}/{len(clips)}", end="\r", file=sys.stderr, flush=True)
        kept = ("voice", "voice_name", "style", "emotion", "intensity", "text")
        rows = [{k: clips.rows[c][k] for k in kept} for c in chosen]
        _keep(out, split, rows, *map(list, zip(*found, strict=True)))


def _measure_part(text: Path, out: Path, views: int, kokoro: Path | None, number: int) -> None:
    """Part ``number`` of the fresh clips, unless it is there."""
    from recipes.prompts.fresh import fresh_clips

    if (out / f"rows-fresh-{number:03d}.jsonl").exists():
        return
    torch.set_num_threads(1)
    torch.manual_seed(number)
    rng, rows, found = np.random.default_rng((number, 1)), [], []
    clips = fresh_clips(text, FRESH_PART, number, kokoro)
    while batch := list(islice(clips, BATCH)):
        wild = np.array([w for _, _, w in batch])
        found.append(measure_views([samples for _, samples, _ in batch], views, True, wild, rng))
        rows += [row for row, _, _ in batch]
    _keep(out, f"fresh-{number:03d}", rows, *map(list, zip(*found, strict=True)))


def measure_fresh(
    text: Path, out: Path, number: int, views: int, kokoro: Path | None = None, processes: int = 1
) -> None:
    """``measures-fresh-NNN.npy`` and ``rows-fresh-NNN.jsonl`` of at least ``number`` clips that are made, measured and
    forgotten, ``FRESH_PART`` to a file; the same by any number of ``processes``.
    """
    parts = range(1, -(-number // FRESH_PART) + 1)
    make = partial(_measure_part, text, out, views, kokoro)
    with shared_map(processes) as mapped:
        for done, _ in enumerate(mapped(make, parts), 1):
            print(f"fresh {done * FRESH_PART}/{number}", end="\r", file=sys.stderr, flush=True)


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--faces", type=click.Path(path_type=Path, exists=True), required=True, help="Folder with labels.csv.")
@click.option(
    "--text", type=click.Path(path_type=Path, exists=True), help="Folder of *.txt, as for the corpus: more clips."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/prompts"), show_default=True)
@click.option("--limit", default=12000, show_default=True, help="Training clips of the corpus at most.")
@click.option("--fresh", default=9600, show_default=True, help="Clips to make of TEXT, in many voices.")
@click.option("--kokoro", type=click.Path(path_type=Path, exists=True), help="Folder of Kokoro's voices, for these.")
@click.option("--views", default=3, show_default=True, help="Of every training clip: itself, and worsened ones.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True, help="That make fresh clips.")
@one_line_errors
def main(
    corpus: Path,
    faces: Path,
    text: Path | None,
    out: Path,
    limit: int,
    fresh: int,
    kokoro: Path | None,
    views: int,
    processes: int,
) -> None:
    """Cut faces, make and measure clips, once."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    prepare_faces(faces, out)
    measure_clips(corpus, out, limit, views)
    if text is not None:
        measure_fresh(text, out, fresh, views, kokoro, processes)


if __name__ == "__main__":
    main()
