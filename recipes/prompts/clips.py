"""The speech network's training: voice, style and emotion read off clips, clean and worsened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prompts.speech import SpeechConfig, SpeechEncoder
from tts.style import (
    EMOTIONS,
    STYLE_ATTRIBUTES,
    STYLE_DIM,
    STYLE_SCALES,
    VOICE_DIM,
    Style,
    Voice,
    style_vector,
    voice_vector,
)

NAMES = tuple(EMOTIONS)
# One octave of playing speed: in standard deviations of the voice's pitch and tract, and of the style's rate.
_VOICE_BY_SPEED = (voice_vector(Voice(380.0, 2.0)) - voice_vector(Voice(190.0, 1.0)))[None]
_RATE = STYLE_ATTRIBUTES.index("rate")
NEUTRAL_WHERE_BAD = 0.5


@dataclass
class Clips:
    """What the network sees of the clips of one split, and what they were made with; emotion -1 is free style.

    Attributes:
        measures: (views, N, N_MEASURES); the first view is clean. speed: (views, N).
        voice, style: (N, VOICE_DIM) and (N, STYLE_DIM), at speed 1. emotion, intensity: (N,).
    """

    measures: Tensor
    speed: Tensor
    voice: Tensor
    style: Tensor
    emotion: Tensor
    intensity: Tensor
    rows: list[dict]

    @classmethod
    def load(cls, folder: Path, split: str) -> Clips:
        """From ``recipes.prompts.prepare``; fresh clips, where there are any, come last in training."""
        fresh = folder.glob("rows-fresh-*.jsonl") if split == "train" else ()
        parts = [split, *sorted(path.stem.removeprefix("rows-") for path in fresh)]
        lines = [line for part in parts for line in (folder / f"rows-{part}.jsonl").read_text("utf-8").splitlines()]
        rows = [json.loads(line) for line in lines]
        return cls(
            torch.from_numpy(np.concatenate([np.load(folder / f"measures-{part}.npy") for part in parts], axis=1)),
            torch.tensor([r["speed"] for r in rows]).T,
            torch.stack([voice_vector(Voice(**r["voice"])) for r in rows]),
            torch.stack([style_vector(Style(**r["style"])) for r in rows]),
            torch.tensor([NAMES.index(r["emotion"]) if r["emotion"] in NAMES else -1 for r in rows]),
            torch.tensor([r["intensity"] for r in rows]),
            rows,
        )

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, kept: list[int]) -> Clips:
        """Those of ``kept``."""
        views = self.measures[:, kept], self.speed[:, kept]
        known = self.voice[kept], self.style[kept], self.emotion[kept], self.intensity[kept]
        return Clips(*views, *known, [self.rows[i] for i in kept])

    def labels(self, views: np.ndarray, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Voices (B, VOICE_DIM) and styles (B, STYLE_DIM) of ``rows``, as the speed of the view changes them."""
        octaves = torch.log2(self.speed[views, rows])
        style = self.style[rows].clone()
        style[:, _RATE] += octaves / STYLE_SCALES.rate
        return self.voice[rows] + octaves[:, None] * _VOICE_BY_SPEED, style


def for_stages(clips: Clips, number: int) -> tuple[Clips, Clips]:
    """Clips of the speech network's stage, and the last ``number`` (a third at most) for the shared space's.

    Of clips that it was trained on, the network is surer than of any others: a space made of them would be, too.
    """
    kept, rows = min(number, len(clips) // 3), list(range(len(clips)))
    return clips.only(rows[: len(rows) - kept]), clips.only(rows[len(rows) - kept :])


def cautiously(share: np.ndarray, clips: Clips) -> np.ndarray:
    """``share`` (N,), probabilities of clips to be drawn, with ``NEUTRAL_WHERE_BAD`` of it on neutral ones.

    Drawn so where the channel is bad: what cannot be heard well is then taken for neutral, not for a mean emotion.
    """
    neutral = (clips.emotion[: len(share)] == NAMES.index("neutral")).numpy()
    own = share[neutral].sum()
    if not 0 < own < 1:
        return share
    return share * np.where(neutral, NEUTRAL_WHERE_BAD / own, (1 - NEUTRAL_WHERE_BAD) / (1 - own))


class SpeechTask(nn.Module):
    """The speech network with heads of its own, which only this stage uses."""

    def __init__(self, config: SpeechConfig, clips: Clips, batch_size: int, clean_share: float) -> None:
        super().__init__()
        self.encoder = SpeechEncoder(config)
        self.head = nn.Linear(config.out, VOICE_DIM + STYLE_DIM + len(NAMES))
        self.clips, self.batch_size, self.clean_share = clips, batch_size, clean_share
        self.cautious = cautiously(np.full(len(clips), 1 / len(clips)), clips)
        weights = torch.ones(len(NAMES))
        weights[NAMES.index("neutral")] = 0.4
        self.register_buffer("weights", weights, persistent=False)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch."""
        clips, n = self.clips, self.batch_size
        worse = rng.integers(1, max(2, len(clips.measures)), size=n) % len(clips.measures)
        views = np.where(rng.random(n) < self.clean_share, 0, worse)
        rows = np.where(views > 0, rng.choice(len(clips), n, p=self.cautious), rng.integers(len(clips), size=n))
        voice, style = clips.labels(views, rows)
        read = self.head(self.encoder(clips.measures[views, rows])).float()
        read_voice, read_style, emotion = read.split([VOICE_DIM, STYLE_DIM, len(NAMES)], dim=1)
        who = F.smooth_l1_loss(read_voice, voice, beta=0.5)
        how = F.smooth_l1_loss(read_style, style, beta=0.3)
        feeling = F.cross_entropy(emotion, clips.emotion[rows], self.weights, ignore_index=-1)
        loss = who + 3 * how + 0.5 * feeling
        return {"loss": loss, "voice": who, "style": how, "emotion": feeling}


@torch.inference_mode()
def speech_features(encoder: SpeechEncoder, clips: Clips, view: int) -> Tensor:
    """Features (N, out) of every clip in one view."""
    return encoder.eval()(clips.measures[view])
