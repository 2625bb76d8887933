"""DistilCodec from the facts of its paper and layout: random checkpoints, and an independent reading of them.

Written functionally, straight off the state dicts, to check the package against.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

SMALL = {
    "token_id_offset": 152064,
    "spec_transform": {
        "sampling_rate": 24000,
        "segment_size": 72000,
        "num_mels": 128,
        "n_fft": 1024,
        "hop_size": 256,
        "win_size": 1024,
        "fmin": 0,
        "fmax": 12000,
        "fmax_loss": None,
    },
    "encoder": {
        "input_channels": 128,
        "depths": [1, 1, 2, 1],
        "dims": [8, 12, 16, 20],
        "drop_path_rate": 0.2,
        "kernel_size": 7,
    },
    "decoder": {
        "hop_length": 256,
        "upsample_rates": [8, 4, 2, 2, 2],
        "upsample_kernel_sizes": [16, 12, 4, 4, 4],
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5]] * 3,
        "num_mels": 20,
        "upsample_initial_channel": 32,
        "use_template": False,
        "pre_conv_kernel_size": 13,
        "post_conv_kernel_size": 13,
    },
    "quantizer": {
        "quantizer_type": "grvq",
        "input_dim": 20,
        "n_groups": 1,
        "n_codebooks": 1,
        "codebook_size": 200,
        "codebook_dim": 24,
        "levels": [8, 5, 5, 5],
        "downsample_factor": [1],
        "ema_decay": 0.8,
    },
}


class Weights:
    """Draws small random weights under the published names."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.state: dict[str, Tensor] = {}

    def draw(self, name: str, *shape: int, scale: float | None = None) -> None:
        fan_in = math.prod(shape[1:]) if len(shape) > 1 else 4
        drawn = torch.randn(*shape, generator=self.generator)
        self.state[name] = drawn * (fan_in**-0.5 if scale is None else scale)

    def conv(self, name: str, out: int, inside: int, kernel: int) -> None:
        self.draw(f"{name}.weight", out, inside, kernel)
        self.draw(f"{name}.bias", out, scale=0.1)

    def linear(self, name: str, out: int, inside: int) -> None:
        self.draw(f"{name}.weight", out, inside)
        self.draw(f"{name}.bias", out, scale=0.1)

    def norm(self, name: str, dim: int) -> None:
        self.state[f"{name}.weight"] = 1 + 0.1 * torch.randn(dim, generator=self.generator)
        self.draw(f"{name}.bias", dim, scale=0.1)

    def block(self, name: str, dim: int) -> None:
        self.conv(f"{name}.dwconv", dim, 1, 7)
        self.norm(f"{name}.norm", dim)
        self.linear(f"{name}.pwconv1", 4 * dim, dim)
        self.linear(f"{name}.pwconv2", dim, 4 * dim)
        self.draw(f"{name}.gamma", dim, scale=0.5)

    def weight_normed(self, name: str, first: int, second: int, kernel: int, bias: int, gain: float = 1.0) -> None:
        drawn = torch.rand(first, 1, 1, generator=self.generator)
        self.state[f"{name}.parametrizations.weight.original0"] = gain * (0.5 + drawn)
        self.draw(f"{name}.parametrizations.weight.original1", first, second, kernel)
        self.draw(f"{name}.bias", bias, scale=0.05)


