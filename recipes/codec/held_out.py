"""More held-out speech than the corpus has, to count a large codebook's codes on:
``python -m recipes.codec.held_out --text DIR --out runs/held-out --hours 1.5``.

Made as :mod:`recipes.corpus.make` makes its clips, of sentences that the corpus keeps out of training. A codebook of
32,768 needs that: of 0.7 hours' 119,000 codes even equally likely ones would leave 0.027 of it unseen, of 2 hours'
337,000 none.
"""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path

import click
import numpy as np

from recipes.corpus.draw import draw_speaker
from recipes.corpus.make import CLIPS_PER_SHARD, MODERN_SHARE, make_clip
from recipes.corpus.teachers import seed_teachers
from recipes.corpus.texts import Source, make_modern, read_sentences
from recipes.table import progress
from tts.cli_common import one_line_errors
from tts.config import AUDIO

FIRST_SEED = 1_000_000  # of shards; the corpus counts from 0


def held_out_source(sentences: list[Source], rng: np.random.Generator) -> Source:
    """A sentence that is not for training, as often an everyday one as in the corpus."""
    if rng.random() >= MODERN_SHARE:
        return sentences[rng.integers(len(sentences))]
    while (source := make_modern(rng)).split == "train":
        pass
    return source


def make_held_out(number: int, sentences: list[Source], out: Path) -> list[dict]:
    """Rows of shard ``number``, made if it is not there yet."""
    name = f"held-out-{number:04d}"
    rows_file = out / f"{name}.jsonl"
    if rows_file.exists():
        return [json.loads(line) for line in rows_file.read_text("utf-8").splitlines()]
    rng = np.random.default_rng(FIRST_SEED + number)
    seed_teachers(FIRST_SEED + number)
    rows, audio, start = [], [], 0
    for _ in progress(range(CLIPS_PER_SHARD), name):
        try:
            row, samples, _ = make_clip(held_out_source(sentences, rng), draw_speaker(rng), rng)
        except ValueError:
            continue  # not usable, as in the corpus
        rows.append(row | {"split": "test", "shard": f"{name}.npy", "start": start})
        start += len(samples)
        audio.append(samples)
    np.save(out / f"{name}.npy", np.concatenate(audio))
    partial = rows_file.with_suffix(".part")
    partial.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    os.replace(partial, rows_file)  # the rows come last: a shard with rows is whole
    return rows


@click.command()
@click.option("--text", type=click.Path(path_type=Path, exists=True), required=True, help="The corpus's sentences.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/held-out"), show_default=True)
@click.option("--hours", default=1.5, show_default=True)
@one_line_errors
def main(text: Path, out: Path, hours: float) -> None:
    """Make HOURS of speech of held-out sentences; run again to resume or to add."""
    out.mkdir(parents=True, exist_ok=True)
    sentences = [s for s in read_sentences(text) if s.split != "train"]
    rows: list[dict] = []
    for number in count():
        if sum(r["n_samples"] for r in rows) >= hours * 3600 * AUDIO.sample_rate:
            break
        rows += make_held_out(number, sentences, out)
        lines = [json.dumps(r, ensure_ascii=False) for r in rows]
        (out / "manifest.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    click.echo(f"{len(rows)} clips, {sum(r['n_samples'] for r in rows) / AUDIO.sample_rate / 3600:.2f} h")


if __name__ == "__main__":
    main()
