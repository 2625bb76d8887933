"""A model is a directory: ``config.yaml`` and one safetensors file a stage, checked by hash."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from tts.codec.model import Codec, CodecConfig
from tts.config import from_dict, load_yaml
from tts.lm.head import regions_of
from tts.lm.model import LM, LMConfig
from tts.style import Voice
from vocoder.refiner import Refiner, RefinerConfig
from vocoder.vocos import PublicVocos, PulseVocos, Vocoder, VocoderConfig

FORMAT = 2
DEFAULT_MODEL = "facet-nano"
OF_CODEBOOK = ("head.centres", "head.spans")  # of the language model: not saved, for the codec's codebook tells them
_BACKBONE = "backbone."


@dataclass(frozen=True)
class NamedVoice:
    """A built-in voice."""

    voice: Voice
    description: str


@dataclass(frozen=True)
class ModelConfig:
    """``config.yaml``. ``vocos`` names a published Vocos (hub id or folder) to use instead of a vocoder of our own;
    ``refiner`` is null for a model whose vocoder reads the coarse mel. ``pace`` is the share of a style's pace (log2
    ratio) that the language model gives when asked, measured; the rest is stretched.
    """

    name: str
    format: int = FORMAT
    lm: LMConfig = field(default_factory=LMConfig)
    codec: CodecConfig = field(default_factory=CodecConfig)
    refiner: RefinerConfig | None = None
    vocoder: VocoderConfig = field(default_factory=VocoderConfig)
    vocos: str = ""
    pace: float = 0.4
    default_voice: str = ""
    voices: dict = field(default_factory=dict)  # name to NamedVoice
    sha256: dict = field(default_factory=dict)  # file to hash


@dataclass
class Model:
    """Everything a synthesizer runs, on the CPU, in evaluation mode, float32."""

    folder: Path
    config: ModelConfig
    lm: LM
    backbone: dict[str, Tensor]
    codec: Codec
    refiner: Refiner | None
    vocoder: Vocoder


def find_model(name: str) -> Path:
    """Directory of a model: a path, the name of a built-in one, or a hub id (downloaded and cached).

    Raises:
        ValueError: there is no such model.
    """
    path = Path(name)
    if path.is_dir():
        return path
    built_in = Path(str(resources.files("tts"))) / "weights" / name
    if "/" not in name and built_in.is_dir():
        return built_in
    if name.count("/") == 1 and not path.exists() and not name.startswith((".", "/")):
        from tts.hub import download

        return download(name)
    raise ValueError(f"no model {name!r}: give a directory, a hub id (owner/name) or {DEFAULT_MODEL}")


def check_codes_fit(config: ModelConfig, where: str) -> None:
    """Raises ``ValueError`` where the language model writes other codes than the codec reads."""
    codec = config.codec
    written = (config.lm.levels, config.lm.code_dim)
    read = (codec.levels, codec.vq.code_dim if codec.quantizer == "vq" else 0)
    if written != read:
        raise ValueError(f"{where}: lm writes codes of levels, code_dim {written}, the codec reads {read}")


def load_model_config(folder: Path) -> ModelConfig:
    """Read ``config.yaml``. Raises ``ValueError`` when it is missing, malformed, of another format, or of
    stages that do not fit each other.
    """
    values = load_yaml(folder / "config.yaml")
    if values.get("format") != FORMAT:
        raise ValueError(
            f"{folder / 'config.yaml'}: format {values.get('format')!r} cannot be read; this version reads {FORMAT}"
        )
    config = from_dict(ModelConfig, values, str(folder / "config.yaml"))
    check_codes_fit(config, str(folder / "config.yaml"))
    voices = {}
    for name, value in config.voices.items():
        named = from_dict(NamedVoice, value, f"voices.{name}")
        voices[name] = named
    config.voices.clear()
    config.voices.update(voices)
    if config.default_voice not in voices:
        raise ValueError(f"{folder / 'config.yaml'}: default_voice {config.default_voice!r} is not among its voices")
    return config


def read_weights(path: Path, sha256: str, named_in: str) -> dict[str, Tensor]:
    """Tensors of a safetensors file, in float32, after checking the hash that ``named_in`` has for it.

    Raises:
        ValueError: missing, truncated, altered, or not a safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read the weights {path}: {error.strerror}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ValueError(f"{path} is not the file that {named_in} names (sha256 {found[:12]}..., not {sha256[:12]}...)")
    try:
        return {k: v.float() if v.is_floating_point() else v for k, v in load(data).items()}
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error


