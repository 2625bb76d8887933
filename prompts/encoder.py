"""Any prompt to voice and style vectors. Loads what a prompt needs: transformers for sentences, OpenCV for faces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch
import yaml
from torch import Tensor, nn

from prompts.face import FaceConfig
from prompts.prompt import Prompt, Source
from prompts.space import SharedSpace, SpaceConfig
from prompts.speech import SpeechConfig, SpeechEncoder
from prompts.text import TextEncoder
from prompts.vectors import PromptVectors, mix
from prompts.vision import VisionEncoder, make_face_encoder
from tts.config import load_config
from tts.style import EMOTIONS

FORMAT = 6
NEUTRAL = list(EMOTIONS).index("neutral")
WEIGHTS, CONFIG = "prompts.safetensors", "prompts.yaml"
Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class PromptConfig:
    """``prompts.yaml``. ``text_model``: empty for the packaged MiniLM, else a folder or hub id whose hidden
    states have ``text_dim`` / 3 values.
    """

    format: int = FORMAT
    speech: SpeechConfig = field(default_factory=SpeechConfig)
    face: FaceConfig = field(default_factory=FaceConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    text_model: str = ""
    text_dim: int = 1152
    sha256: str = ""  # of the weights

    def widths(self) -> dict[str, int]:
        """Features of every modality."""
        return {"speech": self.speech.out, "face": self.face.dim, "text": self.text_dim}


class PromptEncoder:
    """Encodes prompts with the weights of a model directory.

    >>> encoder = PromptEncoder.from_pretrained("facet-nano")  # doctest: +SKIP
    >>> encoder.encode(Prompt.text("a cheerful old woman")).style  # doctest: +SKIP
    """

    def __init__(self, config: PromptConfig, weights: dict[str, Tensor]) -> None:
        self.config, self.weights = config, weights

    @classmethod
    def from_pretrained(cls, name: str | Path = "facet-nano") -> PromptEncoder:
        """Load from a model directory, a built-in name or a hub id. Raises ``ValueError`` when it has no prompt
        encoder.
        """
        from tts.checkpoint import find_model, read_weights

        folder = find_model(str(name))
        if not (folder / CONFIG).is_file():
            raise ValueError(f"model {folder} has no prompt encoder ({CONFIG}); give a model that has one")
        config = load_config(PromptConfig, folder / CONFIG)
        if config.format != FORMAT:
            raise ValueError(f"{folder / CONFIG}: format {config.format} cannot be read; this version reads {FORMAT}")
        return cls(config, read_weights(folder / WEIGHTS, config.sha256, CONFIG))

    def encode(self, prompt: Prompt) -> PromptVectors:
        """What ``prompt`` says about voice and style, mixed by its weights."""
        if not isinstance(prompt, Prompt):
            raise ValueError(f"a Prompt is expected, not {type(prompt).__name__}; see Prompt.speech, .face and .text")
        return mix([(weight, self._encode(source)) for weight, source in prompt.parts])

    @torch.inference_mode()
    def _encode(self, source: Source) -> PromptVectors:
        if source.kind == "vectors":
            return source.value
        features = self.features(source)[None]
        voice_part, style_part = self.space.project(source.kind, features)
        words = features if source.kind == "text" else None
        voice, style, emotion = self.space.read(voice_part, style_part, words)
        probabilities = emotion.softmax(dim=1)
        stated = torch.ones(2)
        if words is not None:
            who, how = torch.sigmoid(self.space.stated(words))[0]
            stated = torch.stack([who, how.maximum(1 - probabilities[0, NEUTRAL])])  # who names an emotion says how
        found = (voice, style, probabilities, voice_part, style_part)
        return PromptVectors(*(x[0].clone() for x in found), stated)

    @torch.inference_mode()
    def features(self, source: Source) -> Tensor:
        """What a recording's, a face's or a sentence's own encoder makes of it, (width of the modality,)."""
        if source.kind == "speech":
            return self.speech.encode(source.value)
        if source.kind == "text":
            return self.text.encode([source.value])[0]
        crop = torch.from_numpy(source.value)[None, None].float()
        size = (self.config.face.size,) * 2
        crop = nn.functional.interpolate(crop, size=size, mode="bilinear", antialias=True)[:, 0]
        return 0.5 * (self.face(crop) + self.face(crop.flip(2)))[0]

    @cached_property
    def space(self) -> SharedSpace:
        """The shared space and its heads."""
        return self._fill(SharedSpace(self.config.space, self.config.widths()), "space")

    @cached_property
    def speech(self) -> SpeechEncoder:
        """The speech network."""
        return self._fill(SpeechEncoder(self.config.speech), "speech")

    @cached_property
    def face(self) -> nn.Module:
        """The face network, or the vision model that the configuration names."""
        made = make_face_encoder(self.config.face)
        return made if isinstance(made, VisionEncoder) else self._fill(made, "face")

    @cached_property
    def text(self) -> TextEncoder:
        """The sentence encoder, with this model's low-rank changes."""
        return TextEncoder(self.config.text_model, self.part("text"))

    def part(self, name: str) -> dict[str, Tensor]:
        """Weights of one part: "speech", "face", "space", or "text", which has the factors of the sentence encoder's
        low-rank changes, as :class:`prompts.text.TextEncoder` takes them.
        """
        return {k.removeprefix(f"{name}."): v for k, v in self.weights.items() if k.startswith(f"{name}.")}

    def _fill(self, module: Module, part: str) -> Module:
        try:
            module.load_state_dict(self.part(part))
        except RuntimeError as error:
            raise ValueError(f"{WEIGHTS} does not fit {CONFIG}: {str(error).splitlines()[-1].strip()}") from error
        return module.eval().requires_grad_(False)


def save_prompt_encoder(
    folder: Path,
    config: PromptConfig,
    speech: SpeechEncoder,
    face: nn.Module,
    space: SharedSpace,
    text_changes: Mapping[str, Tensor],
) -> int:
    """Write float16 weights and their configuration into a model directory; returns the bytes of the weights.

    Models from transformers are named, not copied; of the sentence encoder the low-rank changes are written.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"text.{name}": value.detach().to(torch.float16).contiguous() for name, value in text_changes.items()}
    for prefix, module in (("speech.", speech), ("face.", face), ("space.", space)):
        if isinstance(module, VisionEncoder):
            continue
        for name, value in module.state_dict().items():
            half = value.to(torch.float16) if value.is_floating_point() else value
            tensors[prefix + name] = half.detach().contiguous()
    data = save(tensors)
    (folder / WEIGHTS).write_bytes(data)
    values = asdict(replace(config, sha256=hashlib.sha256(data).hexdigest()))
    values["face"]["widths"] = list(values["face"]["widths"])
    (folder / CONFIG).write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return len(data)
