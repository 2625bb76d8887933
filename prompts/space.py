"""The shared space: where speech, faces and sentences meet, and the heads that read voice, style and emotion off it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tts.style import EMOTIONS, STYLE_DIM, VOICE_DIM

MODALITIES = ("speech", "face", "text")


@dataclass(frozen=True)
class SpaceConfig:
    """Widths: of the voice and of the style part, inside the projections, inside the heads; and what share of the
    features, and of the projections' hidden units, training drops out.
    """

    part: int = 32
    hidden: int = 192
    head: int = 64
    dropout: float = 0.1


class Projection(nn.Module):
    """One modality's features to the two parts of the space, each of unit length."""

    def __init__(self, n_in: int, config: SpaceConfig) -> None:
        super().__init__()
        self.part, self.dropout = config.part, nn.Dropout(config.dropout)
        self.layers = nn.Sequential(
            nn.LayerNorm(n_in),
            nn.Linear(n_in, config.hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, 2 * config.part),
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, n_in) to voice (B, part) and style (B, part)."""
        known = self.dropout(self.layers[0](features))  # or the few clips are learnt by heart
        voice, style = self.layers[1:](known).float().split(self.part, dim=1)
        return F.normalize(voice, dim=1), F.normalize(style, dim=1)


def _head(config: SpaceConfig, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(config.part, config.head), nn.GELU(), nn.Linear(config.head, n_out))


class SharedSpace(nn.Module):
    """Projections of every modality, and heads that all of them share.

    The heads see only the space, never the modality: what they read off speech they read off a face in the same place.
    To the style and the voice of a sentence is added what its words say beyond that.
    """

    def __init__(self, config: SpaceConfig, widths: dict[str, int]) -> None:
        super().__init__()
        self.config = config
        self.projections = nn.ModuleDict({name: Projection(widths[name], config) for name in MODALITIES})
        self.voice, self.style = _head(config, VOICE_DIM), _head(config, STYLE_DIM)
        self.emotion = _head(config, len(EMOTIONS))
        # What words say of style and voice and the space leaves out: no recording tells how loud it was, and heads that
        # read recordings are cautious about what is rare, such as very high voices.
        self.worded = nn.Sequential(
            nn.LayerNorm(widths["text"]),
            nn.Linear(widths["text"], config.hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, STYLE_DIM + VOICE_DIM),
        )
        # Whether a sentence says anything about the voice, about the style.
        self.stated = nn.Sequential(nn.LayerNorm(widths["text"]), nn.Linear(widths["text"], 2))
        self.log_scale = nn.Parameter(torch.tensor(2.3))  # inverse temperature of the contrastive losses, learned

    def project(self, modality: str, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, n) of ``modality`` to voice (B, part) and style (B, part), unit length."""
        return self.projections[modality](features)

    def read(self, voice: Tensor, style: Tensor, words: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings to voices (B, VOICE_DIM), styles (B, STYLE_DIM) and emotion logits (B, n_emotions). ``words``:
        of sentences their features (B, n), too.
        """
        who, how = self.voice(voice), self.style(style)
        if words is not None:
            more_how, more_who = self.worded(words).float().split((STYLE_DIM, VOICE_DIM), dim=1)
            who, how = who + more_who, how + more_how
        return who, how, self.emotion(style)
