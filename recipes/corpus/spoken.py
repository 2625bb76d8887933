"""What every teacher of the corpus has in common: the clip it makes, its level, and how its network is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tts.config import AUDIO

NEUTRAL_LEVEL_DB = -26.0  # dBFS RMS of neutral speech in every voice; leaves headroom for shouting


@dataclass
class Clip:
    """One utterance: ``samples`` float32 at 24 kHz, ``f0`` Hz per mel frame (0 unvoiced), end time in s of every
    symbol.
    """

    samples: np.ndarray
    f0: np.ndarray
    ends: np.ndarray


def session_with_durations(graph: bytes, durations: str) -> Any:
    """A session of an ONNX ``graph``, on one thread, that also returns the float tensor ``durations``, which the graph
    computes but does not give out.
    """
    import onnx
    import onnxruntime as ort

    model = onnx.load_from_string(graph)
    model.graph.output.extend([onnx.helper.make_tensor_value_info(durations, onnx.TensorProto.FLOAT, None)])
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def f0_at_mel_frames(f0: np.ndarray, frame_s: float, n_samples: int) -> np.ndarray:
    """f0 of frames of ``frame_s`` seconds, (T,), at the mel frames of ``n_samples``."""
    times = np.arange(n_samples // AUDIO.hop_length + 1) / AUDIO.mel_rate
    return f0[np.clip(np.round(times / frame_s - 0.5).astype(int), 0, len(f0) - 1)].astype(np.float32)


def at_level(samples: np.ndarray, level_db: float) -> np.ndarray:
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
