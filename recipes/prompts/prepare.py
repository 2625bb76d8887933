"""Prepare prompts' training data: ``python -m recipes.prompts.prepare --corpus runs/corpus --faces DIR --out
runs/prompts``.

Writes face crops and the measures of clips. What exists is kept.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import click
import numpy as np
import torch

from prompts.face import crop, open_image
from prompts.spectrum import HOP, N_MEASURES, measures
from recipes.data import Corpus
from recipes.prompts.channel import worsen

CROP = 72  # pixels; training cuts 64 out of it
# The pictures are cut around the face already: on 150 of them the detector of prompts.face takes a square of 109 to 125
# of their 128 pixels (5th and 95th percentile, median 117), so it need not be run on each.
FACE_SHARE = 117 / 128
N_FRAMES = 180  # of a clip: 3.8 s
BATCH = 24
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


def _piece(clips: Corpus, index: int, speed: float, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """At most ``N_FRAMES`` frames from a random place of a clip played at ``speed``, (samples,), and their number."""
    samples = clips.samples(index)
    places = np.arange(0, len(samples) - 1, speed)
    samples = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
    length = (N_FRAMES - 1) * HOP
    first = int(rng.integers(max(0, len(samples) - length) + 1))
    samples = samples[first : first + length]
    return np.pad(samples, (0, length - len(samples))), min(N_FRAMES, len(samples) // HOP + 1)


def measure_clips(corpus: Path, out: Path, limit: int, views: int) -> None:
    """``measures-SPLIT.npy`` (views, clips, N_MEASURES) and ``rows-SPLIT.jsonl`` with the ``speed`` of each view.

    The first view is the clip as it is; the others are worsened and, in training, played a little faster or slower.
    """
    for split in SPLITS:
        if (out / f"rows-{split}.jsonl").exists():
            continue
        clips, rng = Corpus(corpus, split), np.random.default_rng(0)
        torch.manual_seed(0)
        chosen = np.arange(len(clips))
        if split == "train" and len(clips) > limit:
            chosen = np.sort(rng.choice(len(clips), limit, replace=False))
        n_views = views if split == "train" else 2
        found = np.zeros((n_views, len(chosen), N_MEASURES), np.float32)
        speeds = np.ones((n_views, len(chosen)))
        for rows in np.array_split(np.arange(len(chosen)), -(-len(chosen) // BATCH)):
            for view in range(n_views):
                if view and split == "train":
                    speeds[view, rows] = np.exp(rng.normal(0, 0.07, len(rows)))
                cut = [_piece(clips, int(chosen[r]), float(speeds[view, r]), rng) for r in rows]
                wav = torch.from_numpy(np.stack([samples for samples, _ in cut]))
                valid = torch.arange(N_FRAMES)[None] < torch.tensor([n for _, n in cut])[:, None]
                found[view, rows] = measures(worsen(wav) if view else wav, valid).numpy()
            print(f"{split} {rows[-1] + 1}/{len(chosen)}", end="\r", file=sys.stderr, flush=True)
        np.save(out / f"measures-{split}.npy", found)
        kept = ("voice", "voice_name", "style", "emotion", "intensity", "text")
        written = [
            {k: clips.rows[c][k] for k in kept} | {"speed": speeds[:, i].round(5).tolist()}
            for i, c in enumerate(chosen)
        ]
        (out / f"rows-{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in written), "utf-8")


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--faces", type=click.Path(path_type=Path, exists=True), required=True, help="Folder with labels.csv.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/prompts"), show_default=True)
@click.option("--limit", default=12000, show_default=True, help="Training clips at most.")
@click.option("--views", default=3, show_default=True, help="Of every training clip: itself, and worsened ones.")
def main(corpus: Path, faces: Path, out: Path, limit: int, views: int) -> None:
    """Cut faces and measure clips once."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    prepare_faces(faces, out)
    measure_clips(corpus, out, limit, views)


if __name__ == "__main__":
    main()
