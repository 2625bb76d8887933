"""A voice learnt from recordings: a voice vector and low-rank changes of the weights, in one safetensors file.

``recipes.voice_cloning.finetune_voice`` writes them. A matrix W of the language model or the codec's decoder becomes
W + B A (LoRA, Hu et al., arXiv 2106.09685) when the file is loaded, so speaking costs nothing more.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from tts.checkpoint import Model, ModelConfig, NamedVoice
from tts.style import VOICE_DIM, vector_voice

FORMAT, VERSION = "facet-voice", "2"
SUFFIX = ".voice"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_MAX_BYTES = 200_000_000


@dataclass(frozen=True)
class VoiceFile:
    """A learnt voice.

    Attributes:
        name, description: how it is listed.
        voice: (VOICE_DIM,).
        model: fingerprint of the model that the changes are of (:func:`fingerprint`).
        changes: by name of a weight, ``lm.`` or ``codec.`` before it: the factors A (rank, in) and B (out, rank).
    """

    name: str
    description: str
    voice: Tensor
    model: str
    changes: dict[str, tuple[Tensor, Tensor]]

    def save(self, path: Path, force: bool = False) -> None:
        """Write the file. Raises ``ValueError`` when it exists (without ``force``) or cannot be written."""
        from safetensors.torch import save

        from tts.audio import check_writable, write_bytes

        check_writable(path, force)
        tensors = {"voice": self.voice.detach().float().contiguous()}
        for name, (a, b) in self.changes.items():
            tensors[f"{name}.A"], tensors[f"{name}.B"] = (x.detach().half().contiguous() for x in (a, b))
        metadata = {"format": FORMAT, "version": VERSION, "name": self.name, "description": self.description}
        metadata["model"] = self.model
        write_bytes(path, save(tensors, metadata))


def check_name(name: str) -> str:
    """``name`` if it can name a voice. Raises ``ValueError`` otherwise."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a voice: use letters, digits, - and _, at most 40, no suffix")
    return name


def voices_folder() -> Path:
    """Where voices are looked for by name: ``$XDG_DATA_HOME/facet-tts/voices`` (default ``~/.local/share``)."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "facet-tts" / "voices"


def find_voice_file(name: str) -> Path | None:
    """The file of a learnt voice, by path or by name; ``None`` where there is none."""
    path = Path(name)
    if path.suffix == SUFFIX and path.is_file():
        return path
    named = voices_folder() / f"{name}{SUFFIX}"
    return named if _NAME.fullmatch(name) and named.is_file() else None


def load_voice(path: Path) -> VoiceFile:
    """Read a file that :meth:`VoiceFile.save` wrote. Raises ``ValueError`` when it is missing, damaged or something
    else.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ValueError(f"no such voice file: {path}")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"{path} is not a voice file: it has {path.stat().st_size} bytes")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a voice file: {str(error).splitlines()[0]}") from error
    if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
        raise ValueError(f"{path} is not a voice file of version {VERSION}")
    voice = tensors.pop("voice", torch.zeros(0))
    names = {name.rpartition(".")[0] for name in tensors}
    if voice.shape != (VOICE_DIM,) or set(tensors) != {f"{n}.{part}" for n in names for part in "AB"}:
        raise ValueError(f"{path} is damaged: it does not hold a voice and pairs of factors")
    if not all(bool(torch.isfinite(t).all()) for t in (voice, *tensors.values())):
        raise ValueError(f"{path} has values that are not finite")
    changes = {name: (tensors[f"{name}.A"], tensors[f"{name}.B"]) for name in sorted(names)}
    name, description, model = (metadata.get(key, "") for key in ("name", "description", "model"))
    return VoiceFile(name or path.stem, description, voice, model, changes)


def fingerprint(config: ModelConfig) -> str:
    """What tells the weights that a voice changes from those of another model or training."""
    return " ".join(str(config.sha256.get(f"{stage}.safetensors", ""))[:16] for stage in ("lm", "codec"))


def learnt_voices(config: ModelConfig) -> dict[str, VoiceFile]:
    """The voices in :func:`voices_folder` that were learnt for a model, by the names under which they are found.

    Raises:
        ValueError: one of them is damaged.
    """
    found = {path.stem: load_voice(path) for path in sorted(voices_folder().glob(f"*{SUFFIX}"))}
    return {name: voice for name, voice in found.items() if voice.model == fingerprint(config)}


def with_voice(model: Model, learnt: VoiceFile) -> Model:
    """``model`` with a learnt voice as its default one; its own voices stay, but sound a little like it, and one of
    the same name gives way.

    Raises:
        ValueError: the voice was learnt for another model, or another training of this one.
    """
    if learnt.model != fingerprint(model.config):
        raise ValueError(f"the voice {learnt.name!r} was learnt for another model than {model.folder}: learn it again")
    lm = model.lm.state_dict()
    own = {f"lm.{k}": v for k, v in lm.items()} | {f"lm.backbone.{k}": v for k, v in model.backbone.items()}
    own |= {f"codec.{k}": v for k, v in model.codec.state_dict().items()}
    for name, (a, b) in learnt.changes.items():
        weight = own.get(name)
        paired = a.ndim == b.ndim == 2 and len(a) == b.shape[1]
        if weight is None or not paired or weight.shape != (len(b), a.shape[1]):
            raise ValueError(f"the voice {learnt.name!r} is damaged: {name} does not fit the model")
    with torch.no_grad():
        for name, (a, b) in learnt.changes.items():
            own[name].copy_(own[name] + b @ a)
    named = {learnt.name: NamedVoice(vector_voice(learnt.voice), learnt.description)}
    voices = named | model.config.voices | named
    return replace(model, config=replace(model.config, voices=voices, default_voice=learnt.name))
