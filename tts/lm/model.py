"""The language model: Qwen2 over phonemes and codes, with a small head that writes a code digit by digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tts._torchaudio import import_torchaudio
from tts.convnext import Stack
from tts.lm.head import DigitHead, TreeHead
from tts.lm.sequence import MARKS
from tts.style import STYLE_DIM, VOICE_DIM
from tts.text.symbols import SYMBOLS

ROPE_THETA = 10000.0  # of the rotary embedding


@dataclass(frozen=True)
class LMConfig:
    """Sizes of the language model."""

    dim: int = 256
    n_layers: int = 6
    n_heads: int = 4
    hidden: int = 768
    text_depth: int = 3
    text_hidden: int = 512
    head_dim: int = 256
    levels: tuple[int, ...] = (8, 8, 8, 8, 8)
    code_dim: int = 0  # dimensions of a learned codebook; 0: finite scalar quantisation
    max_age: int = 48  # codes a phoneme or pause can have
    max_positions: int = 4096

    def qwen2(self) -> Any:
        """The backbone's ``transformers.Qwen2Config``."""
        import_torchaudio()  # transformers imports it
        from transformers import Qwen2Config

        return Qwen2Config(
            vocab_size=1,  # positions come in as embeddings
            hidden_size=self.dim,
            intermediate_size=self.hidden,
            num_hidden_layers=self.n_layers,
            num_attention_heads=self.n_heads,
            num_key_value_heads=self.n_heads,
            max_position_embeddings=self.max_positions,
            rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
            use_cache=False,
        )


class SymbolEncoder(nn.Module):
    """What each phoneme needs to know of its neighbours: (B, S) ids and (B,) closing marks to (B, S, dim)."""

    def __init__(self, config: LMConfig) -> None:
        super().__init__()
        self.symbols = nn.Embedding(len(SYMBOLS), config.dim)
        self.marks = nn.Embedding(len(MARKS), config.dim)
        self.blocks = Stack(config.text_depth, config.dim, config.text_hidden)
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, symbols: Tensor, marks: Tensor, mask: Tensor) -> Tensor:
        """``mask`` (B, S) is True at symbols; padding is zero on the way in, so that it cannot tell the length."""
        x = (self.symbols(symbols) + self.marks(marks)[:, None]) * mask[..., None]
        x = x.transpose(1, 2)
        for block in self.blocks:
            x = block(x) * mask[:, None]
        return self.norm(x.transpose(1, 2))


class LM(nn.Module):
    """Embeds positions, runs the backbone, scores codes. ``backbone`` is a ``transformers.Qwen2Model``, made only for
    the full pass: decoding uses the same weights without it (:mod:`tts.lm.generate`)."""

    def __init__(self, config: LMConfig, with_backbone: bool = True) -> None:
        super().__init__()
        self.config = config
        self.voice = nn.Linear(VOICE_DIM, config.dim)
        self.style = nn.Linear(STYLE_DIM, config.dim)
        self.condition = nn.Sequential(
            nn.Linear(VOICE_DIM + STYLE_DIM, config.dim), nn.GELU(), nn.Linear(config.dim, config.dim)
        )
        self.text = SymbolEncoder(config)
        sizes = (config.dim, config.head_dim, config.levels)
        self.head = TreeHead(*sizes, config.code_dim) if config.code_dim else DigitHead(*sizes)
        self.code = nn.Linear(self.head.point_dim, config.dim)
        self.code_digits = nn.ModuleList(nn.Embedding(n, config.dim) for n in self.head.table_sizes)
        self.phoneme = nn.Parameter(torch.zeros(config.dim))
        self.age = nn.Embedding(config.max_age + 1, config.dim)
        self.reference = nn.Parameter(torch.zeros(config.dim))  # marks the positions of a reference recording
        self.no_voice = nn.Parameter(torch.zeros(VOICE_DIM))  # the voice where it is unknown
        for table in (*self.code_digits, self.age):
            nn.init.normal_(table.weight, std=0.1)
        if with_backbone:
            qwen2 = config.qwen2()
            from transformers import Qwen2Model

            self.backbone = Qwen2Model(qwen2)
            del self.backbone.embed_tokens  # positions come in as embeddings

    def prefix(self, voice: Tensor, style: Tensor) -> Tensor:
        """Soft prefix (B, 2, dim) of voice (B, VOICE_DIM) and style (B, STYLE_DIM)."""
        return torch.stack([self.voice(voice), self.style(style)], dim=1)

    def context(self, symbols: Tensor, marks: Tensor, mask: Tensor, voice: Tensor, style: Tensor) -> Tensor:
        """What every position of a phoneme receives, (B, S, dim): its surroundings, the voice and the style."""
        condition = self.condition(torch.cat([voice, style], dim=1))
        return self.text(symbols, marks, mask) + condition[:, None]

    def embed_codes(self, codes: Tensor) -> Tensor:
        """Codes (...) to (..., dim): where they lie, projected, and rows of tables."""
        rows = self.head.rows(codes)
        tables = [table(rows[..., k]) for k, table in enumerate(self.code_digits)]
        return self.code(self.head.points(codes)) + sum(tables)

    def embed(self, context: Tensor, codes: Tensor, age: Tensor) -> Tensor:
        """Positions to backbone inputs (..., dim): context, the code or, where ``codes`` is -1, the mark of a new
        phoneme, and codes since it began.
        """
        carried = torch.where((codes >= 0)[..., None], self.embed_codes(codes.clamp(min=0)), self.phoneme)
        return context + carried + self.age(age.clamp(max=self.config.max_age))

    def forward(self, prefix: Tensor, positions: Tensor) -> Tensor:
        """Full pass: prefix (B, P, dim) and positions (B, L, dim) to hidden states of the positions (B, L, dim)."""
        inputs = torch.cat([prefix, positions], dim=1)
        hidden = self.backbone(inputs_embeds=inputs, use_cache=False).last_hidden_state
        return hidden[:, prefix.shape[1] :]
