"""Descriptions that were written one by one: their labels, and that no list of the evaluation is among them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from prompts.impression import age, male
from recipes.corpus.written import described, manner_style, read_written
from recipes.evaluation.descriptions import TITLES, rows_of
from tts.style import EMOTIONS, Style, voice_vector

LISTS = (*TITLES, "descriptions_dev", "manners_dev")


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']+", text.lower()))


def test_every_row_has_a_meaning() -> None:
    rows = read_written(0)
    assert len(rows) > 5000 and len({row.text for row in rows}) == len(rows)
    assert all(row.says_voice or row.says_style for row in rows)
    named = [row.emotion for row in rows]
    assert all(named.count(emotion) > 250 for emotion in EMOTIONS)
    moves = [row.style for row in rows if row.emotion == "free"]
    for attribute in ("rate", "level", "pitch", "range"):
        values = np.array([getattr(style, attribute) for style in moves])
        assert (values > 0).sum() > 100 and (values < 0).sum() > 100, attribute


def test_nothing_that_the_evaluation_asks_is_taught() -> None:
    asked = [words(row["text"]) for name in LISTS for row in rows_of(name)]
    for row in read_written(0):
        own = words(row.text)
        assert max(len(own & other) / len(own | other) for other in asked) < 0.6, row.text


def test_labels_mean_styles() -> None:
    assert manner_style("neutral", "plain", "") == Style()
    slow, slower = manner_style("neutral", "plain", "rate-"), manner_style("neutral", "plain", "rate--")
    assert slower.rate < slow.rate < 0 == slow.level
    angry, hissed = manner_style("angry", "strong", ""), manner_style("angry", "strong", "whisper pitch+")
    assert hissed.whisper == 1 and hissed.level == angry.level - 5 and hissed.pitch > angry.pitch
    assert manner_style("sad", "weak", "").pitch == pytest.approx(0.5 * EMOTIONS["sad"].pitch)
    for manners in ("rate", "speed+", "whisper+", "level+-"):
        with pytest.raises(ValueError, match="is no manner; give whisper, breath, or one of rate, "):
            manner_style("neutral", "plain", manners)
    with pytest.raises(ValueError, match="'furious', 'plain': give one of neutral"):
        manner_style("furious", "plain", "")


def test_a_person_has_a_fitting_voice() -> None:
    row = {"text": "", "emotion": "", "strength": "plain", "manners": ""}
    rng = np.random.default_rng(0)
    for _ in range(20):
        man = described(row | {"person": "man old"}, rng)
        girl = described(row | {"person": "woman young"}, rng)
        assert male(voice_vector(man.voice)) > 0.65 > 0.35 > male(voice_vector(girl.voice))
        assert age(voice_vector(man.voice)) > 52 > 33 > age(voice_vector(girl.voice))
        assert man.says_voice and not man.says_style and man.emotion == ""
