"""Reference recordings: the test split of a corpus that `recipes.corpus.make` wrote, for the judges' ceiling."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipes.data import Corpus
from recipes.evaluation.clip import Clip
from tts.config import AUDIO

Row = dict[str, Any]


class Reference:
    """Recordings that no model was trained on.

    Attributes:
        rows: test rows of the manifest, with at least ``text``, ``voice_name`` and ``emotion``.
    """

    def __init__(self, manifest: str | Path) -> None:
        """Takes the manifest or its folder. Raises ``ValueError`` where there is no corpus or no test split."""
        path = Path(manifest)
        self._corpus = Corpus(path if path.is_dir() else path.parent, "test")
        self.rows: list[Row] = [row | {"index": index} for index, row in enumerate(self._corpus.rows)]

    def clip(self, row: Row) -> Clip:
        """One recording with its text."""
        return Clip(row["text"], self._corpus.samples(row["index"]), AUDIO.sample_rate)

    def draw(self, number: int, where: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        """At most `number` rows for which `where` holds, drawn with a fixed seed."""
        fitting = [row for row in self.rows if where(row)]
        return fitting if len(fitting) <= number else random.Random(0).sample(fitting, number)


def plainly(row: Row, emotion: str) -> bool:
    """Whether a recording speaks in `emotion` at about normal intensity (the corpus goes from 0.3 to 1.9)."""
    return row["emotion"] == emotion and (emotion == "neutral" or 0.7 <= row.get("intensity", 1.0) <= 1.3)
