"""Judges that tell recordings from decoded speech: by periods (HiFi-GAN, arXiv 2010.05646), at several rates (MelGAN,
arXiv 1910.06711) and by complex spectrograms of several resolutions (EnCodec, arXiv 2210.13438).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

SLOPE = 0.1  # of the leaky rectifiers
Verdict = tuple[Tensor, list[Tensor]]  # scores, and the features of every layer


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Which discriminators, and how many channels their first layers have."""

    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    period_channels: int = 32
    poolings: tuple[int, ...] = (1, 2, 4)  # samples averaged into one
    scale_channels: int = 16
    n_ffts: tuple[int, ...] = (2048, 1024, 512, 256, 128)
    spectrum_channels: int = 32


def _judge(layers: nn.ModuleList, score: nn.Module, x: Tensor) -> Verdict:
    features = []
    for layer in layers:
        x = F.leaky_relu(layer(x), SLOPE)
        features.append(x)
    return score(x), features


class PeriodDiscriminator(nn.Module):
    """Samples folded into rows of one period, convolved along the columns."""

    def __init__(self, period: int, channels: int) -> None:
        super().__init__()
        self.period = period
        widths = (1, channels, 4 * channels, 16 * channels, 32 * channels)
        strided = [
            weight_norm(nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0))) for a, b in zip(widths[:-1], widths[1:], strict=True)
        ]
        last = weight_norm(nn.Conv2d(widths[-1], widths[-1], (5, 1), padding=(2, 0)))
        self.layers = nn.ModuleList([*strided, last])
        self.score = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, wav: Tensor) -> Verdict:
        """Samples (B, N) to a verdict."""
        wav = F.pad(wav, (0, -wav.shape[-1] % self.period), mode="reflect")
        return _judge(self.layers, self.score, wav.view(len(wav), 1, -1, self.period))


class ScaleDiscriminator(nn.Module):
    """Samples, averaged by ``pooling``, through grouped convolutions of long reach."""

    def __init__(self, pooling: int, channels: int) -> None:
        super().__init__()
        self.pooling = pooling
        c = channels
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv1d(inside, out, kernel, stride, kernel // 2, groups=groups))
            for inside, out, kernel, stride, groups in (
                (1, c, 15, 1, 1),
                (c, 4 * c, 41, 4, max(1, c // 4)),
                (4 * c, 16 * c, 41, 4, c),
                (16 * c, 64 * c, 41, 4, 4 * c),
                (64 * c, 64 * c, 5, 1, 1),
            )
        )
        self.score = weight_norm(nn.Conv1d(64 * c, 1, 3, padding=1))

    def forward(self, wav: Tensor) -> Verdict:
        """Samples (B, N) to a verdict."""
        x = wav[:, None]
        if self.pooling > 1:
            x = F.avg_pool1d(x, 2 * self.pooling, self.pooling, self.pooling)
        return _judge(self.layers, self.score, x)


class SpectrumDiscriminator(nn.Module):
    """Real and imaginary part of the spectrogram, convolved over time and frequency."""

    def __init__(self, n_fft: int, channels: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        first = weight_norm(nn.Conv2d(2, channels, (3, 9), padding=(1, 4)))
        dilated = [
            weight_norm(nn.Conv2d(channels, channels, (3, 9), (1, 2), (d, 4), dilation=(d, 1))) for d in (1, 2, 4)
        ]
        last = weight_norm(nn.Conv2d(channels, channels, (3, 3), padding=(1, 1)))
        self.layers = nn.ModuleList([first, *dilated, last])
        self.score = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=(1, 1)))

    def forward(self, wav: Tensor) -> Verdict:
        """Samples (B, N) to a verdict."""
        spec = torch.stft(
            wav.float(), self.n_fft, self.n_fft // 4, self.n_fft, self.window, normalized=True, return_complex=True
        )
        return _judge(self.layers, self.score, torch.view_as_real(spec).permute(0, 3, 2, 1))


class Discriminators(nn.ModuleList):
    """All of them."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__(
            [
                *(PeriodDiscriminator(p, config.period_channels) for p in config.periods),
                *(ScaleDiscriminator(p, config.scale_channels) for p in config.poolings),
                *(SpectrumDiscriminator(n, config.spectrum_channels) for n in config.n_ffts),
            ]
        )

    def forward(self, wav: Tensor) -> list[Verdict]:
        """Samples (B, N) to the verdict of each."""
        return [judge(wav) for judge in self]


def discriminator_loss(real: list[Verdict], made: list[Verdict]) -> Tensor:
    """Least squares (arXiv 1611.04076): recordings towards 1, decoded speech towards 0."""
    losses = [((1 - r).square().mean() + m.square().mean()) for (r, _), (m, _) in zip(real, made, strict=True)]
    return torch.stack(losses).mean()


def deception_loss(made: list[Verdict]) -> Tensor:
    """Least squares: decoded speech towards 1."""
    return torch.stack([(1 - m).square().mean() for m, _ in made]).mean()


def feature_loss(real: list[Verdict], made: list[Verdict]) -> Tensor:
    """L1 distance of the features, each layer relative to the size of the recordings' (MelGAN; scaled as in DAC, arXiv
    2306.06546).
    """
    distances = [
        (a.detach() - b).abs().mean() / a.detach().abs().mean().clamp(min=1e-5)
        for (_, of_real), (_, of_made) in zip(real, made, strict=True)
        for a, b in zip(of_real, of_made, strict=True)
    ]
    return torch.stack(distances).mean()
