"""The shared space's training, on features of frozen encoders: pairing, contrastive losses, shared heads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prompts.align import info_nce, neighbour_targets, symile
from prompts.face import EXPRESSIONS
from prompts.impression import age, male
from prompts.space import SharedSpace, SpaceConfig
from prompts.speech import SpeechEncoder
from prompts.text import TextEncoder
from recipes.corpus.describe import Described, make_description
from recipes.corpus.draw import N_POOL_VOICES, draw_speaker, draw_style, is_unseen, pool_speaker
from recipes.corpus.written import TABLE, read_written
from recipes.precision import mixed_precision
from recipes.prompts.clips import NAMES, Clips, cautiously, for_stages, speech_features
from recipes.prompts.faces import Faces, face_features
from recipes.training import TrainConfig, save
from tts.style import Style, Voice, style_vector, voice_vector

OBJECTIVES = ("both", "infonce", "symile", "none")
SAID_OF_VOICE = 4.0  # weight of the error of a voice in words, which tell few of a voice's coordinates
WRITTEN_SHARE = 0.5  # of the sentences about no clip: of those written one by one
# Faces have no "calm": neutral ones that smile a little stand for it.
EXPRESSION_OF = {name: name for name in EXPRESSIONS} | {"calm": "neutral"}


@dataclass(frozen=True)
class SpaceTraining:
    """``bandwidth``: how near two styles must be to count as each other's positives; 0 for plain InfoNCE."""

    batch_size: int = 256
    n_descriptions: int = 6000  # of clips, which the speech network is not trained on
    wordings: int = 1  # of each clip's description
    n_free_descriptions: int = 4000  # of voices and styles without a clip
    objective: str = "both"
    bandwidth: float = 0.5
    contrastive: float = 0.5  # weight of both contrastive losses together
    train: TrainConfig = field(default_factory=TrainConfig)


@dataclass
class Sentences:
    """Features (M, dim) of descriptions with what they describe; ``stated`` (M, 2) says whether voice and style are."""

    features: Tensor
    voice: Tensor
    style: Tensor
    emotion: Tensor
    stated: Tensor


@dataclass
class Features:
    """Frozen features: ``speech`` (views, N, dim) of ``clips``; ``text`` that begins with those of the first clips, in
    one wording after another, and ends with ``n_written`` that were written one by one; ``face`` (views, F, dim).
    """

    clips: Clips
    speech: Tensor
    text: Sentences
    n_written: int
    faces: Faces
    face: Tensor


MANNERS = (("rate", 0.32), ("level", 6.0), ("pitch", 4.5), ("range", 0.6), ("whisper", 1.0), ("breath", 5.0))


def draw_combination(rng: np.random.Generator) -> tuple[str, float, Style]:
    """A style as the corpus has it, or an emotion that is whispered, hurried, drawn out or hushed as well, or one or
    two manners alone.
    """
    if rng.random() < 0.35:
        values: dict[str, float] = {}
        for k in rng.choice(len(MANNERS), 1 + int(rng.random() < 0.3), replace=False):
            name, size = MANNERS[k]
            low = 0.0 if name in ("whisper", "breath") else rng.choice([-1.0, 1.0])
            values[name] = size if not low else float(low * size * rng.uniform(0.5, 1.3))
        if "whisper" in values:
            values["level"] = -5.0
        return "free", 1.0, Style(**values)
    emotion, intensity, style = draw_style(rng)
    if emotion != "free" and rng.random() < 0.35:
        kind = rng.integers(4)
        if kind < 2:
            style = replace(style, whisper=1.0, level=style.level - 5.0)
        elif kind == 2:
            style = replace(style, rate=style.rate + float(rng.choice([-0.3, 0.3])))
        else:
            style = replace(style, level=style.level + float(rng.choice([-5.0, 5.0])))
    return emotion, intensity, style


def clip_sentences(clips: Clips, number: int, wordings: int, seed: int) -> list[Described]:
    """Descriptions of the first ``number`` clips, of all of them in one wording, then in the next."""
    drawn = [(Voice(**r["voice"]), Style(**r["style"]), r["emotion"], r["intensity"]) for r in clips.rows[:number]]
    return _in_words(drawn * wordings, seed)


