"""Train a waveform decoder for a codec: ``python -m recipes.codec.adversarial.train --codec facet-nano --device cuda``.

HiFi-GAN's generator reads the quantised latents and writes samples; codec encoder and codebook stay as they are, so the
codes keep their meaning. The result, ``OUT/codec``, stands alone: ``facet codec decode codes.npz --model OUT/codec``
needs neither refiner nor vocoder. Meant for GPUs: one step costs about a hundred times more than one of the vocoder's.

Generator and discriminators are updated at once: the generator is judged by discriminators whose parameters are held
fixed, the discriminators see samples that are held fixed, so one loss and one optimiser serve both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from recipes.codec.adversarial.discriminators import (
    DiscriminatorConfig,
    Discriminators,
    deception_loss,
    discriminator_loss,
    feature_loss,
)
from recipes.data import Corpus
from recipes.parallel import IS_MAIN, process_device
from recipes.training import TrainConfig, train
from tts.checkpoint import find_model, load_model
from tts.cli_common import one_line_errors
from tts.codec.facet import check_single
from tts.codec.hifigan import HiFiGAN, HiFiGANConfig
from tts.codec.model import MEL_FLOOR, Codec
from tts.codec.standalone import save_standalone
from tts.config import AUDIO, AudioConfig, load_config
from tts.mel import log_mel


@dataclass(frozen=True)
class AdversarialTraining:
    """Everything in ``config.yaml``."""

    generator: HiFiGANConfig = field(default_factory=HiFiGANConfig)
    discriminators: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    batch_size: int = 16
    codes: int = 24  # in a piece
    mel_n_ffts: tuple[int, ...] = (2048, 1024, 512, 256)
    mel_weight: float = 15.0
    feature_weight: float = 2.0


def mel_loss(made: Tensor, real: Tensor, n_ffts: tuple[int, ...]) -> Tensor:
    """Mean L1 distance of log-mels at several resolutions."""
    distances = []
    for n_fft in n_ffts:
        config = AudioConfig(n_fft=n_fft, hop_length=n_fft // 4, n_mels=min(AUDIO.n_mels, n_fft // 8))
        a, b = (log_mel(x, config).clamp(min=MEL_FLOOR) for x in (made, real))
        distances.append((a - b).abs().mean())
    return torch.stack(distances).mean()


class AdversarialTask(nn.Module):
    """Generator, discriminators and their losses on random pieces of the corpus.

    Raises:
        ValueError: the generator does not fit the codec.
    """

    def __init__(self, config: AdversarialTraining, corpus: Corpus, codec: Codec, device: torch.device) -> None:
        super().__init__()
        samples = codec.config.stride * AUDIO.hop_length
        if (config.generator.hop_length, config.generator.input_dim) != (samples, codec.config.dim):
            raise ValueError(
                f"the generator makes {config.generator.hop_length} samples of {config.generator.input_dim} numbers; "
                f"the codec needs {samples} of {codec.config.dim}"
            )
        self.config, self.corpus, self.device = config, corpus, device
        self._codec = [codec]  # in a list: not trained here, not saved
        self.generator = HiFiGAN(config.generator)
        self.discriminators = Discriminators(config.discriminators)

    @torch.no_grad()
    def latents(self, wav: Tensor) -> Tensor:
        """What the codes of samples (B, N) stand for, (B, dim, T)."""
        codec = self._codec[0]
        with torch.autocast(self.device.type, enabled=False):
            codes = codec.encode(log_mel(wav)[..., :-1])
            return codec.quantizer.embed(codes).transpose(1, 2).float()

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch: what the discriminators and what the generator is to lower."""
        config, frames = self.config, self.config.codes * self._codec[0].config.stride
        rows = rng.integers(len(self.corpus), size=config.batch_size)
        pieces = [self.corpus.crop(int(row), frames + 1, rng)[0] for row in rows]
        real = torch.from_numpy(np.stack(pieces)).to(self.device)
        made = self.generator(self.latents(real)).float()
        of_real = self.discriminators(real)
        judging = discriminator_loss(of_real, self.discriminators(made.detach()))
        fixed = {name: p.detach() for name, p in self.discriminators.named_parameters()}
        of_made = functional_call(self.discriminators, fixed, (made,))
        deceiving, features = deception_loss(of_made), feature_loss(of_real, of_made)
        with torch.autocast(self.device.type, enabled=False):
            mel = mel_loss(made, real, config.mel_n_ffts)
        return {
            "loss": judging + deceiving + config.feature_weight * features + config.mel_weight * mel,
            "judging": judging,
            "deceiving": deceiving,
            "features": features,
            "mel": mel,
        }


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codec", default="facet-nano", show_default=True, help="Model whose codec gets the decoder.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/adversarial"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@click.option("--device", default="cuda", show_default=True)
@one_line_errors
def main(corpus: Path, codec: str, out: Path, config_file: Path, device: str) -> None:
    """Train a waveform decoder; run again to resume."""
    config = load_config(AdversarialTraining, config_file)
    where = process_device(device)
    torch.manual_seed(config.train.seed)
    coder = load_model(codec).codec
    check_single(coder, codec)
    task = AdversarialTask(config, Corpus(corpus, "train"), coder.to(where), where).to(where)
    train(task, task.losses, config.train, out, where)
    if IS_MAIN:
        save_standalone(out / "codec", find_model(codec) / "codec.safetensors", coder.config, task.generator)


if __name__ == "__main__":
    main()
