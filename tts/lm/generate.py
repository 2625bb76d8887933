"""Speak: sample codes phoneme by phoneme from the language model, several sentences at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tts.lm.backbone import CachedBackbone
from tts.lm.model import LM
from tts.lm.sequence import closing_mark, spoken_positions
from tts.text.symbols import encode

DRAWS = 64  # steps for which a sentence draws its random numbers at once


@dataclass(frozen=True)
class Sampling:
    """How codes are drawn."""

    temperature: float = 0.5
    top_p: float = 0.9
    max_repeats: int = 6  # the same code this often in a row closes a phoneme that is no pause

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise ValueError(f"temperature {self.temperature} must be 0 (the likeliest code) or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p {self.top_p} must be above 0 and at most 1")


@dataclass
class Utterance:
    """Codes (T,) int64 and, for every symbol of the sentence, how many of them it has."""

    codes: Tensor
    lengths: list[int]


def choose(logits: Tensor, uniform: Tensor, sampling: Sampling) -> Tensor:
    """Draw from logits (B, K) within the top-p nucleus by inverse CDF with ``uniform`` (B,); temperature 0 takes the
    likeliest.
    """
    if sampling.temperature == 0:
        return logits.argmax(-1)
    probabilities, order = F.softmax(logits / sampling.temperature, dim=-1).sort(dim=-1, descending=True)
    cumulative = probabilities.cumsum(-1)
    kept = cumulative - probabilities < sampling.top_p
    nucleus = (probabilities * kept).cumsum(-1)
    picked = (nucleus <= uniform[:, None] * nucleus[:, -1:]).sum(-1).clamp(max=logits.shape[-1] - 1)
    return order.gather(1, torch.minimum(picked, kept.sum(-1) - 1)[:, None])[:, 0]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: at this size a second one waits longer than it computes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Speaker:
    """Decodes with the language model's weights; made once, used for every text."""

    def __init__(self, lm: LM, backbone: dict[str, Tensor]) -> None:
        self.lm = lm
        self.config = lm.config
        self.backbone = CachedBackbone(backbone, lm.config.n_layers, lm.config.n_heads)

    def _sample(self, hidden: Tensor, uniform: Tensor, must_advance: Tensor, sampling: Sampling) -> Tensor:
        """Hidden states (B, dim) to digits (B, D); a first digit equal to ``head.advance`` ends the phoneme."""
        head = self.lm.head
        state = head.stem(hidden)
        digits = []
        for k in range(len(self.config.levels)):
            logits = head.outputs[k](F.gelu(state))
            if k == 0:
                logits[:, : head.advance].masked_fill_(must_advance[:, None], -torch.inf)
            digit = choose(logits, uniform[:, k], sampling)
            digits.append(digit)
            if k + 1 < len(self.config.levels):
                state = state + head.inputs[k](digit.clamp(max=self.config.levels[k] - 1))
        return torch.stack(digits, dim=1)

    @torch.inference_mode()
    @one_thread()
    def speak(
        self,
        sentences: list[list[str]],
        voice: Tensor,
        style: Tensor,
        seeds: list[int],
        sampling: Sampling,
    ) -> list[Utterance]:
        """Codes for sentences of symbols, all in one voice (1, VOICE_DIM) and style (1, STYLE_DIM).

        Every sentence draws from its own generator, so it comes out the same alone and in a batch.
        """
        config, batch = self.config, len(sentences)
        width = max(map(len, sentences))
        ids = torch.zeros(batch, width, dtype=torch.long)
        mask = torch.zeros(batch, width, dtype=torch.bool)
        for row, symbols in enumerate(sentences):
            ids[row, : len(symbols)] = torch.tensor(encode(symbols))
            mask[row, : len(symbols)] = True
        marks = torch.tensor([closing_mark(s) for s in sentences])
        voices, styles = voice.expand(batch, -1), style.expand(batch, -1)
        context = self.lm.context(ids, marks, mask, voices, styles)
        spoken = [spoken_positions(s) for s in sentences]
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        limit = min(config.max_positions, 2 + max(len(s) * 12 for s in spoken) + 64)
        self.backbone.start(batch, limit)
        for token in self.lm.prefix(voices, styles).unbind(1):
            self.backbone.step(token)

        radix = torch.tensor([int(torch.tensor(config.levels[:k]).prod()) for k in range(len(config.levels))])
        at = [0] * batch  # index into spoken[row]
        ages = [0] * batch
        repeats = [0] * batch
        codes: list[list[int]] = [[] for _ in sentences]
        lengths = [[0] * len(s) for s in sentences]
        done = [False] * batch
        digits = torch.zeros(batch, len(config.levels), dtype=torch.long)
        rows = torch.arange(batch)
        step = 0
        while not all(done):
            if step % DRAWS == 0:
                uniforms = torch.stack([torch.rand(DRAWS, len(config.levels), generator=g) for g in generators], dim=1)
            room = limit - self.backbone.position - 1
            age = torch.tensor(ages)
            left = [len(spoken[row]) - at[row] for row in range(batch)]
            position = torch.tensor([spoken[row][min(at[row], len(spoken[row]) - 1)] for row in range(batch)])
            x = self.lm.embed(context[rows, position], digits, age > 0, age)
            hidden = self.backbone.step(x)
            must = torch.tensor(
                [
                    ages[r] >= config.max_age or repeats[r] >= sampling.max_repeats or left[r] >= room
                    for r in range(batch)
                ]
            )
            digits = self._sample(hidden, uniforms[step % DRAWS], must, sampling)
            new = (digits * radix).sum(-1).tolist()
            first = digits[:, 0].tolist()
            for row in range(batch):
                if done[row]:
                    continue
                if first[row] == self.lm.head.advance:
                    at[row] += 1
                    ages[row] = repeats[row] = 0
                    done[row] = at[row] == len(spoken[row])
                else:
                    symbol = spoken[row][at[row]]
                    pause = not sentences[row][symbol][-1].isalpha() and sentences[row][symbol][-1] != "ː"
                    same = bool(codes[row]) and codes[row][-1] == new[row] and not pause
                    repeats[row] = repeats[row] + 1 if same else 0
                    codes[row].append(new[row])
                    lengths[row][symbol] += 1
                    ages[row] += 1
            digits = digits.clamp(max=torch.tensor(config.levels) - 1)
            step += 1
        return [Utterance(torch.tensor(c, dtype=torch.long), n) for c, n in zip(codes, lengths, strict=True)]