def free_sentences(number: int, seed: int) -> list[Described]:
    """Descriptions of voices and styles that no clip has."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(number):
        speaker = pool_speaker(int(rng.integers(N_POOL_VOICES))) if rng.random() < 0.8 else draw_speaker(rng)
        while is_unseen(speaker.name):
            speaker = pool_speaker(int(rng.integers(N_POOL_VOICES)))
        emotion, intensity, style = draw_combination(rng)
        drawn.append((speaker.voice, style, emotion, intensity))
    return _in_words(drawn, seed + 1)


def _in_words(drawn: list[tuple[Voice, Style, str, float]], seed: int) -> list[Described]:
    rng = np.random.default_rng(seed)
    made = [make_description(*d, rng) for d in drawn]
    return [
        Described(m.text, voice, style, emotion, m.voice, m.style)
        for m, (voice, style, emotion, _) in zip(made, drawn, strict=True)
    ]


def meanings(sentences: list[Described]) -> dict[str, Tensor]:
    """What sentences describe, as :class:`Sentences` has it: all but their features."""
    plain = NAMES.index("neutral")  # what is only loud, say: a sentence that names no emotion
    emotions = [-1 if not s.says_style else NAMES.index(s.emotion) if s.emotion in NAMES else plain for s in sentences]
    return {
        "voice": torch.stack([voice_vector(s.voice) for s in sentences]),
        "style": torch.stack([style_vector(s.style) * s.says_style for s in sentences]),
        "emotion": torch.tensor(emotions),
        "stated": torch.tensor([(s.says_voice, s.says_style) for s in sentences]).float(),
    }


def read_sentences(sentences: list[Described], encoder: TextEncoder) -> Sentences:
    """Their features, and what they describe."""
    order = np.argsort([len(s.text) for s in sentences])  # batches of one length waste no padding
    batches = [order[i : i + 64] for i in range(0, len(order), 64)]
    found = []
    for k, batch in enumerate(batches):
        with mixed_precision("cpu"):
            found.append(encoder.encode([sentences[i].text for i in batch]))
        if k % 40 == 0:
            print(f"sentences {k * 64}/{len(order)}", file=sys.stderr, flush=True)
    features = torch.empty(len(order), found[0].shape[1])
    features[torch.from_numpy(order)] = torch.cat(found)
    return Sentences(features, **meanings(sentences))


def _cached(path: Path, sources: list[Path], make: Callable[[], dict]) -> dict:
    """What ``make`` gives, kept in ``path`` and made anew when one of its ``sources`` is newer."""
    if not path.exists() or any(source.stat().st_mtime > path.stat().st_mtime for source in sources):
        save(make(), path)
    return torch.load(path, weights_only=True)


def prepare_features(
    out: Path, speech: SpeechEncoder, face: nn.Module, text_model: str, config: SpaceTraining, split: str
) -> Features:
    """Features of ``split``, computed once and kept in ``out``."""
    torch.set_num_threads(config.train.threads)
    clips, faces = Clips.load(out, split), Faces.load(out, held_out=split != "train")
    if split == "train":
        clips = for_stages(clips, config.n_descriptions)[1]
    encoder = TextEncoder(text_model)
    n_clips = min(len(clips), config.n_descriptions)
    rows = sorted(out.glob("rows-*.jsonl"))
    networks = [run for stage in ("speech", "face") if (run := out / stage / "last.pt").exists()]
    wordings = config.wordings if split == "train" else 1
    made = {split: (rows, lambda: clip_sentences(clips, n_clips, wordings, 0))}
    if split == "train":
        if config.n_free_descriptions:
            made["free"] = [], lambda: free_sentences(config.n_free_descriptions, 1)
        made["written"] = [TABLE], lambda: read_written(2)
    parts = [
        _cached(out / f"text-{name}.pt", sources, lambda make=make: vars(read_sentences(make(), encoder)))
        for name, (sources, make) in made.items()
    ]

    def seen_and_heard() -> dict[str, Tensor]:
        torch.manual_seed(1)
        return {
            "speech": torch.stack([speech_features(speech, clips, view) for view in range(len(clips.measures))]),
            "face": torch.stack([face_features(face, faces.crops, augmented) for augmented in (False, True)]),
        }

    kept = _cached(out / f"features-{split}.pt", [*rows, *networks], seen_and_heard)
    text = Sentences(**{k: torch.cat([p[k] for p in parts]) for k in parts[0]})
    n_written = len(parts[-1]["emotion"]) if split == "train" else 0
    return Features(clips, kept["speech"], text, n_written, faces, kept["face"])


class FacePairs:
    """Finds a face for a clip: the same emotion, the same sex impression, as strong among faces as the clip among
    clips.
    """

    def __init__(self, faces: Faces) -> None:
        self.years = np.argsort(np.argsort(faces.age.numpy())) / len(faces)
        self.groups: dict[tuple[str, int], np.ndarray] = {}
        men = (faces.male > 0.5).numpy()
        for emotion, expression in EXPRESSION_OF.items():
            index = EXPRESSIONS.index(expression)
            shown = faces.soft[:, EXPRESSIONS.index("happy") if emotion == "calm" else index].numpy()
            rows = np.flatnonzero((faces.label == index).numpy())
            if emotion == "calm":
                rows = rows[(shown[rows] > 0.02) & (shown[rows] < 0.6)]
            for sex in (0, 1):
                own = rows[men[rows] == sex]
                own = own if len(own) >= 12 else rows  # too few: of both sexes
                self.groups[emotion, sex] = own[np.argsort(shown[own])]

    def find(self, emotion: str, strength: float, man: bool, years: float, rng: np.random.Generator) -> int:
        """A face's row, -1 where there is none. ``strength`` and ``years`` are quantiles, 0 to 1."""
        group = self.groups.get((emotion, int(man)), np.empty(0, int))
        if not len(group):
            return -1
        near = np.clip(strength + rng.normal(0, 0.15, 4), 0, 0.999)
        candidates = group[(near * len(group)).astype(int)]
        return int(candidates[np.argmin(np.abs(self.years[candidates] - years))])


