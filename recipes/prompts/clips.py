"""The speech network's training: voice, style and emotion read off augmented pieces of clips."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prompts.speech import SpeechConfig, SpeechEncoder
from recipes.prompts.augment import augment_mels
from tts.style import EMOTIONS, STYLE_DIM, VOICE_DIM, Style, Voice, style_vector, voice_vector

NAMES = tuple(EMOTIONS)


@dataclass
class Clips:
    """Mels (N, frames, n_mels) float16 of one split and what they were made with; emotion -1 is free style."""

    mels: np.ndarray
    n_frames: Tensor
    voice: Tensor
    style: Tensor
    emotion: Tensor
    intensity: Tensor
    rows: list[dict]

    @classmethod
    def load(cls, folder: Path, split: str) -> Clips:
        """From ``recipes.prompts.prepare``."""
        rows = [json.loads(line) for line in (folder / f"rows-{split}.jsonl").read_text("utf-8").splitlines()]
        return cls(
            np.load(folder / f"mels-{split}.npy", mmap_mode="r"),
            torch.tensor([r["n_frames"] for r in rows]),
            torch.stack([voice_vector(Voice(**r["voice"])) for r in rows]),
            torch.stack([style_vector(Style(**r["style"])) for r in rows]),
            torch.tensor([NAMES.index(r["emotion"]) if r["emotion"] in NAMES else -1 for r in rows]),
            torch.tensor([r["intensity"] for r in rows]),
            rows,
        )

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, rows: np.ndarray, n_frames: int, rng: np.random.Generator | None) -> tuple[Tensor, Tensor]:
        """Mels (B, n_mels, n_frames) from a random place (or the start) and their valid frames (B, n_frames)."""
        mels, lengths = [], []
        for row in rows:
            length = int(self.n_frames[row])
            first = int(rng.integers(max(0, length - n_frames) + 1)) if rng is not None else 0
            mels.append(np.asarray(self.mels[row, first : first + n_frames], np.float32))
            lengths.append(min(n_frames, length - first))
        valid = torch.arange(n_frames)[None] < torch.tensor(lengths)[:, None]
        return torch.from_numpy(np.stack(mels)).transpose(1, 2), valid


class SpeechTask(nn.Module):
    """The speech network with heads of its own, which only this stage uses."""

    def __init__(self, config: SpeechConfig, clips: Clips, batch_size: int, n_frames: int) -> None:
        super().__init__()
        self.encoder = SpeechEncoder(config)
        self.head = nn.Linear(config.out, VOICE_DIM + STYLE_DIM + len(NAMES))
        self.clips, self.batch_size, self.n_frames = clips, batch_size, n_frames
        weights = torch.ones(len(NAMES))
        weights[NAMES.index("neutral")] = 0.4
        self.register_buffer("weights", weights, persistent=False)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch."""
        rows = rng.integers(len(self.clips), size=self.batch_size)
        mel, valid = self.clips.batch(rows, self.n_frames, rng)
        read = self.head(self.encoder(augment_mels(mel), valid)).float()
        voice, style, emotion = read.split([VOICE_DIM, STYLE_DIM, len(NAMES)], dim=1)
        who = F.mse_loss(voice, self.clips.voice[rows])
        how = F.smooth_l1_loss(style, self.clips.style[rows], beta=0.5)
        feeling = F.cross_entropy(emotion, self.clips.emotion[rows], self.weights, ignore_index=-1)
        return {"loss": who + 2 * how + 0.5 * feeling, "voice": who, "style": how, "emotion": feeling}


@torch.inference_mode()
def speech_features(encoder: SpeechEncoder, clips: Clips, n_frames: int, augmented: bool, seed: int = 0) -> Tensor:
    """Features (N, out) of every clip, clean from its start, or one augmented random piece each."""
    rng = np.random.default_rng(seed)
    found = []
    for rows in np.array_split(np.arange(len(clips)), -(-len(clips) // 64)):
        mel, valid = clips.batch(rows, n_frames, rng if augmented else None)
        with torch.autocast("cpu", torch.bfloat16):
            found.append(encoder(augment_mels(mel) if augmented else mel, valid).float())
    return torch.cat(found)
