"""Recordings of a virtual voice that no model was trained on, to try voice learning with:

    python -m recipes.voice_cloning.virtual_voice --text ../shared/text --number 24 --minutes 10 --out runs/pool-24
    python -m recipes.voice_cloning.finetune_voice runs/pool-24 --name pool24 -o pool24.voice
    python -m recipes.voice_cloning.evaluate_clone --person runs/pool-24 --learnt pool24.voice

Voice NUMBER of the corpus's pool, or with ``--kokoro`` mixture NUMBER of Kokoro's speakers, must be one that is kept
for tests. ``held_out`` in the folder has clips to compare with.
"""

from __future__ import annotations

import csv
from pathlib import Path

import click
import numpy as np

from recipes.corpus.draw import HELD_OUT_EVERY, draw_style, is_held_out, mixed_speaker, pool_speaker
from recipes.corpus.teachers import Teachers, seed_teachers
from recipes.corpus.texts import read_sentences
from tts.audio import Audio
from tts.cli_common import one_line_errors
from tts.cloning import read_speech
from tts.config import AUDIO
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize

LONGEST = 12.0  # seconds of a clip
HELD_OUT_CLIPS = 6
TRIES = 50  # a sentence: until there are probably no more to be had


@click.command()
@click.option("--text", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of *.txt.")
@click.option("--number", default=24, show_default=True, help="Of the voice in the corpus's pool.")
@click.option(
    "--kokoro", type=click.Path(path_type=Path, exists=True), help="Folder of Kokoro's voices: a mixture of them."
)
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@one_line_errors
def main(text: Path, number: int, kokoro: Path | None, minutes: float, out: Path) -> None:
    """Write MINUTES of a virtual voice in its everyday styles, with transcripts.csv, and some held-out clips."""
    if not is_held_out(number):
        raise ValueError(f"voice {number} is trained on; those kept for tests are the multiples of {HELD_OUT_EVERY}")
    speaker = mixed_speaker(number) if kokoro else pool_speaker(number)
    rng, teachers = np.random.default_rng((77, number)), Teachers(kokoro)
    seed_teachers(number)
    sentences = [s for s in read_sentences(text) if s.split == "test"]
    (out / "held_out").mkdir(parents=True, exist_ok=True)
    said: set[str] = set()
    seconds, n_clips = 0.0, 0
    with (out / "transcripts.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "text"))
        for _ in range(TRIES * len(sentences)):
            if seconds >= 60 * minutes:
                break
            sentence = sentences[rng.integers(len(sentences))].text
            emotion, _, style = draw_style(rng)
            if emotion not in ("neutral", "happy", "calm") or sentence in said:
                continue
            try:
                clip = teachers.speak(phonemize(normalize(sentence)), speaker, style, rng)
                read_speech(clip.samples)
            except ValueError:
                continue  # not usable, as in the corpus, or too short to learn from
            length = len(clip.samples) / AUDIO.sample_rate
            if length > LONGEST:
                continue
            said.add(sentence)
            held_out, name = n_clips < HELD_OUT_CLIPS, f"{n_clips:04d}.wav"
            Audio(clip.samples).save((out / "held_out" if held_out else out) / name, force=True)
            n_clips += 1
            if not held_out:
                rows.writerow((name, sentence))
                file.flush()
                seconds += length
    if seconds < 60 * minutes:
        raise ValueError(f"the test sentences in {text} give {seconds / 60:.1f} of {minutes:g} minutes: add more text")
    click.echo(f"{n_clips - HELD_OUT_CLIPS} clips, {seconds / 60:.1f} minutes, and {HELD_OUT_CLIPS} held out -> {out}")


if __name__ == "__main__":
    main()
