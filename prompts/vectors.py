"""What a prompt is understood as, its mixes, and the ``.facet`` files that keep it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from tts.style import EMOTIONS, LARGEST, STYLE_DIM, VOICE_DIM

FORMAT, VERSION = "facet-prompt", "2"
_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class PromptVectors:
    """Voice and style as the language model and the codec take them, with what they were read off.

    Attributes:
        voice: (VOICE_DIM,), see :mod:`tts.style`.
        style: (STYLE_DIM,), zero is neutral.
        emotion: (n_emotions,) probabilities in the order of ``tts.style.EMOTIONS``.
        voice_embedding, style_embedding: (part,) of unit length in the shared space; cosines compare any two
            modalities.
        stated: (2,) probabilities that the prompt says anything about the voice, about the style: 1 for recordings and
            faces. "Sad" says nothing about the voice, and a synthesiser should keep its own.
    """

    voice: Tensor
    style: Tensor
    emotion: Tensor
    voice_embedding: Tensor
    style_embedding: Tensor
    stated: Tensor

    @property
    def has_voice(self) -> bool:
        """Whether the voice is to be used."""
        return bool(self.stated[0] >= 0.5)

    @property
    def has_style(self) -> bool:
        """Whether the style is to be used."""
        return bool(self.stated[1] >= 0.5)

    @property
    def embedding(self) -> Tensor:
        """(2 part,): voice, then style embedding."""
        return torch.cat([self.voice_embedding, self.style_embedding])

    def emotions(self) -> dict[str, float]:
        """Probabilities by name, the likeliest first."""
        pairs = zip(EMOTIONS, self.emotion.tolist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write a ``.facet`` file. Raises ``ValueError`` when it exists (without ``force``) or cannot be written."""
        from safetensors.torch import save

        from tts.audio import check_writable, write_bytes

        check_writable(path, force)
        tensors = {f.name: getattr(self, f.name).float().clone().contiguous() for f in fields(self)}
        write_bytes(path, save(tensors, {"format": FORMAT, "version": VERSION}))


def load_vectors(path: str | Path) -> PromptVectors:
    """Read a ``.facet`` file. Raises ``ValueError`` when it is missing, damaged or of another format."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no such style file: {path}")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"{path} is not a .facet style file: it has {path.stat().st_size} bytes")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a .facet style file: {str(error).splitlines()[0]}") from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} is not a .facet style file, but some other safetensors file")
    if metadata.get("version") != VERSION:
        raise ValueError(f"{path} has format version {metadata.get('version')!r}; this version reads {VERSION}")
    names = [f.name for f in fields(PromptVectors)]
    if sorted(tensors) != sorted(names):
        raise ValueError(f"{path} holds {', '.join(sorted(tensors))}; a style file holds {', '.join(names)}")
    widths = {"voice": VOICE_DIM, "style": STYLE_DIM, "emotion": len(EMOTIONS), "stated": 2}
    for name, tensor in tensors.items():
        if tensor.ndim != 1 or len(tensor) != widths.get(name, len(tensor)) or tensor.dtype != torch.float32:
            raise ValueError(f"{path}: {name} has shape {tuple(tensor.shape)}; ({widths.get(name, 'n')},) is expected")
        if not torch.isfinite(tensor).all() or tensor.abs().max() > LARGEST:
            raise ValueError(f"{path}: {name} has values that are not finite or beyond {LARGEST:g}")
    return PromptVectors(**tensors)


def mix(parts: list[tuple[float, PromptVectors]]) -> PromptVectors:
    """Weighted mean. The voice is a mean over parts that state a voice, the style over parts that state one."""
    if len(parts) == 1:
        return parts[0][1]
    weights = torch.tensor([weight for weight, _ in parts], dtype=torch.float64)
    weights = weights / weights.max()  # sums of very large ones would not be finite
    every = [vectors for _, vectors in parts]
    if len({len(v.voice_embedding) for v in every}) > 1:
        raise ValueError("these prompts were encoded by models with spaces of different width and cannot be mixed")
    stated = torch.stack([v.stated for v in every])

    def mean(name: str, part: int) -> Tensor:
        own = weights * (stated[:, part] >= 0.5)
        own = own if own.sum() > 0 else weights
        return (own / own.sum()).float() @ torch.stack([getattr(v, name) for v in every])

    def unit(vector: Tensor) -> Tensor:
        return torch.nn.functional.normalize(vector, dim=0)

    return PromptVectors(
        mean("voice", 0),
        mean("style", 1),
        mean("emotion", 1),
        unit(mean("voice_embedding", 0)),
        unit(mean("style_embedding", 1)),
        stated.amax(dim=0),
    )
