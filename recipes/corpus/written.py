"""Descriptions of voices and styles written one by one, by no grammar, with what each of them means: ``written.csv``.

Its columns: the text; the emotion, empty where none is named; its strength (weak, plain, strong); the manners that the
words say, from ``rate+ rate- level+ level- pitch+ pitch- range+ range- whisper breath``, the sign doubled for "very";
the person, from ``man woman child young middle old deep high``. An emotion merely denied is neutral. None of the lists
of ``recipes/sentences``, which the evaluation asks, is in it, and nothing of three fifths or more of the same words.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from prompts.impression import age, male
from recipes.corpus.describe import Described, is_deep, is_high
from recipes.corpus.draw import N_POOL_VOICES, is_held_out, pool_voice
from tts.style import EMOTIONS, STYLE_ATTRIBUTES, Style, Voice, voice_vector

TABLE = Path(__file__).with_name("written.csv")
STRENGTHS = {"weak": 0.5, "plain": 1.0, "strong": 1.6}
SIZES = {"rate": 0.27, "level": 5.0, "pitch": 3.8, "range": 0.5, "breath": 5.0}  # of a manner
SIGNED = ("rate", "level", "pitch", "range")
VERY = 1.5  # times that


def manner_style(emotion: str, strength: str, manners: str) -> Style:
    """The style that a row's labels mean. Raises ``ValueError`` for labels that no row may have."""
    if emotion not in EMOTIONS or strength not in STRENGTHS:
        raise ValueError(f"{emotion!r}, {strength!r}: give one of {', '.join(EMOTIONS)}; {', '.join(STRENGTHS)}")
    values = {a: STRENGTHS[strength] * getattr(EMOTIONS[emotion], a) for a in STYLE_ATTRIBUTES}
    for manner in manners.split():
        name = manner.rstrip("+-")
        sign = manner[len(name) :]
        if manner == "whisper":
            values["whisper"], values["level"] = 1.0, values["level"] - 5.0
        elif name in SIZES and sign in (("",) if name == "breath" else ("+", "-", "++", "--")):
            size = SIZES[name] * (VERY if len(sign) > 1 else 1.0)
            values[name] += -size if sign.startswith("-") else size
        else:
            raise ValueError(
                f"{manner!r} is no manner; give whisper, breath, or one of {', '.join(SIGNED)} with a sign"
            )
    return Style(**values)


@lru_cache(maxsize=1)
def _known_voices() -> list[tuple[Voice, float, float]]:
    """Voices that training may hear, whether a man's, and the years they sound."""
    voices = [pool_voice(number) for number in range(N_POOL_VOICES) if not is_held_out(number)]
    vectors = [voice_vector(voice) for voice in voices]
    return [(voice, float(male(v)), float(age(v))) for voice, v in zip(voices, vectors, strict=True)]


def _fits(word: str, voice: Voice, man: float, years: float) -> bool:
    """Whether a voice is what a word for a person says."""
    return {
        "man": man > 0.65,
        "woman": man < 0.35,
        "child": years < 22 and man < 0.4,
        "young": years < 33,
        "middle": 36 < years < 53,
        "old": years > 52,
        "deep": is_deep(voice, man),
        "high": is_high(voice, man),
    }[word]


@lru_cache(maxsize=64)
def voices_of(person: str) -> tuple[Voice, ...]:
    """The voices that a person may have. A child is neither man nor woman; where no voice is all that is said, the last
    of it is left out.
    """
    said = person.split()
    if "child" in said:
        said = ["child", *(word for word in said if word in ("deep", "high"))]
    while not (fitting := [v for v in _known_voices() if all(_fits(word, *v) for word in said)]):
        said.pop()
    return tuple(voice for voice, *_ in fitting)


def described(row: Mapping[str, str], rng: np.random.Generator) -> Described:
    """A row of the table, with one of the voices that it may mean."""
    voices = voices_of(row["person"])
    says_style = bool(row["emotion"] or row["manners"])
    emotion = row["emotion"] or ("free" if says_style else "")
    style = manner_style(row["emotion"] or "neutral", row["strength"], row["manners"]) if says_style else Style()
    voice = voices[rng.integers(len(voices))]
    return Described(row["text"], voice, style, emotion, bool(row["person"]), says_style)


def read_written(seed: int, path: Path = TABLE) -> list[Described]:
    """All sentences of the table."""
    rng = np.random.default_rng(seed)
    with path.open(encoding="utf-8", newline="") as file:
        return [described(row, rng) for row in csv.DictReader(file)]
