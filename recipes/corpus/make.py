"""Make the expressive corpus: ``python -m recipes.corpus.make --text DIR --out runs/corpus --hours 16``.

Every shard is made from its own seed, so the corpus is the same on every machine, in any order, after any
interruption: shards that exist are kept. Output: ``manifest.jsonl`` (one row a clip, of all shards in the folder),
``shard-NNNN.npy`` (int16 samples) and ``shard-NNNN.f0.npy`` (float16, Hz per mel frame).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from functools import lru_cache
from itertools import count, islice
from pathlib import Path

import click
import numpy as np

from recipes.corpus.describe import describe
from recipes.corpus.draw import Speaker, draw_speaker, draw_style, is_unseen
from recipes.corpus.teachers import Teachers, seed_teachers
from recipes.corpus.texts import Source, make_modern, make_words, read_sentences, vocabulary
from tts.cli_common import one_line_errors
from tts.config import AUDIO
from tts.text.normalize import normalize
from tts.text.phonemize import phonemize

CLIPS_PER_SHARD = 300
MODERN_SHARE = 0.3
WORDS_SHARE = 0.25  # of the others: words in no order
MAX_SECONDS = 12.0
KOKORO_TAKES = 3  # styles in which what Kokoro said is used: saying it costs most


@lru_cache(maxsize=1)
def _teachers(kokoro: Path | None) -> Teachers:
    return Teachers(kokoro)


@lru_cache(maxsize=1)
def _sentences(folder: Path) -> tuple[list[Source], list[str]]:
    sentences = read_sentences(folder)
    return sentences, vocabulary(sentences)


def draw_source(folder: Path, rng: np.random.Generator) -> Source:
    """A sentence of ``folder``, an everyday one, or words of ``folder`` in no order."""
    sentences, words = _sentences(folder)
    if rng.random() < MODERN_SHARE:
        return make_modern(rng)
    return make_words(rng, words) if rng.random() < WORDS_SHARE else sentences[rng.integers(len(sentences))]


def make_clip(
    source: Source, speaker: Speaker, rng: np.random.Generator, kokoro: Path | None = None
) -> tuple[dict, np.ndarray, np.ndarray]:
    """One manifest row with its int16 samples and f0. Raises ``ValueError`` when the clip cannot be used."""
    emotion, intensity, style = draw_style(rng)
    symbols = phonemize(normalize(source.text))
    clip = _teachers(kokoro).speak(symbols, speaker, style, rng)
    seconds = len(clip.samples) / AUDIO.sample_rate
    if not np.isfinite(clip.samples).all() or seconds > MAX_SECONDS or abs(seconds - clip.ends[-1]) > 0.1:
        raise ValueError(f"unusable clip: {seconds:.1f} s, aligned to {clip.ends[-1]:.1f} s")
    row = {
        "split": "test" if is_unseen(speaker.name) else source.split,
        "text": source.text,
        "phonemes": symbols,
        "ends": [round(float(e), 4) for e in clip.ends],
        "voice_name": speaker.name,
        "voice": asdict(speaker.voice),
        "emotion": emotion,
        "intensity": round(intensity, 3),
        "style": asdict(style),
        "descriptions": describe(speaker.voice, style, emotion, intensity, rng),
        "n_samples": len(clip.samples),
    }
    return row, (clip.samples * 32767).astype(np.int16), clip.f0.astype(np.float16)


def make_shard(job: tuple[int, Path, Path, Path | None]) -> tuple[float, int]:
    """Write shard ``number``; returns (seconds of speech, clips left out)."""
    number, text, out, kokoro = job
    rows_file = out / f"shard-{number:04d}.jsonl"
    if rows_file.exists():
        rows = [json.loads(line) for line in rows_file.read_text("utf-8").splitlines()]
        return sum(r["n_samples"] for r in rows) / AUDIO.sample_rate, CLIPS_PER_SHARD - len(rows)
    rng = np.random.default_rng(number)
    seed_teachers(number)
    rows, audio, pitch, start, f0_start = [], [], [], 0, 0
    takes = 0  # still to make of the sentence and speaker
    for _ in range(CLIPS_PER_SHARD):
        if not takes:
            source, speaker = draw_source(text, rng), draw_speaker(rng, kokoro is not None)
            takes = KOKORO_TAKES if speaker.blend else 1
        takes -= 1
        try:
            row, samples, f0 = make_clip(source, speaker, rng, kokoro)
        except ValueError:
            continue  # counted by the caller: CLIPS_PER_SHARD less the rows
        row |= {"shard": f"shard-{number:04d}.npy", "start": start, "f0_start": f0_start, "n_frames": len(f0)}
        start, f0_start = start + len(samples), f0_start + len(f0)
        rows.append(row)
        audio.append(samples)
        pitch.append(f0)
    np.save(out / f"shard-{number:04d}.npy", np.concatenate(audio))
    np.save(out / f"shard-{number:04d}.f0.npy", np.concatenate(pitch))
    partial = rows_file.with_suffix(".part")
    partial.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    os.replace(partial, rows_file)  # the rows come last: a shard with rows is whole
    return start / AUDIO.sample_rate, CLIPS_PER_SHARD - len(rows)


def summarise(rows: list[dict]) -> str:
    """A table of what was made: hours by split, emotion and kind of voice."""
    hours: dict[str, Counter[str]] = {"split": Counter(), "emotion": Counter(), "voice": Counter()}
    for row in rows:
        h = row["n_samples"] / AUDIO.sample_rate / 3600
        hours["split"][row["split"]] += h
        hours["emotion"][row["emotion"]] += h
        hours["voice"][row["voice_name"].partition("-")[0]] += h
    lines = [f"{len(rows)} clips, {sum(hours['split'].values()):.2f} h"]
    for key, counter in hours.items():
        lines.append(f"  {key:8s} " + "  ".join(f"{name} {h:.2f} h" for name, h in counter.most_common()))
    return "\n".join(lines)


def judge(folder: Path, n_clips: int) -> str:
    """WER and DNSMOS of ``n_clips`` clips spread over the corpus, by the outside judges of the extra ``[eval]``."""
    from recipes.data import Corpus
    from recipes.judges import Whisper, dnsmos
    from recipes.wording import compare, wer

    clips, whisper = Corpus(folder, "train"), Whisper()
    readings, quality = [], []
    for index in np.linspace(0, len(clips) - 1, n_clips).astype(int):
        samples = clips.samples(int(index))
        readings.append(compare(clips.rows[index]["text"], whisper.transcribe(samples, AUDIO.sample_rate)))
        quality.append(dnsmos(samples, AUDIO.sample_rate)["ovrl"])
    return f"  {n_clips} clips judged: WER {wer(readings):.3f} (Whisper base), DNSMOS OVRL {np.mean(quality):.2f}"


@click.command()
@click.option(
    "--text", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of *.txt, a sentence a line."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--hours", default=16.0, show_default=True, help="Hours of speech to make.")
@click.option("--first", default=0, show_default=True, help="Number of the first shard: others give other clips.")
@click.option(
    "--kokoro", type=click.Path(path_type=Path, exists=True), help="Folder of Kokoro's voices: more speakers."
)
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
@click.option("--judge", "n_judged", default=0, show_default=True, help="Clips to judge in the end (extra [eval]).")
@one_line_errors
def main(text: Path, out: Path, hours: float, first: int, kokoro: Path | None, processes: int, n_judged: int) -> None:
    """Make HOURS of labelled, aligned, expressive speech; run again to resume, with another --first to add."""
    Teachers(kokoro)  # whose voices are looked for before anything is made
    os.environ["OMP_NUM_THREADS"] = "1"
    out.mkdir(parents=True, exist_ok=True)
    seconds, left_out, begun = 0.0, 0, time.time()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        jobs = ((number, text, out, kokoro) for number in count(first))
        batch = iter(lambda: list(islice(jobs, processes)), [])
        while seconds < hours * 3600:
            for length, dropped in pool.imap_unordered(make_shard, next(batch)):
                seconds, left_out = seconds + length, left_out + dropped
            print(
                f"{seconds / 3600:.2f} h made, {left_out} clips left out, {time.time() - begun:.0f} s", file=sys.stderr
            )
    rows = [line for shard in sorted(out.glob("shard-*.jsonl")) for line in shard.read_text("utf-8").splitlines()]
    (out / "manifest.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    print(summarise([json.loads(line) for line in rows]))
    if n_judged:
        print(judge(out, n_judged))


if __name__ == "__main__":
    main()
