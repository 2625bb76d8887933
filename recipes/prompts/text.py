"""The sentence encoder's own training: low-rank changes of a published one, for what descriptions mean to speech.

A frozen encoder knows that "loud" and "quiet" are about the same thing, and its features hardly tell which; what it was
never asked cannot all be read off it. So its layers change a little (LoRA, Hu et al., arXiv 2106.09685), and with them
what reads sentences in the shared space, which stays for speech and faces what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from prompts.space import SharedSpace
from prompts.text import TextEncoder, linear_layers
from recipes.corpus.describe import Described
from recipes.corpus.written import read_written
from recipes.prompts.space import WRITTEN_SHARE, free_sentences, meanings, text_losses
from recipes.training import TrainConfig
from tts.adapt import add_changes

READ_SENTENCES = ("projections.text.", "worded.", "stated.")  # parts of the space that no other modality needs
SORTED_STEPS = 8  # whose sentences are drawn together and put in order of length, so that batches waste no padding


@dataclass(frozen=True)
class TextTraining:
    """``rank`` of the changes; ``dropout`` inside the encoder; ``n_free_descriptions`` that grammar makes."""

    batch_size: int = 96
    rank: int = 8
    dropout: float = 0.1
    n_free_descriptions: int = 36000
    train: TrainConfig = field(default_factory=TrainConfig)


class TextTask(nn.Module):
    """Low-rank changes of ``encoder`` and the parts of ``space`` that read sentences, taught by descriptions alone.

    Args:
        encoder: the published sentence encoder; it gets the changes, and is no part of this module's state.
        space: a trained space, whose heads stay.
        sentences: those that grammar makes, and those written one by one.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        space: SharedSpace,
        sentences: tuple[list[Described], list[Described]],
        training: TextTraining,
    ) -> None:
        super().__init__()
        self.training_config, self.space = training, space
        for name, parameter in space.named_parameters():
            parameter.requires_grad_(name.startswith(READ_SENTENCES))
        changes = add_changes(linear_layers(encoder.model), training.rank)
        self.changes = nn.ModuleDict({_key(name): change for name, change in changes.items()})
        for module in encoder.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = training.dropout
        self.encoder = encoder  # no module: what is not ours is in no checkpoint
        self.sentences = sentences
        self.meant = [meanings(known) for known in sentences]
        self.lengths = [np.array([len(s.text) for s in known]) for known in sentences]

    def _drawn(self, step: int) -> list[np.ndarray]:
        """Rows of both kinds of sentences for a step."""
        rng = np.random.default_rng((self.training_config.train.seed, step // SORTED_STEPS))
        n_written = int(WRITTEN_SHARE * self.training_config.batch_size)
        numbers, rows = (self.training_config.batch_size - n_written, n_written), []
        turn = int(rng.permutation(SORTED_STEPS)[step % SORTED_STEPS])
        for lengths, number in zip(self.lengths, numbers, strict=True):
            drawn = rng.integers(len(lengths), size=SORTED_STEPS * number)
            rows.append(drawn[np.argsort(lengths[drawn])].reshape(SORTED_STEPS, number)[turn])
        return rows

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch."""
        rows = self._drawn(step)
        self.encoder.model.train()
        texts = [known[i].text for known, own in zip(self.sentences, rows, strict=True) for i in own]
        texts = [_typed(text, rng) for text in texts]
        meant = {k: torch.cat([m[k][own] for m, own in zip(self.meant, rows, strict=True)]) for k in self.meant[0]}
        with parametrize.cached():
            features = self.encoder.features(texts)
        with torch.autocast("cpu", enabled=False):
            loss, shown = text_losses(self.space, self.space.project("text", features), features, meant)
        return {"loss": loss, **shown}


def _key(layer: str) -> str:
    """A layer's name without dots, which no name of a module may have."""
    return layer.replace(".", "-")


def run_names(factors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Factors as :class:`prompts.text.TextEncoder` takes them to a state of :attr:`TextTask.changes`."""
    parts = {name.rpartition("."): value for name, value in factors.items()}
    return {f"{_key(layer)}.{factor}": value for (layer, _, factor), value in parts.items()}


def layer_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Inverse of :func:`run_names`."""
    return {name.replace("-", "."): value for name, value in state.items()}


def _typed(text: str, rng: np.random.Generator) -> str:
    """As people type: four in ten in small letters or without an end."""
    if rng.random() < 0.6:
        return text
    return text.lower() if rng.random() < 0.5 else text.rstrip(".!")


def text_task(encoder: TextEncoder, space: SharedSpace, training: TextTraining) -> TextTask:
    """The task on the sentences that a user can make anew: training's grammar and :mod:`recipes.corpus.written`."""
    sentences = free_sentences(training.n_free_descriptions, 1), read_written(2)
    return TextTask(encoder, space, sentences, training)
