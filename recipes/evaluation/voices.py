"""Section `voice`: does a built-in voice stay itself across sentences and emotions, and apart from the other voices?"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any

import numpy as np

from recipes.evaluation.bench import Bench, Section
from recipes.evaluation.sentences import mixed
from recipes.table import progress, table

HEADERS = ("", "voices", "same voice", "same voice, other emotion", "other voice", "told apart")


def voices_section(bench: Bench, default_sentences: int = 6) -> Section:
    """Resemblyzer cosines between neutral utterances of a voice, to its emotional ones, and to other voices."""
    sentences = mixed(bench.number(default_sentences))
    if len(sentences) < 2:
        raise ValueError("the section 'voice' compares utterances: give --limit 2 or more")
    emotions = [e for e in bench.synth.emotions if e != "neutral"]
    embed = bench.embed
    neutral: dict[str, list[np.ndarray]] = {}
    emotional: dict[str, list[np.ndarray]] = {}
    for voice in progress(bench.voices(), "voice"):
        clips = [bench.say(text, voice=voice) for text in sentences]
        neutral[voice] = [embed(clip) for clip in clips]
        clips = [bench.say(sentences[i % len(sentences)], voice=voice, style=e) for i, e in enumerate(emotions)]
        emotional[voice] = [embed(clip) for clip in clips]
    rows = {"ours": compare_voices(neutral, emotional)}
    if bench.reference is not None:
        rows["recordings"] = compare_voices(*_recordings(bench, len(sentences)))
    pairs = {f"{a} / {b}": _mean_cosine(neutral[a], neutral[b]) for a, b in combinations(neutral, 2)}
    closest = sorted(pairs.items(), key=lambda item: -item[1])[:5]
    tables = [
        table("Voice: cosine of speaker embeddings", HEADERS, [[name, *row.values()] for name, row in rows.items()]),
        *([table("Closest pairs of voices", ("", "cosine"), closest)] if closest else []),
    ]
    return Section({"summary": rows, "pairs": pairs}, tables)


def compare_voices(neutral: dict[str, list[np.ndarray]], emotional: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    """Mean cosines within and across voices, and the share of utterances nearest to the rest of their own voice.

    Args:
        neutral: embeddings of unit length by voice.
        emotional: the same of emotional utterances.
    """
    same = [float(a @ b) for group in neutral.values() for a, b in combinations(group, 2)]
    across = [_mean_cosine(neutral[a], neutral[b]) for a, b in combinations(neutral, 2)]
    moved = [_mean_cosine(neutral[v], emotional[v]) for v in neutral if neutral[v] and emotional.get(v)]
    hits = []
    for voice, group in neutral.items():
        for i, one in enumerate(group):
            rest = {v: [e for k, e in enumerate(g) if v != voice or k != i] for v, g in neutral.items()}
            means = {v: float(one @ np.mean(g, axis=0)) for v, g in rest.items() if g}
            if voice in means and len(means) > 1:
                hits.append(max(means, key=means.__getitem__) == voice)
    return {
        "voices": len(neutral),
        **{
            name: float(np.mean(values)) if values else float("nan")
            for name, values in (("same", same), ("emotional", moved), ("other", across), ("told_apart", hits))
        },
    }


def _mean_cosine(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    return float(np.mean(np.stack(a) @ np.stack(b).T))


def _recordings(bench: Bench, n_each: int, n_voices: int = 24) -> tuple[dict[str, list], dict[str, list]]:
    """Embeddings of the reference recordings by voice, neutral and emotional: at most `n_each` of each."""
    reference = bench.reference
    assert reference is not None
    by_voice: dict[str, list[dict]] = defaultdict(list)
    for row in reference.rows:
        by_voice[row["voice_name"]].append(row)
    neutral: dict[str, list[np.ndarray]] = {}
    emotional: dict[str, list[np.ndarray]] = {}
    for voice in progress(sorted(by_voice)[:n_voices], "voice: recordings"):
        for found, wanted in ((neutral, True), (emotional, False)):
            rows = [row for row in by_voice[voice] if (row["emotion"] == "neutral") is wanted][:n_each]
            embeddings = [bench.embed(reference.clip(row)) for row in rows]
            if embeddings:
                found[voice] = embeddings
    return neutral, emotional
