"""Stand-ins for the judges, whose weights no test needs."""

from __future__ import annotations

import numpy as np

from recipes.words import split_words


class FakeWhisper:
    """Hears one word or two, as the clip's length will have it."""

    def __init__(self, model: str | None = None, threads: int = 1) -> None:
        pass

    def transcribe(self, wav: np.ndarray, sample_rate: int) -> str:
        return "hello you" if len(wav) % 2 == 0 and len(wav) // 512 % 2 == 0 else "hello"

    def surprise(self, wav: np.ndarray, sample_rate: int, text: str) -> np.ndarray:
        return np.full(len(split_words(text)), float(self.transcribe(wav, sample_rate) != "hello you"))


class FakeSpeaker:
    """An embedding that only depends on the level."""

    def embed(self, wav: np.ndarray, sample_rate: int) -> np.ndarray:
        return np.asarray([1.0, float(np.sqrt(np.mean(np.square(wav))))])

    cosine = staticmethod(lambda a, b: float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


def fake_style(wav: np.ndarray) -> np.ndarray:
    """Four measures that only depend on the length."""
    return np.full(4, len(wav) / 24_000)
