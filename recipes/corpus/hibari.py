"""The first teacher: ``hibari-tts`` (Apache-2.0), small and very fast."""

from __future__ import annotations

from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from recipes.corpus.misaki import spell, symbol_ends
from recipes.corpus.restyle import DB, VOICED_HZ, envelope_gain, move_harmonics, restyle_f0, warp
from recipes.corpus.spoken import NEUTRAL_LEVEL_DB, Clip, at_level, f0_at_mel_frames, session_with_durations
from tts.config import AUDIO
from tts.style import Style, Voice


class HibariTeacher:
    """``hibari-tts`` (Apache-2.0), voice "heart". Its network returns harmonic and noise envelopes, phases and f0."""

    frame_s = 0.0125
    base_tract = 1.0

    @cached_property
    def _model(self) -> Any:
        graph = Path(str(resources.files("hibari"))) / "assets" / "hibari.onnx"
        return session_with_durations(graph.read_bytes(), "/Clip_output_0")

    def speak(self, symbols: list[str], voice: Voice, style: Style, rng: np.random.Generator) -> Clip:
        """Synthesise; raises ``ValueError`` when nothing voiced comes out or the sentence is too long."""
        from hibari import dsp

        letters, owner = spell(symbols)
        feed = {"ids": letters, "speed": np.asarray([2**style.rate], np.float32)}
        *spectrum, durations = self._model.run(None, feed)
        lh, theta, ln, lr, phi, f0 = (s[0].copy() for s in spectrum)
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
        samples = at_level(dsp.synth(lh, theta, ln, lr, phi, f0, rng), NEUTRAL_LEVEL_DB + style.level)
        return Clip(samples, f0_at_mel_frames(f0, self.frame_s, len(samples)), symbol_ends(durations, owner))
