"""Prompts: a recording, a face, a sentence or a saved style, alone or mixed by weight.

>>> sad_grandpa = 0.7 * Prompt.text("an old man") + 0.3 * Prompt.text("sad")
>>> [round(weight, 3) for weight, _ in sad_grandpa.parts]
[0.7, 0.3]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prompts.face import read_face
from prompts.speech import read_windows
from prompts.text import check_description
from prompts.vectors import PromptVectors, load_vectors
from tts.config import AUDIO

if TYPE_CHECKING:
    from PIL.Image import Image

FACE_SIDE = 128  # pixels at which a face is kept until an encoder scales it to its own size


@dataclass(frozen=True)
class Source:
    """One thing that was given: ``kind`` is speech (windows of samples), face (a crop), text (a string) or vectors."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Prompt:
    """Weighted sources. Only the proportions of the weights matter: encoding makes them sum to 1."""

    parts: tuple[tuple[float, Source], ...]

    @classmethod
    def speech(cls, source: str | Path | np.ndarray, sample_rate: int = AUDIO.sample_rate) -> Prompt:
        """How somebody sounds in a recording: a file, or samples (N,) or (N, channels) in [-1, 1] at ``sample_rate``.

        Raises:
            ValueError: missing, unreadable, shorter than half a second, silent, NaN samples.
        """
        return cls(((1.0, Source("speech", read_windows(source, sample_rate))),))

    @classmethod
    def face(cls, source: str | Path | Image) -> Prompt:
        """How somebody would sound who looks like this: a photograph with a face.

        Raises:
            ValueError: missing, unreadable, damaged, too large or too small, or without a face.
        """
        return cls(((1.0, Source("face", read_face(source, FACE_SIDE))),))

    @classmethod
    def text(cls, description: str) -> Prompt:
        """A description in English, such as "an old man, whispering, afraid".

        Raises:
            ValueError: empty, without a word, or longer than 2,000 characters.
        """
        return cls(((1.0, Source("text", check_description(description))),))

    @classmethod
    def vectors(cls, vectors: PromptVectors) -> Prompt:
        """What another prompt was encoded as."""
        return cls(((1.0, Source("vectors", vectors)),))

    @classmethod
    def load(cls, path: str | Path) -> Prompt:
        """A saved ``.facet`` file (see :meth:`PromptVectors.save`). Raises ``ValueError`` when it is not one."""
        return cls.vectors(load_vectors(path))

    def __mul__(self, weight: float) -> Prompt:
        number = isinstance(weight, (int, float, np.integer, np.floating)) and not isinstance(weight, bool)
        if not number or not math.isfinite(weight) or weight <= 0:
            raise ValueError(f"a prompt's weight must be a positive number, not {weight!r}")
        parts = tuple((float(weight) * own, source) for own, source in self.parts)
        if not all(0 < total < math.inf for total, _ in parts):
            raise ValueError(f"weight {weight!r} makes the weight of a part {parts[0][0]!r}; give weights around 1")
        return Prompt(parts)

    __rmul__ = __mul__

    def __add__(self, other: Prompt) -> Prompt:
        if not isinstance(other, Prompt):
            raise ValueError(f"only prompts can be mixed with prompts, not {type(other).__name__}")
        return Prompt(self.parts + other.parts)
