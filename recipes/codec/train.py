"""Train the codec: ``python -m recipes.codec.train --corpus runs/corpus --out runs/codec``.

``--config recipes/codec/vq.yaml`` trains one learned codebook from scratch instead of finite scalar quantisation.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.codec.averages import CodebookAverages, commitment
from recipes.codec.spread import evenly_in_codebook, evenly_on_grid, unevenness
from recipes.data import Corpus
from recipes.parallel import process_device
from recipes.recorded import as_recorded, faster
from recipes.start import init_option, sizes_of, start_from
from recipes.training import TrainConfig, save_config, train
from tts.cli_common import one_line_errors
from tts.codec.model import MEL_FLOOR, Codec, CodecConfig
from tts.codec.quantizer import Quantised
from tts.codec.saconv import SAConv
from tts.codec.vq import Codebook
from tts.config import AUDIO, load_config
from tts.convnext import Stack
from tts.mel import log_mel
from tts.text.symbols import SYMBOLS, encode

CONDITIONING = ("saconv", "film", "none")


@dataclass(frozen=True)
class CodecTraining:
    """Everything in ``config.yaml``."""

    model: CodecConfig = field(default_factory=CodecConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    batch_size: int = 32
    mel_frames: int = 188
    phoneme_weight: float = 0.1
    unknown_share: float = 0.15  # of batches without voice, and of batches without style
    stranger_share: float = 0.3  # of batches as other people's recordings, without voice and style
    pace: float = 0.2  # natural log; strangers are up to this much faster and higher, or slower and lower
    band_limit_share: float = 0.3  # of strangers, that lose what lies above 3.4 to 11 kHz
    gain_db: float = 10.0  # strangers are up to this much louder or softer than the corpus
    conditioning: str = "saconv"  # or film, none: what of the decoder's style-adaptive convolutions is learned
    keep_codes: bool = False  # learn the way back alone: what reads and says the codes of --init goes on to fit
    spread_weight: float = 0.0  # fsq, vq: of the unevenness with which codes are used
    commitment_weight: float = 0.25  # vq, grvq
    codebook_decay: float = 0.99  # vq, grvq: what a step keeps of a code's running mean


def limit_conditioning(codec: Codec, kept: str) -> None:
    """Keep style-adaptive convolutions from learning to predict kernels ("film") or anything ("none"), for comparison.

    Raises:
        ValueError: ``kept`` is neither of these nor "saconv".
    """
    if kept not in CONDITIONING:
        raise ValueError(f"unknown conditioning {kept!r}; it is one of {', '.join(CONDITIONING)}")
    for conv in [m for m in codec.modules() if isinstance(m, SAConv)]:
        learned = torch.ones(conv.dim, conv.kernel_size + 2)
        learned[:, : conv.kernel_size] = kept == "saconv"
        learned[:, conv.kernel_size :] = kept != "none"
        for weights in (conv.predict.weight, conv.predict.bias):  # they start at zero, and stay there without gradients
            mask = learned.view(-1, *[1] * (weights.ndim - 1))
            weights.register_hook(lambda gradient, mask=mask: gradient * mask.to(gradient))


class Batch(NamedTuple):
    """Log-mel (B, n_mels, T), phoneme ids (B, T // stride), voice and style (B, ...), ``None`` where unknown."""

    mel: Tensor
    phonemes: Tensor
    voice: Tensor | None
    style: Tensor | None


class PhonemeProbe(nn.Module):
    """Reads phonemes off the quantised latents, in training only, so that the codes keep what makes words."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(dim, 128, 3, padding=1)
        self.blocks = Stack(2, 128, 256)
        self.head = nn.Linear(128, len(SYMBOLS))

    def forward(self, latents: Tensor) -> Tensor:
        """(B, T, dim) to logits (B, T, n_symbols)."""
        return self.head(self.blocks(self.stem(latents.transpose(1, 2))).transpose(1, 2))


class CodecTask(nn.Module):
    """The codec, the probe and their losses on random pieces of the corpus.

    Raises:
        ValueError: the codes of several codebooks are to be spread.
    """

    def __init__(self, config: CodecTraining, corpus: Corpus, device: torch.device) -> None:
        super().__init__()
        self.config, self.corpus, self.device = config, corpus, device
        if config.spread_weight and config.model.quantizer == "grvq":
            raise ValueError("spread_weight spreads the codes of one codebook, and quantizer grvq has several")
        self.codec = Codec(config.model)
        limit_conditioning(self.codec, config.conditioning)
        self.probe = None if config.keep_codes else PhonemeProbe(config.model.dim)
        books = [m for m in self.codec.quantizer.modules() if isinstance(m, Codebook)]
        self.averages = CodebookAverages(books, config.codebook_decay) if books and not config.keep_codes else None
        if config.keep_codes:
            self.codec.encoder.requires_grad_(False)
            self.codec.quantizer.requires_grad_(False)

    def batch(self, rng: np.random.Generator) -> Batch:
        """Random pieces of random clips, as recorded in the corpus or as strangers' recordings."""
        config, stride = self.config, self.config.model.stride
        strange = rng.random() < config.stranger_share
        pace = float(np.exp(rng.uniform(-config.pace, config.pace))) if strange else 1.0
        n_frames = round(config.mel_frames * pace)
        middles = (np.arange(config.mel_frames // stride) + 0.5) * stride * pace
        pieces, phonemes, rows = [], [], rng.integers(len(self.corpus), size=config.batch_size)
        for row in rows:
            piece, first = self.corpus.crop(int(row), n_frames, rng)
            at = self.corpus.phoneme_at(int(row), (first + middles) / AUDIO.mel_rate)
            phonemes.append(np.asarray(encode(self.corpus.rows[row]["phonemes"]))[at])
            pieces.append(piece)
        wav = torch.from_numpy(np.stack(pieces)).to(self.device)
        if strange:
            wav = faster(wav, (config.mel_frames - 1) * AUDIO.hop_length)
            wav = as_recorded(wav, config.band_limit_share, config.gain_db, rng)
        mel = log_mel(wav).clamp(min=MEL_FLOOR)
        voice = None if strange or rng.random() < config.unknown_share else self.corpus.voices[rows].to(self.device)
        style = None if strange or rng.random() < config.unknown_share else self.corpus.styles[rows].to(self.device)
        return Batch(mel, torch.from_numpy(np.stack(phonemes)).to(self.device), voice, style)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch: L1 of the log-mel; unless codes are kept, cross-entropy of the phonemes, for finite scalar
        quantisation how unevenly codes are used, and for learned codebooks commitment.
        """
        return self.losses_of(self.batch(rng))[0]

    def unevenness(self, quantised: Quantised) -> Tensor:
        """How unevenly a batch uses the codes: of a learned codebook in standard deviations of its axes."""
        if quantised.points is not None:
            points = quantised.points.flatten(0, 1)
            return unevenness(points, evenly_on_grid(len(points), self.config.model.levels, points.device))
        (lookup,) = quantised.lookups
        even, width = evenly_in_codebook(len(lookup.points), lookup.codebook.points)
        return unevenness(lookup.points / width, even / width)

    def losses_of(self, batch: Batch) -> tuple[dict[str, Tensor], Quantised]:
        """Losses of a batch and its quantised latents; learned codebooks are moved."""
        decoded, quantised = self.codec(batch.mel, batch.voice, batch.style)
        mel_loss = (decoded - batch.mel).abs().mean()
        if self.probe is None:  # the codes are kept
            return {"loss": mel_loss, "mel": mel_loss}, quantised
        logits = self.probe(quantised.latents).flatten(0, 1)
        phoneme_loss = F.cross_entropy(logits, batch.phonemes.flatten())
        losses = {
            "loss": mel_loss + self.config.phoneme_weight * phoneme_loss,
            "mel": mel_loss,
            "phoneme": phoneme_loss,
            "used": torch.tensor(len(torch.unique(quantised.codes)) / quantised.codes.numel()),
        }
        if self.config.spread_weight:
            losses["uneven"] = self.unevenness(quantised)
            losses["loss"] = losses["loss"] + self.config.spread_weight * losses["uneven"]
        if self.averages is not None:
            losses["commitment"] = commitment(quantised.lookups)
            losses["loss"] = losses["loss"] + self.config.commitment_weight * losses["commitment"]
            losses["revived"] = torch.tensor(float(self.averages.update(quantised.lookups)))
        return losses, quantised


def start_codec(codec: Codec, init: str | None) -> None:
    """Fill ``codec`` with that of a model or run; where the quantisers differ, encoder and decoder only. Blocks at the
    codes' rate that only ``codec`` has begin as nothing.

    Raises:
        ValueError: there is no such model or run, or its weights do not fit.
    """
    if init is None:
        return
    other = Codec(sizes_of(init, "codec", CodecConfig))
    start_from(other, init, "codec")
    try:
        for mine, its in ((codec.encoder, other.encoder), (codec.decoder, other.decoder)):
            for block in list(mine.coarse)[len(its.coarse) :]:
                its.coarse.append(copy.deepcopy(block))
                nn.init.zeros_(its.coarse[-1].scale)
            mine.load_state_dict(its.state_dict())
        if codec.config.quantizer == other.config.quantizer:
            codec.quantizer.load_state_dict(other.quantizer.state_dict())
    except RuntimeError as error:
        raise ValueError(f"the codec of {init} does not fit the recipe's config: {error}") from error


def train_codec(corpus: Path, out: Path, config_file: Path, init: str | None, device: str) -> None:
    """Train what ``config_file`` describes into ``out``, or go on with it.

    Raises:
        ValueError: the codes of no codec are to be kept, those of another quantiser, or kept and spread.
    """
    config, place = load_config(CodecTraining, config_file), process_device(device)
    if config.keep_codes and init is None:
        raise ValueError("keep_codes keeps the codes of a trained codec: give --init")
    if config.keep_codes and config.spread_weight:
        raise ValueError(f"spread_weight {config.spread_weight} moves codes and keep_codes keeps them: choose one")
    if config.keep_codes and init is not None:
        kept = sizes_of(init, "codec", CodecConfig).quantizer
        if kept != config.model.quantizer:
            raise ValueError(f"the codes to keep are of quantizer {kept!r}; the config says {config.model.quantizer!r}")
    torch.manual_seed(config.train.seed)
    task = CodecTask(config, Corpus(corpus, "train"), place).to(place)
    start_codec(task.codec, init)
    save_config(asdict(config), out)
    train(task, task.losses, config.train, out, place)


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/codec"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@init_option
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(corpus: Path, out: Path, config_file: Path, init: str | None, device: str) -> None:
    """Train the codec; run again to resume."""
    train_codec(corpus, out, config_file, init, device)


if __name__ == "__main__":
    main()
