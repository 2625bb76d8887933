"""Prepare prompts' training data: ``python -m recipes.prompts.prepare --corpus runs/corpus --faces DIR --out
runs/prompts``.

Writes face crops and log-mels of clips (float16). What exists is kept.
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
from recipes.data import Corpus
from tts.mel import log_mel

CROP = 72  # pixels; training cuts 64 out of it
# The pictures are cut around the face already: on 150 of them the detector of prompts.face takes a square of 109 to 125
# of their 128 pixels (5th and 95th percentile, median 117), so it need not be run on each.
FACE_SHARE = 117 / 128
MAX_FRAMES = 320  # of a clip: 3.4 s
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


def prepare_mels(corpus: Path, out: Path, limit: int) -> None:
    """``mels-SPLIT.npy`` (clips, MAX_FRAMES, n_mels) float16, ``rows-SPLIT.jsonl`` with ``n_frames`` of each."""
    for split in SPLITS:
        if (out / f"rows-{split}.jsonl").exists():
            continue
        clips = Corpus(corpus, split)
        chosen = np.arange(len(clips))
        if split == "train" and len(clips) > limit:
            chosen = np.sort(np.random.default_rng(0).choice(len(clips), limit, replace=False))
        mels = np.zeros((len(chosen), MAX_FRAMES, 100), np.float16)
        rows = []
        for i, index in enumerate(chosen):
            mel = log_mel(torch.from_numpy(clips.samples(int(index)))).T.numpy()
            first = max(0, (len(mel) - MAX_FRAMES) // 2)
            mel = mel[first : first + MAX_FRAMES]
            mels[i, : len(mel)] = mel
            kept = {k: clips.rows[index][k] for k in ("voice", "voice_name", "style", "emotion", "intensity", "text")}
            rows.append(kept | {"n_frames": len(mel)})
            if i % 1000 == 0:
                print(f"{split} mel {i}/{len(chosen)}", file=sys.stderr, flush=True)
        np.save(out / f"mels-{split}.npy", mels)
        (out / f"rows-{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--faces", type=click.Path(path_type=Path, exists=True), required=True, help="Folder with labels.csv.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/prompts"), show_default=True)
@click.option("--limit", default=12000, show_default=True, help="Training clips at most.")
def main(corpus: Path, faces: Path, out: Path, limit: int) -> None:
    """Cut faces and compute mels once."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    prepare_faces(faces, out)
    prepare_mels(corpus, out, limit)


if __name__ == "__main__":
    main()