def read_losses(
    read: tuple[Tensor, Tensor, Tensor],
    voice: Tensor,
    style: Tensor,
    emotion: Tensor,
    who: Tensor,
    how: Tensor,
    voice_weight: float = 1.0,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Losses of what the shared heads read, of which ``who`` and ``how`` (B,) say where voice and style are known."""
    read_voice, read_style, logits = read
    losses = {
        "voice": F.smooth_l1_loss(read_voice[who], voice[who], beta=0.5),
        "style": F.smooth_l1_loss(read_style[how], style[how], beta=0.5),
        "emotion": F.cross_entropy(logits, emotion, ignore_index=-1),
    }
    return voice_weight * losses["voice"] + 2 * losses["style"] + 0.5 * losses["emotion"], losses


def text_losses(
    space: SharedSpace, parts: tuple[Tensor, Tensor], features: Tensor, meant: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Losses of what is read of sentences with these ``features`` (B, n) and parts of the space; ``meant`` as
    :func:`meanings` has it.
    """
    stated = meant["stated"]
    everyone = torch.ones(len(stated), dtype=torch.bool)
    labels = meant["voice"], meant["style"], meant["emotion"], stated[:, 0] > 0, everyone
    loss, losses = read_losses(space.read(*parts, features), *labels, voice_weight=SAID_OF_VOICE)
    losses["stated"] = F.binary_cross_entropy_with_logits(space.stated(features), stated)
    return loss + 0.3 * losses["stated"], losses


class SpaceTask(nn.Module):
    """The shared space and its losses on triples of a clip, a sentence about it and a face that would say it so."""

    def __init__(self, config: SpaceConfig, features: Features, training: SpaceTraining) -> None:
        super().__init__()
        if training.objective not in OBJECTIVES:
            raise ValueError(f"objective {training.objective!r} is unknown; give one of {', '.join(OBJECTIVES)}")
        self.training_config, self.data = training, features
        widths = {n: getattr(features, n).shape[-1] for n in ("speech", "face")}
        self.space = SharedSpace(config, widths | {"text": features.text.features.shape[1]})
        clips = features.clips
        self.n_clips = min(len(clips), training.n_descriptions)
        share = np.array([0.2 if r["emotion"] == "neutral" else 0.1 for r in clips.rows[: self.n_clips]])
        counts = {e: sum(r["emotion"] == e for r in clips.rows[: self.n_clips]) for e in (*NAMES, "free")}
        share = share / np.array([counts[r["emotion"]] for r in clips.rows[: self.n_clips]])
        self.share = share / share.sum()
        self.cautious = cautiously(self.share, clips)
        self.man = (male(clips.voice) > 0.5).numpy()
        self.years = np.argsort(np.argsort(age(clips.voice).numpy())) / len(clips)
        self.strength = np.clip((clips.intensity.numpy() - 0.3) / 1.6, 0, 1)
        self.pairs = FacePairs(features.faces)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch."""
        config, data, space = self.training_config, self.data, self.space
        views = np.where(rng.random(config.batch_size) < 0.5, 0, rng.integers(len(data.speech), size=config.batch_size))
        rows = [rng.choice(self.n_clips, config.batch_size, p=share) for share in (self.share, self.cautious)]
        rows = np.where(views > 0, rows[1], rows[0])
        names = [data.clips.rows[r]["emotion"] for r in rows]
        # A neutral face says nothing of how neutral it is.
        faces = np.array(
            [
                self.pairs.find(
                    e, rng.random() if e == "neutral" else self.strength[r], self.man[r], self.years[r], rng
                )
                for r, e in zip(rows, names, strict=True)
            ]
        )
        speech = data.speech[views, rows]
        worded = rows + self.n_clips * rng.integers(config.wordings, size=len(rows))
        sentences = np.concatenate([worded, self._others(2 * config.batch_size, rng)])
        seen = torch.from_numpy(faces >= 0)
        face = data.face[rng.integers(len(data.face), size=len(rows)), np.maximum(faces, 0)]
        (voice, style), emotion = data.clips.labels(views, rows), data.clips.emotion[rows]

        text, everyone = data.text, torch.ones(len(rows), dtype=torch.bool)
        in_space = {"speech": space.project("speech", speech), "face": space.project("face", face)}
        words = space.project("text", text.features[sentences])
        in_space["text"] = (words[0][: len(rows)], words[1][: len(rows)])
        stated = text.stated[sentences]
        read = (
            read_losses(space.read(*in_space["speech"]), voice, style, emotion, everyone, everyone),
            read_losses(space.read(*in_space["face"]), voice, style, emotion.masked_fill(~seen, -1), seen, seen),
            text_losses(space, words, text.features[sentences], {k: v[sentences] for k, v in vars(text).items()}),
        )
        pairs, triples = self._contrast(in_space, voice, style, stated[: len(rows)] > 0, seen, step)
        weights = {"both": (1.0, 0.5), "infonce": (1.0, 0.0), "symile": (0.0, 1.0), "none": (0.0, 0.0)}
        a, b = weights[config.objective]
        loss = sum(r[0] for r in read) + config.contrastive * (a * pairs + b * triples)
        shown = {f"{m}_{k}": v for m, r in zip(("speech", "face", "text"), read, strict=True) for k, v in r[1].items()}
        return {"loss": loss, "pairs": pairs, "triples": triples, **shown}

    def _others(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Rows of sentences that are about no clip."""
        n_written = self.data.n_written
        first, last = self.n_clips * self.training_config.wordings, len(self.data.text.features)
        written = int(WRITTEN_SHARE * number) if first + n_written < last else number
        free = rng.integers(first, last - n_written, size=number - written) if written < number else np.empty(0, int)
        return np.concatenate([free, rng.integers(last - n_written, last, size=written)])

    def _contrast(
        self, parts: dict, voice: Tensor, style: Tensor, stated: Tensor, seen: Tensor, step: int
    ) -> tuple[Tensor, Tensor]:
        """InfoNCE over every pair of modalities, Symile over whole triples; voices and styles apart."""
        scale, width = self.space.log_scale.exp().clamp(max=50), self.training_config.bandwidth
        known = {"speech": torch.ones_like(seen), "face": seen}
        pairs, triples = [], []
        generator = torch.Generator().manual_seed(step)
        for part, vectors in enumerate((voice, style)):
            known["text"] = stated[:, part]
            for a, b in (("speech", "text"), ("speech", "face"), ("face", "text")):
                both = known[a] & known[b]
                near = neighbour_targets(vectors[both], width)
                pairs.append(info_nce(parts[a][part][both], parts[b][part][both], scale, near))
            all_three = seen & known["text"]
            third = [parts[m][part][all_three] for m in ("speech", "face", "text")]
            triples.append(symile(*third, scale * 4, generator))
        return torch.stack(pairs).mean(), torch.stack(triples).mean()
