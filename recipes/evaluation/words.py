"""Sections `words` (default voice, 200 sentences) and `grid` (every voice in every emotion): words and quality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from itertools import cycle, islice
from typing import Any

from recipes.evaluation.bench import SUMMARY_HEADERS, Bench, Reading, Section, summary, summary_row
from recipes.evaluation.reference import Row, plainly
from recipes.evaluation.sentences import all_sentences, mixed
from recipes.table import progress, table

N_WORST = 15


def words_section(bench: Bench) -> Section:
    """Both sentence sets in the default voice, beside reference recordings, with the worst sentences listed."""
    readings: dict[str, list[Reading]] = {}
    for name, sentences in all_sentences(bench.limit).items():
        readings[name] = [bench.read(bench.say(text)) for text in progress(sentences, f"words: {name}")]
    ours = [reading for group in readings.values() for reading in group]
    rows = {f"ours, {name}": summary(group) for name, group in readings.items()} | {"ours, all": summary(ours)}
    voice = bench.synth.voices[0]
    for name, where in (
        (f"recordings, {voice} neutral", lambda row: row["voice_name"] == voice and plainly(row, "neutral")),
        ("recordings, all", lambda row: True),
    ):
        recordings = reference_readings(bench, bench.number(200), where)
        if recordings:
            rows[name] = summary(recordings)
    worst = sorted(ours, key=lambda r: (-r.comparison.errors / r.comparison.n_words, -r.comparison.errors))[:N_WORST]
    worst = [reading for reading in worst if reading.comparison.errors]
    tables = [table("Words and quality, default voice", SUMMARY_HEADERS, [summary_row(*item) for item in rows.items()])]
    if worst:
        tables.append("Worst sentences\n\n" + "\n".join(map(_describe, worst)) + "\n")
    readings_json = [
        {"text": r.text, "heard": r.heard, "seconds": r.seconds, "mos": r.mos, **asdict(r.comparison)} for r in ours
    ]
    return Section({"summary": rows, "readings": readings_json}, tables)


def _describe(reading: Reading) -> str:
    c = reading.comparison
    notes = [
        f"{kind}: {', '.join(runs)}"
        for kind, runs in (("skipped", c.skipped), ("repeated", c.repeated), ("added", c.added))
        if runs
    ]
    return "\n  ".join([f"- {c.errors}/{c.n_words} {reading.text}", f"heard: {reading.heard}", *notes])


def reference_readings(bench: Bench, number: int, where: Callable[[Row], bool]) -> list[Reading]:
    """Readings of at most `number` reference recordings for which `where` holds; empty without recordings."""
    if bench.reference is None:
        return []
    rows = bench.reference.draw(number, where)
    return [bench.read(bench.reference.clip(row)) for row in progress(rows, "recordings")]


def grid_section(bench: Bench, default_sentences: int = 4) -> Section:
    """Every built-in voice in every emotion: word error rate and DNSMOS, with the recordings' by emotion below."""
    number, emotions = bench.number(default_sentences), list(bench.synth.emotions)
    in_turn = cycle(mixed())  # each cell goes on in the sentences, so that the means do not rest on a few
    cells: dict[str, dict[str, Any]] = {}
    everything: dict[str, list[Reading]] = {emotion: [] for emotion in emotions}
    for voice in bench.voices():
        cells[voice] = {}
        for emotion in progress(emotions, f"grid: {voice}"):
            said = [bench.say(text, voice=voice, style=emotion) for text in islice(in_turn, number)]
            readings = [bench.read(clip) for clip in said]
            everything[emotion] += readings
            cells[voice][emotion] = summary(readings)
    cells["all voices"] = {emotion: summary(readings) for emotion, readings in everything.items()}
    if bench.reference is not None:
        found = {e: reference_readings(bench, 8 * number, partial(plainly, emotion=e)) for e in emotions}
        cells["recordings"] = {e: summary(readings) for e, readings in found.items() if readings}
    tables = [_matrix(f"{title}, voice by emotion", cells, emotions, key) for title, key in MATRICES]
    return Section({"cells": cells}, tables)


MATRICES = (("WER", "wer"), ("DNSMOS overall", "ovrl"))


def _matrix(title: str, cells: dict[str, dict[str, Any]], emotions: Sequence[str], key: str) -> str:
    rows = [[name, *(row[e][key] if e in row else None for e in emotions)] for name, row in cells.items()]
    return table(title, ["voice", *emotions], rows)
