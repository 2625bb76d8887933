"""A codec's decoder fitted to one person's recordings: speaker adaptation, in seconds for a single reference.

The decoder is to give the recordings back from their codes. What is learnt are low-rank changes (LoRA, Hu et al., arXiv
2106.09685) of its pointwise layers; codes keep their meaning, and the language model stays as it is. Bands that a
recording lacks, as a telephone's does, teach nothing: else the decoder would learn the telephone.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import pad_sequence

from tts.codec.model import MEL_FLOOR, Codec, normalise
from tts.mel import log_mel
from tts.style import STYLE_DIM

if TYPE_CHECKING:
    from prompts.vectors import PromptVectors

MEL_FRAMES = 128  # of a piece
LAYERS = ("expand", "contract")
STEPS = 60  # for one reference
RANK, RATE, PIECES = 8, 5e-3, 4  # then
WARMUP, DECAY = 10, 0.5  # steps until the rate is reached; share of the steps over which it falls
LOUD_SHARE, HEARD_ABOVE = 0.9, -3.5  # a band is heard whose log-mel is above this in a tenth of the frames


@dataclass(frozen=True)
class Recordings:
    """What is learnt from: mels (n_mels, T) of speech at :data:`tts.cloning.LEVEL_DB` and codes (T,) of the clips, the
    voice (VOICE_DIM,) and the styles (clips, STYLE_DIM) heard in them.
    """

    mels: list[Tensor]
    codes: list[Tensor]
    voice: Tensor
    styles: Tensor


def recordings_of(clips: list[np.ndarray], heard: list[PromptVectors], codec: Codec) -> Recordings:
    """Samples (N,) of the clips and what the prompt encoder hears in each, as something to learn from."""
    mels = [log_mel(torch.from_numpy(samples)) for samples in clips]
    codes = [codec.encode(mel[None])[0] for mel in mels]
    styles = [h.style if h.has_style else torch.zeros(STYLE_DIM) for h in heard]
    return Recordings(mels, codes, torch.stack([h.voice for h in heard]).mean(0), torch.stack(styles))


class LowRank(nn.Module):
    """W to W + B A, with B zero at first."""

    def __init__(self, weight: Tensor, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        bound = 1 / math.sqrt(weight.shape[1])
        self.a = nn.Parameter(bound * (2 * torch.rand(rank, weight.shape[1], generator=generator) - 1))
        self.b = nn.Parameter(torch.zeros(len(weight), rank))

    def forward(self, weight: Tensor) -> Tensor:
        """See the class."""
        return weight + self.b @ self.a


def add_changes(layers: Mapping[str, nn.Module], rank: int) -> dict[str, LowRank]:
    """Give the weight of every layer a low-rank change; returns the changes by the layers' names."""
    generator = torch.Generator().manual_seed(0)
    changes = {}
    for name, layer in layers.items():
        changes[name] = LowRank(layer.weight, rank, generator)
        parametrize.register_parametrization(layer, "weight", changes[name])
    return changes


def heard_bands(mel: Tensor) -> Tensor:
    """Which bands of a recording's log-mel (n_mels, T) have speech in them, 1 or 0 (n_mels,)."""
    return (torch.quantile(mel.clamp(min=MEL_FLOOR), LOUD_SHARE, dim=1) > HEARD_ABOVE).float()


class VoiceTask(nn.Module):
    """A codec, from now on this task's own, whose weights stand still but for low-rank changes of its decoder."""

    def __init__(self, codec: Codec, recordings: Recordings, rank: int, pieces: int) -> None:
        super().__init__()
        self.codec, self.recordings, self.pieces = codec, recordings, pieces
        self.requires_grad_(False)
        self.heard = [heard_bands(mel) for mel in recordings.mels]
        layers = dict(self.codec.decoder.named_modules())
        add_changes({name: layer for name, layer in layers.items() if name.rpartition(".")[2] in LAYERS}, rank)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Mean error of the decoder's mel, in the codec's units, on pieces of the recordings."""
        stride, codes, mels, styles, heard = self.codec.config.stride, [], [], [], []
        for i in rng.integers(len(self.recordings.mels), size=self.pieces):
            length = MEL_FRAMES // stride
            first = int(rng.integers(max(1, len(self.recordings.codes[i]) - length)))
            codes.append(self.recordings.codes[i][first : first + length])
            mels.append(self.recordings.mels[i][:, first * stride : (first + len(codes[-1])) * stride].T)
            styles.append(self.recordings.styles[i])
            heard.append(self.heard[i])
        known = pad_sequence([torch.ones(len(m)) for m in mels], True)[:, None] * torch.stack(heard)[..., None]
        wanted = pad_sequence(mels, True).transpose(1, 2)
        with torch.autocast("cpu", enabled=False):
            latents = self.codec.quantizer.embed(pad_sequence(codes, True))
            made = self.codec.decoder(latents, self.recordings.voice.expand(self.pieces, -1), torch.stack(styles))
        error = (normalise(made[..., : wanted.shape[-1]]) - normalise(wanted)).abs() * known
        return {"loss": error.sum() / known.sum().clamp(min=1)}

    def changes(self) -> dict[str, tuple[Tensor, Tensor]]:
        """The factors A and B by the names that :mod:`tts.voice_file` uses."""
        found = {}
        for name, layer in self.codec.named_modules():
            if parametrize.is_parametrized(layer):
                low = layer.parametrizations["weight"][0]
                found[f"codec.{name}.weight"] = (low.a, low.b)
        return found


def adapted(codec: Codec, recordings: Recordings, steps: int) -> Codec:
    """``codec`` with a decoder that is fitted to a few seconds of speech in ``steps`` steps; encoder and codes are the
    same. Nothing is random in it.
    """
    with torch.inference_mode(False), torch.enable_grad():
        shared = {id(part): part for part in (codec.encoder, codec.quantizer)}
        task = VoiceTask(copy.deepcopy(codec, shared), recordings, RANK, PIECES)
        factors = [p for p in task.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(factors, RATE, betas=(0.9, 0.98), weight_decay=0.0)
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / WARMUP, (steps - step) / (DECAY * steps))
            task.losses(step, np.random.default_rng(step))["loss"].backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        for layer in task.codec.decoder.modules():
            if parametrize.is_parametrized(layer):
                parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
        return task.codec.requires_grad_(False).eval()