def make_state(config: dict, seed: int = 0) -> dict[str, dict[str, Tensor]]:
    """The three state dicts of a configuration."""
    encoder, dims = Weights(seed), config["encoder"]["dims"]
    encoder.conv("downsample_layers.0.0", dims[0], 128, 7)
    encoder.norm("downsample_layers.0.1", dims[0])
    for i in range(1, 4):
        encoder.norm(f"downsample_layers.{i}.0", dims[i - 1])
        encoder.conv(f"downsample_layers.{i}.1", dims[i], dims[i - 1], 1)
    for i, depth in enumerate(config["encoder"]["depths"]):
        for j in range(depth):
            encoder.block(f"stages.{i}.{j}", dims[i])
    encoder.norm("norm", dims[-1])

    quantizer, q = Weights(seed + 1), config["quantizer"]
    dim, factors = q["input_dim"], q["downsample_factor"]
    for k, (down, up) in enumerate(zip(factors, reversed(factors), strict=True)):
        quantizer.conv(f"downsample.{k}.0", dim, dim, down)
        quantizer.block(f"downsample.{k}.1", dim)
        quantizer.draw(f"upsample.{k}.0.weight", dim, dim, up)
        quantizer.draw(f"upsample.{k}.0.bias", dim, scale=0.1)
        quantizer.block(f"upsample.{k}.1", dim)
    for g in range(q["n_groups"]):
        name, width = f"grvq.rvqs.{g}", dim // q["n_groups"]
        quantizer.linear(f"{name}.project_in", q["codebook_dim"], width)
        quantizer.linear(f"{name}.project_out", width, q["codebook_dim"])
        for r in range(q["n_codebooks"]):
            book, shape = f"{name}.layers.{r}._codebook", (1, q["codebook_size"], q["codebook_dim"])
            quantizer.draw(f"{book}.embed", *shape, scale=1.0)
            quantizer.state[f"{book}.initted"] = torch.tensor([1.0])
            quantizer.state[f"{book}.cluster_size"] = torch.ones(shape[:2])
            quantizer.state[f"{book}.embed_avg"] = quantizer.state[f"{book}.embed"].clone()

    generator, d = Weights(seed + 2), config["decoder"]
    width = d["upsample_initial_channel"]
    generator.weight_normed("conv_pre", width, d["num_mels"], 13, width)
    for i, kernel in enumerate(d["upsample_kernel_sizes"]):
        generator.weight_normed(f"ups.{i}", width, width // 2, kernel, width // 2, 1.5)
        width //= 2
        for b, size in enumerate(d["resblock_kernel_sizes"]):
            for k in range(3):
                generator.weight_normed(f"resblocks.{i}.blocks.{b}.convs1.{k}", width, width, size, width)
                generator.weight_normed(f"resblocks.{i}.blocks.{b}.convs2.{k}", width, width, size, width, 0.3)
    generator.weight_normed("conv_post", 1, width, 13, 1)
    return {"encoder": encoder.state, "quantizer": quantizer.state, "generator": generator.state}


def write_checkpoint(folder: Path, config: dict, seed: int = 0, step: int = 1234) -> dict[str, dict[str, Tensor]]:
    """A directory in the published layout."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model_config.json").write_text(json.dumps(config))
    state = speaking_state(json.dumps(config), seed)
    torch.save(state, folder / f"g_{step:08d}")
    return state


@cache
def speaking_state(config_json: str, seed: int) -> dict[str, dict[str, Tensor]]:
    """Random weights whose first codebooks lie where the encoder's features are."""
    config = json.loads(config_json)
    state, q = make_state(config, seed), config["quantizer"]
    for g, points in enumerate(reference_points(state, config, sound(3.0, seed + 9))):
        for r in range(q["n_codebooks"]):
            book = state["quantizer"][f"grvq.rvqs.{g}.layers.{r}._codebook.embed"]
            if r == 0:
                book[0] = points[torch.arange(q["codebook_size"]) % len(points)] + 0.01 * book[0]
            else:
                book *= points.std(0).mean() / 2
    return state


def slaney_filters() -> np.ndarray:
    """128 triangles of unit area on Slaney's scale (linear to 1 kHz, then 27 steps a factor of 6.4), (513, 128)."""

    def hertz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    corners = hertz(np.linspace(0, 15 + 27 * np.log(12) / np.log(6.4), 130))
    bins = np.arange(513)[:, None] * 24000 / 1024
    rise = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    fall = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    return np.maximum(0, np.minimum(rise, fall)) * 2 / (corners[2:] - corners[:-2])


def reference_mel(samples: np.ndarray) -> Tensor:
    """Log-mel frame by frame with numpy's FFT."""
    padded = np.pad(samples.astype(np.float64), (384, 384), mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    frames = np.stack([padded[s : s + 1024] * window for s in range(0, len(padded) - 1023, 256)])
    spectrum = np.fft.rfft(frames, axis=1)
    magnitude = np.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-6)
    return torch.from_numpy(np.log(np.maximum(magnitude @ slaney_filters(), 1e-5)).T.astype(np.float32))


def channel_norm(s: dict, name: str, x: Tensor) -> Tensor:
    mean = x.mean(0, keepdim=True)
    scaled = (x - mean) / torch.sqrt(((x - mean) ** 2).mean(0, keepdim=True) + 1e-6)
    return s[f"{name}.weight"][:, None] * scaled + s[f"{name}.bias"][:, None]


def block(s: dict, name: str, x: Tensor) -> Tensor:
    y = F.conv1d(x[None], s[f"{name}.dwconv.weight"], s[f"{name}.dwconv.bias"], padding=3, groups=len(x))[0]
    y = channel_norm(s, f"{name}.norm", y)
    y = F.gelu(s[f"{name}.pwconv1.weight"] @ y + s[f"{name}.pwconv1.bias"][:, None])
    y = s[f"{name}.pwconv2.weight"] @ y + s[f"{name}.pwconv2.bias"][:, None]
    return x + s[f"{name}.gamma"][:, None] * y


def reference_points(state: dict, config: dict, samples: np.ndarray) -> list[Tensor]:
    """What the codebooks of every group quantise, (T, codebook_dim)."""
    s, x = state["encoder"], reference_mel(samples)
    for i, depth in enumerate(config["encoder"]["depths"]):
        if i == 0:
            x = F.conv1d(x[None], s["downsample_layers.0.0.weight"], s["downsample_layers.0.0.bias"], padding=3)[0]
            x = channel_norm(s, "downsample_layers.0.1", x)
        else:
            x = channel_norm(s, f"downsample_layers.{i}.0", x)
            x = F.conv1d(x[None], s[f"downsample_layers.{i}.1.weight"], s[f"downsample_layers.{i}.1.bias"])[0]
        for j in range(depth):
            x = block(s, f"stages.{i}.{j}", x)
    x = channel_norm(s, "norm", x)
    s, q = state["quantizer"], config["quantizer"]
    for k, factor in enumerate(q["downsample_factor"]):
        x = F.conv1d(x[None], s[f"downsample.{k}.0.weight"], s[f"downsample.{k}.0.bias"], stride=factor)[0]
        x = block(s, f"downsample.{k}.1", x)
    groups = enumerate(x.T.chunk(q["n_groups"], dim=1))
    names = ("grvq.rvqs.{}.project_in.weight", "grvq.rvqs.{}.project_in.bias")
    return [F.linear(part, *(s[name.format(g)] for name in names)) for g, part in groups]


def reference_codes(state: dict, config: dict, samples: np.ndarray) -> Tensor:
    """Codes (T, groups * residual layers)."""
    codes = []
    for g, left in enumerate(reference_points(state, config, samples)):
        for r in range(config["quantizer"]["n_codebooks"]):
            table = state["quantizer"][f"grvq.rvqs.{g}.layers.{r}._codebook.embed"][0]
            codes.append(torch.cdist(left, table).argmin(1))
            left = left - table[codes[-1]]
    return torch.stack(codes, dim=1)


def normed(s: dict, name: str) -> Tensor:
    gain, direction = (s[f"{name}.parametrizations.weight.original{k}"] for k in (0, 1))
    return gain * direction / direction.flatten(1).norm(dim=1)[:, None, None]


def conv(s: dict, name: str, x: Tensor, dilation: int = 1) -> Tensor:
    weight = normed(s, name)
    return F.conv1d(x, weight, s[f"{name}.bias"], dilation=dilation, padding=dilation * (weight.shape[2] - 1) // 2)


def reference_waveform(state: dict, config: dict, codes: Tensor) -> Tensor:
    """Samples of codes (T, groups * residual layers)."""
    s, q = state["quantizer"], config["quantizer"]
    parts = []
    for g in range(q["n_groups"]):
        name, total = f"grvq.rvqs.{g}", 0.0
        for r in range(q["n_codebooks"]):
            total = total + s[f"{name}.layers.{r}._codebook.embed"][0][codes[:, g * q["n_codebooks"] + r]]
        parts.append(F.linear(total, s[f"{name}.project_out.weight"], s[f"{name}.project_out.bias"]))
    x = torch.cat(parts, dim=1).T
    for k, factor in enumerate(reversed(q["downsample_factor"])):
        x = F.conv_transpose1d(x[None], s[f"upsample.{k}.0.weight"], s[f"upsample.{k}.0.bias"], stride=factor)[0]
        x = block(s, f"upsample.{k}.1", x)
    s, d, x = state["generator"], config["decoder"], x[None]
    x = conv(s, "conv_pre", x)
    for i, (rate, kernel) in enumerate(zip(d["upsample_rates"], d["upsample_kernel_sizes"], strict=True)):
        weight, bias = normed(s, f"ups.{i}"), s[f"ups.{i}.bias"]
        x = F.conv_transpose1d(F.silu(x), weight, bias, stride=rate, padding=(kernel - rate) // 2)
        total = 0.0
        for b in range(3):
            y = x
            for k, dilation in enumerate((1, 3, 5)):
                z = conv(s, f"resblocks.{i}.blocks.{b}.convs1.{k}", F.silu(y), dilation)
                y = y + conv(s, f"resblocks.{i}.blocks.{b}.convs2.{k}", F.silu(z))
            total = total + y
        x = total / 3
    return torch.tanh(conv(s, "conv_post", F.silu(x)))[0, 0]


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise that comes and goes over a buzz: no two frames alike."""
    n = int(24000 * seconds)
    rng, t = np.random.default_rng(seed), np.arange(n) / 24000
    swell = 0.1 + 0.9 * np.sin(2 * np.pi * 1.3 * t) ** 2
    buzz = np.sign(np.sin(2 * np.pi * (120 * t + 30 * np.sin(3 * t))))
    return (0.2 * swell * (0.5 * rng.standard_normal(n) + buzz)).astype(np.float32)


def changed(**sections: dict) -> dict:
    return {
        name: {**value, **sections.get(name, {})} if isinstance(value, dict) else value for name, value in SMALL.items()
    }
