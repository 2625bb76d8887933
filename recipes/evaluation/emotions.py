"""Section `emotions`: does each emotion change pitch, range, rate, level, tilt and roughness as it did in 24 actors?

The targets are `tts.style.EMOTION_ACOUSTICS`: medians of recordings relative to the same actor's neutral speech, mean
of both sexes at normal intensity. Ours are measured by Praat, relative to the same voice saying the same sentence
neutrally.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from recipes.evaluation.bench import Bench, Section
from recipes.evaluation.clip import Clip
from recipes.evaluation.reference import plainly
from recipes.evaluation.sentences import mixed
from recipes.judges import Prosody, prosody
from recipes.table import progress, table
from recipes.wording import syllables

# Measures in the order of EMOTION_ACOUSTICS: (name, unit, whether the target is a ratio, least change that has a sign).
# Ratios are compared as octaves (log2), so that a half and a double are equally far.
MEASURES = (
    ("rate", "log2", True, 0.05),
    ("pitch", "semitones", False, 0.5),
    ("range", "log2", True, 0.1),
    ("level", "dB", False, 1.0),
    ("tilt", "dB", False, 0.5),
    ("hnr", "dB", False, 0.3),
)
NAMES = tuple(name for name, *_ in MEASURES)
INTENSITIES = (0.5, 1.0, 1.5)  # 0 is neutral itself
Change = tuple[float, ...]


def targets() -> dict[str, Change]:
    """How actors changed each of `MEASURES` for every emotion but neutral, ratios as octaves."""
    from tts.style import EMOTION_ACOUSTICS

    return {
        emotion: tuple(math.log2(v) if m[2] else v for v, m in zip(values, MEASURES, strict=True))
        for emotion, values in EMOTION_ACOUSTICS.items()
        if emotion != "neutral"
    }


def measure(clip: Clip) -> Prosody:
    """Praat's measures of a clip, its rate in syllables a second."""
    return prosody(clip.samples, clip.sample_rate, syllables(clip.text))


def absolute(p: Prosody) -> Change:
    """`MEASURES` of one clip on additive scales: differences of these are changes."""
    log2 = [math.log2(v) if v > 0 else math.nan for v in (p.rate, p.f0_hz, p.range_octaves)]
    return (log2[0], 12 * log2[1], log2[2], p.level_db, p.tilt_db, p.hnr_db)


def signs(changes: dict[str, Change], wanted: dict[str, Change]) -> dict[str, tuple[int, int]]:
    """By measure: how many emotions moved the way the target does, of those whose target moves noticeably."""
    counts = {}
    for i, (name, _, _, least) in enumerate(MEASURES):
        pairs = [(changes[e][i], wanted[e][i]) for e in changes if e in wanted and abs(wanted[e][i]) >= least]
        counts[name] = (sum(bool(got * want > 0) for got, want in pairs), len(pairs))
    return counts


def ranks(changes: dict[str, Change], wanted: dict[str, Change]) -> dict[str, float]:
    """By measure: Spearman correlation over the emotions (and neutral at 0) of ours with the targets."""
    common = [e for e in changes if e in wanted]
    result = {}
    for i, name in enumerate(NAMES):
        got = [0.0, *(changes[e][i] for e in common)]
        keep = np.isfinite(got)
        want = [0.0, *(wanted[e][i] for e in common)]
        enough = keep.sum() >= 3 and np.ptp(np.array(got)[keep]) > 0
        result[name] = float(spearmanr(np.array(got)[keep], np.array(want)[keep]).statistic) if enough else math.nan
    return result