def read_stage(folder: Path, stage: str, config: ModelConfig) -> dict[str, Tensor]:
    """Weights of one stage of a model directory, checked. Where the codes of a learned codebook lie, the language model
    is told from the codec, whose file has it. Raises ``ValueError`` as :func:`read_weights`.
    """
    path = folder / f"{stage}.safetensors"
    weights = read_weights(path, str(config.sha256.get(path.name)), "config.yaml")
    if stage == "lm" and config.lm.code_dim:
        points = read_stage(folder, "codec", config).get("quantizer.codebook.points")
        if points is None:
            raise ValueError(f"{folder / 'codec.safetensors'} does not fit config.yaml: it has no learned codebook")
        weights |= dict(zip(OF_CODEBOOK, regions_of(points, config.lm.levels), strict=True))
    return weights


def fill(module: nn.Module, state: dict[str, Tensor], file: str, config: str) -> None:
    """Give ``module`` the weights of ``file``, for inference. Raises ``ValueError`` when they do not fit what
    ``config`` says.
    """
    try:
        module.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise ValueError(f"{file} does not fit {config}: {str(error).splitlines()[-1].strip()}") from error
    module.eval().requires_grad_(False)


def load_model(name: str) -> Model:
    """Load a model by path, built-in name or hub id.

    Raises ``ValueError`` for anything missing, altered or unfitting.
    """
    folder = find_model(name)
    config = load_model_config(folder)
    state = read_stage(folder, "lm", config)
    backbone = {k.removeprefix(_BACKBONE): state.pop(k) for k in list(state) if k.startswith(_BACKBONE)}
    lm = LM(config.lm, with_backbone=False)
    fill(lm, state, "lm.safetensors", "config.yaml")
    codec = Codec(config.codec)
    fill(codec, read_stage(folder, "codec", config), "codec.safetensors", "config.yaml")
    refiner = None
    if config.refiner is not None:
        refiner = Refiner(config.refiner)
        fill(refiner, read_stage(folder, "refiner", config), "refiner.safetensors", "config.yaml")
    if config.vocos:
        return Model(folder, config, lm, backbone, codec, refiner, PublicVocos(config.vocos))
    vocoder = PulseVocos(config.vocoder)
    fill(vocoder, read_stage(folder, "vocoder", config), "vocoder.safetensors", "config.yaml")
    return Model(folder, config, lm, backbone, codec, refiner, vocoder)


def save_model(
    folder: Path, config: ModelConfig, lm: LM, codec: Codec, refiner: Refiner | None, vocoder: PulseVocos
) -> None:
    """Write a model directory with float16 weights and their hashes."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = asdict(config)
    values["sha256"] = {}
    stages = {"lm": lm, "codec": codec, "refiner": refiner, "vocoder": vocoder}
    for stage, module in stages.items():
        if module is None:
            (folder / f"{stage}.safetensors").unlink(missing_ok=True)  # of an earlier release into this folder
            continue
        weights = {k: v for k, v in module.state_dict().items() if stage != "lm" or k not in OF_CODEBOOK}
        data = save({k: v.detach().to(torch.float16).contiguous() for k, v in weights.items()})
        (folder / f"{stage}.safetensors").write_bytes(data)
        values["sha256"][f"{stage}.safetensors"] = hashlib.sha256(data).hexdigest()
    (folder / "config.yaml").write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
