"""Grouped residual vector quantisation (Yang et al., HiFi-Codec, arXiv 2305.02765): many small codebooks a frame.

Too many codes a frame for a language model; it is the teacher of the single codebook (DistilCodec, arXiv 2505.17426).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tts.codec.quantizer import Quantised, check_codes
from tts.codec.vq import Codebook


@dataclass(frozen=True)
class GRVQConfig:
    """How many codebooks, and how large."""

    groups: int = 2
    layers: int = 4  # residual codebooks of a group
    codebook_size: int = 256
    code_dim: int = 32


class ResidualVQ(nn.Module):
    """Codebooks one after another, each for what the ones before it left over."""

    def __init__(self, dim: int, config: GRVQConfig) -> None:
        super().__init__()
        self.project_in = nn.Linear(dim, config.code_dim)
        self.project_out = nn.Linear(config.code_dim, dim)
        self.layers = nn.ModuleList(Codebook(config.codebook_size, config.code_dim) for _ in range(config.layers))

    def forward(self, latents: Tensor) -> Quantised:
        """Latents (B, T, dim) to quantised ones and codes (B, T, layers)."""
        points = self.project_in(latents).float()
        rest, lookups = points, []
        for codebook in self.layers:
            found, lookup = codebook(rest)
            rest = rest - found.detach()
            lookups.append(lookup)
        straight = points - rest.detach()
        codes = torch.stack([lookup.codes.view(latents.shape[:-1]) for lookup in lookups], dim=-1)
        return Quantised(self.project_out(straight), codes, tuple(lookups))

    def embed(self, codes: Tensor) -> Tensor:
        """Codes (B, T, layers) to quantised latents (B, T, dim)."""
        return self.project_out(sum(book.points[codes[..., k]] for k, book in enumerate(self.layers)))


class GroupedResidualVQ(nn.Module):
    """Splits the channels into groups and quantises each with its own residual codebooks.

    Raises:
        ValueError: the groups do not divide the channels.
    """

    def __init__(self, dim: int, config: GRVQConfig) -> None:
        super().__init__()
        if dim % config.groups:
            raise ValueError(f"grvq.groups {config.groups} does not divide the codec's dim {dim}")
        self.codebook_size = config.codebook_size
        self.groups = nn.ModuleList(ResidualVQ(dim // config.groups, config) for _ in range(config.groups))

    def forward(self, latents: Tensor) -> Quantised:
        """Latents (B, T, dim) to quantised ones and codes (B, T, groups * layers)."""
        parts = [g(part) for g, part in zip(self.groups, latents.chunk(len(self.groups), -1), strict=True)]
        lookups = tuple(lookup for part in parts for lookup in part.lookups)
        return Quantised(torch.cat([p.latents for p in parts], -1), torch.cat([p.codes for p in parts], -1), lookups)

    def embed(self, codes: Tensor) -> Tensor:
        """Codes (B, T, groups * layers) to quantised latents (B, T, dim). Raises ``ValueError`` for a code outside
        its codebook.
        """
        check_codes(codes, self.codebook_size)
        parts = codes.chunk(len(self.groups), -1)
        return torch.cat([group.embed(part) for group, part in zip(self.groups, parts, strict=True)], -1)
