"""When each phoneme of a recording is spoken, and which phonemes they are where nobody wrote them down.

A small convolutional network names the phoneme of every frame (the hybrid of Bourlard & Morgan 1994); a Viterbi pass
then finds the best path through the phonemes of a transcript (forced alignment), or through all phonemes with the
bigrams of the training text (recognition).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from tts.config import AUDIO, load_config
from tts.convnext import Stack
from tts.mel import log_mel
from tts.text.symbols import END, PUNCTUATION, SPACE, START, SYMBOLS

FORMAT = 1
WEIGHTS, CONFIG = "aligner.safetensors", "aligner.yaml"
PAUSE = ","  # the class of all silences: sentence ends and punctuation
CLASSES: tuple[str, ...] = (PAUSE, *(s for s in SYMBOLS if s not in (START, END, *PUNCTUATION)))
CLASS_OF: dict[str, int] = {s: CLASSES.index(s) if s in CLASSES else 0 for s in SYMBOLS}
SILENT = frozenset((START, END, SPACE, *PUNCTUATION))  # symbols that may last no time at all
_SPAN = 9.2  # 40 dB in natural-log power: frames further below the loudest are not speech
_WORST = -6.0  # nats against the best class: how far one frame can speak against a path
_FLOOR = -1e9


@dataclass(frozen=True)
class AlignerConfig:
    """``aligner.yaml``."""

    format: int = FORMAT
    dim: int = 128
    hidden: int = 256
    depth: int = 5
    stride: int = 2  # mel frames a decision
    min_fit: float = -1.5  # nats: alignments below do not fit their recording (measured by recipes.lm.aligner)
    bigram_scale: float = 0.5
    sha256: str = ""

    @property
    def frame_rate(self) -> float:
        """Decisions per second."""
        return AUDIO.mel_rate / self.stride


class Aligner(nn.Module):
    """Log-mels to log-probabilities of ``CLASSES``."""

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv1d(AUDIO.n_mels, config.dim, 5, config.stride, padding=2)
        self.norm = nn.LayerNorm(config.dim)
        self.blocks = Stack(config.depth, config.dim, config.hidden)
        self.head = nn.Linear(config.dim, len(CLASSES))
        self.register_buffer("bigrams", torch.zeros(len(CLASSES), len(CLASSES)))  # log P(next | this), next != this

    def forward(self, mel: Tensor) -> Tensor:
        """Mels (B, n_mels, T) to log-probabilities (B, ceil(T / stride), len(CLASSES))."""
        x = self.norm(self.stem(level_free(mel)).transpose(1, 2))
        return self.head(self.blocks(x.transpose(1, 2)).transpose(1, 2)).float().log_softmax(-1)

    @torch.inference_mode()
    def frames(self, samples: np.ndarray) -> np.ndarray:
        """Log-probabilities (T, len(CLASSES)) of a recording (N,) at 24 kHz."""
        return self(log_mel(torch.from_numpy(samples))[None])[0].numpy()


def level_free(mel: Tensor) -> Tensor:
    """Log-mels (B, n_mels, T) around the mean level of their speech, clamped and scaled."""
    power = torch.logsumexp(2 * mel.float(), dim=1)
    speech = (power > power.amax(dim=1, keepdim=True) - _SPAN).float()
    level = (power * speech).sum(1) / speech.sum(1)
    return (mel - level[:, None, None] / 2).clamp(-9.0, 3.0) / 3.0 + 1.0


@dataclass(frozen=True)
class Alignment:
    """``symbols`` as the text front end writes them, the ``ends`` of each in seconds, and ``fit``: the mean
    log-probability of the phonemes' frames against the best class of each, in nats (0 is perfect).
    """

    symbols: list[str]
    ends: list[float]
    fit: float


def force(frames: np.ndarray, symbols: list[str], frame_rate: float) -> Alignment:
    """The times of ``symbols`` in a recording with log-probabilities ``frames`` (T, len(CLASSES)).

    Raises:
        ValueError: fewer frames than phonemes.
    """
    n_frames, n_symbols = len(frames), len(symbols)
    n_spoken = sum(s not in SILENT for s in symbols)
    if n_frames < 2 * n_spoken:
        raise ValueError(
            f"the transcript has {n_spoken} phonemes, too many for the {n_frames / frame_rate:.1f} s of the recording"
        )
    worth = np.maximum(frames - frames.max(axis=1, keepdims=True), _WORST)
    emitted = worth[:, [CLASS_OF[s] for s in symbols]]
    silent = np.asarray([s in SILENT for s in symbols])
    jump = np.zeros(n_symbols, bool)  # the symbol before can be left out
    jump[2:] = silent[1:-1]
    leap = np.zeros(n_symbols, bool)  # the two before
    leap[3:] = silent[1:-2] & silent[2:-1]
    score = np.full(n_symbols, _FLOOR)
    first = [i for i in range(min(3, n_symbols)) if silent[:i].all()]
    score[first] = emitted[0, first]
    steps = np.zeros((n_frames, n_symbols), np.int8)
    for t in range(1, n_frames):
        ways = np.full((4, n_symbols), _FLOOR)
        ways[0] = score
        ways[1, 1:] = score[:-1]
        ways[2, 2:] = np.where(jump[2:], score[:-2], _FLOOR)
        ways[3, 3:] = np.where(leap[3:], score[:-3], _FLOOR)
        steps[t] = ways.argmax(axis=0)
        score = ways.max(axis=0) + emitted[t]
    last = [i for i in range(max(0, n_symbols - 3), n_symbols) if silent[i + 1 :].all()]
    at = last[int(np.argmax(score[last]))]
    path = np.zeros(n_frames, np.int64)
    for t in range(n_frames - 1, -1, -1):
        path[t] = at
        at -= int(steps[t, at])
    counts = np.bincount(path, minlength=n_symbols)
    spoken = ~silent[path]
    fit = float(worth[np.arange(n_frames), [CLASS_OF[symbols[i]] for i in path]][spoken].mean())
    return Alignment(list(symbols), (np.cumsum(counts) / frame_rate).tolist(), fit)


def recognise(frames: np.ndarray, bigrams: np.ndarray, scale: float, frame_rate: float) -> Alignment:
    """The phonemes of a recording and their times, from log-probabilities ``frames`` (T, len(CLASSES)).

    ``bigrams`` (this, next) are log-probabilities of one class after another; ``scale`` weighs them.
    """
    change = scale * bigrams + np.where(np.eye(len(CLASSES), dtype=bool), _FLOOR, 0.0)
    score, n_frames = frames[0].copy(), len(frames)
    came = np.zeros((n_frames, len(CLASSES)), np.int16)
    own = np.arange(len(CLASSES))
    for t in range(1, n_frames):
        ways = score[:, None] + change
        best = ways.argmax(axis=0)
        moved = ways[best, own]
        stays = score >= moved
        came[t] = np.where(stays, own, best)
        score = np.where(stays, score, moved) + frames[t]
    at = int(score.argmax())
    path = np.zeros(n_frames, np.int64)
    for t in range(n_frames - 1, -1, -1):
        path[t] = at
        at = int(came[t, at])
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    symbols = [CLASSES[path[s]] for s in starts]
    ends = [*(starts[1:] / frame_rate).tolist(), n_frames / frame_rate]
    if symbols[0] in SILENT:
        symbols[0] = START
    else:
        symbols, ends = [START, *symbols], [0.0, *ends]
    if symbols[-1] in SILENT and len(symbols) > 1:
        symbols, ends = [*symbols[:-1], ".", END], [*ends[:-1], ends[-1], ends[-1]]
    else:
        symbols, ends = [*symbols, ".", END], [*ends, ends[-1], ends[-1]]
    worth = np.maximum(frames - frames.max(axis=1, keepdims=True), _WORST)[np.arange(n_frames), path]
    spoken = np.asarray([CLASSES[c] not in SILENT for c in path])
    return Alignment(symbols, ends, float(worth[spoken].mean()) if spoken.any() else _WORST)


def load_aligner(folder: Path) -> Aligner | None:
    """The aligner of a model directory; ``None`` where it has none. Raises ``ValueError`` when it is damaged."""
    from tts.checkpoint import fill, read_weights

    if not (folder / CONFIG).is_file():
        return None
    config = load_config(AlignerConfig, folder / CONFIG)
    if config.format != FORMAT:
        raise ValueError(f"{folder / CONFIG}: format {config.format} cannot be read; this version reads {FORMAT}")
    aligner = Aligner(config)
    fill(aligner, read_weights(folder / WEIGHTS, config.sha256, CONFIG), WEIGHTS, CONFIG)
    return aligner


def save_aligner(folder: Path, aligner: Aligner) -> int:
    """Write float16 weights and their configuration into a model directory; returns the bytes of the weights."""
    from safetensors.torch import save

    data = save({k: v.detach().to(torch.float16).contiguous() for k, v in aligner.state_dict().items()})
    config = replace(aligner.config, sha256=hashlib.sha256(data).hexdigest())
    (folder / WEIGHTS).write_bytes(data)
    (folder / CONFIG).write_text(yaml.safe_dump(asdict(config), sort_keys=False), encoding="utf-8")
    return len(data)