def emotions_section(bench: Bench, default_sentences: int = 8, default_voices: int = 3) -> Section:
    """Changes by emotion beside the targets and the recordings', sign and rank agreement, and the intensity sweep."""
    sentences = mixed(bench.number(default_sentences))
    wanted = targets()
    emotions = [e for e in bench.synth.emotions if e != "neutral"]
    swept: dict[str, dict[float, list[Change]]] = {e: defaultdict(list) for e in emotions}
    for voice in bench.voices(default_voices):
        neutral = [absolute(measure(clip)) for clip in bench.say_many(sentences, voice, "neutral")]
        for emotion in progress(emotions, f"emotions: {voice}"):
            for intensity in INTENSITIES:
                for clip, still in zip(bench.say_many(sentences, voice, emotion, intensity), neutral, strict=True):
                    got = absolute(measure(clip))
                    swept[emotion][intensity].append(tuple(g - n for g, n in zip(got, still, strict=True)))
    unmoved = {0.0: (0.0,) * len(MEASURES)}
    curves = {e: unmoved | {i: _median(changes) for i, changes in by.items()} for e, by in swept.items()}
    ours = {e: curve[1.0] for e, curve in curves.items()}
    sources = {"ours": ours}
    if bench.reference is not None:
        sources["recordings"] = reference_changes(bench)
    rows = [
        [f"{emotion}, {source}", *values]
        for emotion in wanted
        for source, changes in [("target", wanted), *sources.items()]
        if (values := changes.get(emotion)) is not None
    ]
    agreement = {name: _agreement(changes, wanted) for name, changes in sources.items()}
    sweep = monotony(curves, wanted)
    headers = ["", *(f"{name} ({unit})" for name, unit, *_ in MEASURES)]
    tables = [
        table("Change from neutral, same voice", headers, rows),
        table("Agreement with the targets", ["", *NAMES, "all"], [r for a in agreement.items() for r in _rows(*a)]),
        table(
            "Intensity 0, 0.5, 1, 1.5: emotions whose measure moves on at every step",
            ["", *NAMES, "all"],
            [["ours", *(f"{a}/{b}" for a, b in sweep.values()), _total(sweep)]],
        ),
    ]
    data = {
        "measures": NAMES, "targets": wanted, **sources, "agreement": agreement, "monotone": sweep,
        "intensity": {e: {str(i): values for i, values in curve.items()} for e, curve in curves.items()},
    }  # fmt: skip
    return Section(data, tables)


def _median(changes: Sequence[Sequence[float] | np.ndarray]) -> Change:
    columns = np.array(changes, dtype=np.float64).T
    return tuple(float(np.median(c[np.isfinite(c)])) if np.isfinite(c).any() else math.nan for c in columns)


def _agreement(changes: dict[str, Change], wanted: dict[str, Change]) -> dict[str, Any]:
    return {"signs": signs(changes, wanted), "spearman": ranks(changes, wanted)}


def _rows(name: str, agreement: dict[str, Any]) -> list[list[object]]:
    by_sign, by_rank = agreement["signs"], agreement["spearman"]
    ranked = [r for r in by_rank.values() if math.isfinite(r)]
    return [
        [f"signs, {name}", *(f"{a}/{b}" for a, b in by_sign.values()), _total(by_sign)],
        [f"Spearman, {name}", *by_rank.values(), float(np.mean(ranked)) if ranked else None],
    ]


def _total(counts: dict[str, tuple[int, int]]) -> str:
    return f"{sum(a for a, _ in counts.values())}/{sum(b for _, b in counts.values())}"


def monotony(curves: dict[str, dict[float, Change]], wanted: dict[str, Change]) -> dict[str, tuple[int, int]]:
    """By measure: emotions for which it moves the target's way at every step of intensity, of those with a target."""
    counts = {}
    for i, (name, _, _, least) in enumerate(MEASURES):
        moving = [e for e in curves if e in wanted and abs(wanted[e][i]) >= least]
        steps = [np.diff([curves[e][k][i] for k in sorted(curves[e])]) * np.sign(wanted[e][i]) for e in moving]
        counts[name] = (sum(bool((s > 0).all()) for s in steps), len(moving))
    return counts


def reference_changes(bench: Bench, n_clips: int = 200) -> dict[str, Change]:
    """The recordings' changes: median of an emotion's clips against the same voice's neutral median, over voices."""
    reference = bench.reference
    assert reference is not None
    groups: dict[tuple[str, str], list[Change]] = defaultdict(list)
    emotions = sorted({row["emotion"] for row in reference.rows})
    for emotion in emotions:
        for row in progress(reference.draw(n_clips, partial(plainly, emotion=emotion)), f"recordings: {emotion}"):
            groups[row["voice_name"], emotion].append(absolute(measure(reference.clip(row))))
    medians = {key: _median(changes) for key, changes in groups.items()}
    result = {}
    for emotion in emotions:
        voices = [v for v, e in medians if e == emotion and (v, "neutral") in medians]
        changes = [np.subtract(medians[v, emotion], medians[v, "neutral"]) for v in voices]
        if changes and emotion != "neutral":
            result[emotion] = _median(changes)
    return result
