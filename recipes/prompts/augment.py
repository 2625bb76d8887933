"""What happens to real recordings and photographs, done to the training data.

Recordings are altered as mels (power adds where sounds add), which costs next to nothing: noise of any colour,
reverberation, microphones, band limits, clipping's distortion and the holes that lossy codecs leave.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tts.config import AUDIO

_DB = math.log(10.0) / 20.0
_HOLE = -11.0  # log magnitude where nothing is left


def _band_hertz(n_mels: int) -> Tensor:
    top = 2595 * math.log10(1 + AUDIO.sample_rate / 2 / 700)
    return 700 * (10 ** (torch.linspace(0, top, n_mels + 2)[1:-1] / 2595) - 1)


def _chosen(share: float, n: int) -> Tensor:
    return torch.rand(n) < share


def _uniform(low: float, high: float, *shape: int) -> Tensor:
    return low + (high - low) * torch.rand(*shape)


@torch.autocast("cpu", enabled=False)
def augment_mels(mel: Tensor) -> Tensor:
    """Log-mels (B, n_mels, T) as worse rooms, microphones and files would give them; a quarter stays clean."""
    n, n_mels, frames = mel.shape
    hertz = _band_hertz(n_mels)
    clean = _chosen(0.25, n)
    power = (2 * mel).exp()
    room = _chosen(0.3, n)
    if room.any():
        decay = math.exp(-6.9 / (float(_uniform(0.15, 0.8, 1)) * AUDIO.mel_rate) * 2)
        kernel = float(_uniform(0.01, 0.12, 1)) * decay ** torch.arange(48.0)
        kernel[0] = 1.0
        heard = F.conv1d(F.pad(power[room].reshape(-1, 1, frames), (47, 0)), kernel.flip(0)[None, None])
        power[room] = heard.reshape(-1, n_mels, frames)
    loud = power.sum(dim=1).amax(dim=1)[:, None, None]
    position = torch.linspace(0, 1, n_mels)
    colour = torch.cos(math.pi * position[None] * torch.arange(1, 4)[:, None])  # (3, n_mels)
    shape = _DB * 2 * (_uniform(-12, 3, n, 1) * torch.log2(hertz / 500)[None] / 2 + torch.randn(n, 3) @ colour * 4)
    noise = shape.softmax(dim=1)[:, :, None] * torch.empty(n, n_mels, frames).exponential_().add_(0.1)
    ratio = torch.where(_chosen(0.6, n), _uniform(-45, -10, n), torch.full((n,), -70.0))
    power = power + loud * noise * 10 ** (ratio / 10)[:, None, None]
    distortion = torch.where(_chosen(0.15, n), _uniform(-32, -18, n), torch.full((n,), -90.0))
    power = power + power.sum(dim=1, keepdim=True) * 10 ** (distortion / 10)[:, None, None] / n_mels
    worse = 0.5 * power.clamp(min=1e-12).log()
    microphone = _DB * (torch.randn(n, 3) @ colour) * torch.where(_chosen(0.6, n), 1.5, 0.0)[:, None]
    worse = worse + microphone[:, :, None]
    lossy = torch.where(_chosen(0.15, n), _uniform(3.0, 5.0, n), torch.full((n,), 50.0))[:, None, None]
    worse = torch.where(worse < worse.amax(dim=1, keepdim=True) - lossy, _HOLE, worse)
    top = torch.tensor([3400.0, 4000.0, 5500.0, 7000.0, 8000.0])[torch.randint(5, (n,))]
    top = torch.where(_chosen(0.45, n), top, torch.tensor(2e4))
    bottom = torch.where(_chosen(0.2, n), _uniform(60, 300, n), torch.tensor(0.0))
    lost = (hertz[None] > top[:, None]) | (hertz[None] < bottom[:, None])
    worse = worse.masked_fill(lost[:, :, None], _HOLE)
    return torch.where(clean[:, None, None], mel, worse)


@torch.autocast("cpu", enabled=False)
def augment_faces(crops: Tensor, size: int) -> Tensor:
    """Crops (B, H, W) 0 to 255 turned, moved, scaled, mirrored, relit, blurred, noised and partly hidden, (B, size,
    size).
    """
    n = crops.shape[0]
    angle = torch.randn(n) * 0.13
    scale = _uniform(0.8, 1.06, n)  # of the crop that stays in view
    mirror = torch.where(_chosen(0.5, n), -1.0, 1.0)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    shift = torch.randn(n, 2) * 0.06
    matrix = torch.stack(
        [torch.stack([cos * mirror, -sin, shift[:, 0]], 1), torch.stack([sin * mirror, cos, shift[:, 1]], 1)], 1
    )
    grid = F.affine_grid(matrix, [n, 1, size, size], align_corners=False)
    x = F.grid_sample(crops[:, None].float(), grid, padding_mode="border", align_corners=False)[:, 0]
    gamma = (torch.randn(n) * 0.25).exp()
    x = 255 * (x / 255).clamp(0, 1) ** gamma[:, None, None]
    ramp = torch.linspace(-1, 1, size)
    light = torch.randn(n, 2, 1, 1) * 0.15
    x = x * (1 + light[:, 0] * ramp[None, :, None] + light[:, 1] * ramp[None, None, :])
    soft = _chosen(0.2, n)
    if soft.any():
        x[soft] = F.avg_pool2d(F.pad(x[soft][:, None], (1, 1, 1, 1), "replicate"), 3, 1)[:, 0]
    x = x + torch.randn_like(x) * (_uniform(0, 8, n) * _chosen(0.5, n))[:, None, None]
    for i in torch.nonzero(_chosen(0.25, n)).flatten().tolist():
        height, width = torch.randint(size // 8, size // 3, (2,)).tolist()
        top, left = int(torch.randint(size - height, (1,))), int(torch.randint(size - width, (1,)))
        x[i, top : top + height, left : left + width] = x[i].mean()
    return x.clamp(0, 255)


def plain_faces(crops: Tensor, size: int) -> Tensor:
    """Crops (B, side, side) cut and scaled to (B, size, size) as inference sees them."""
    return F.interpolate(crops[:, None].float(), size=(size, size), mode="bilinear", antialias=True)[:, 0]
