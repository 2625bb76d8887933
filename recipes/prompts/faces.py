"""The face network's training: noisy labels, soft labels of another network, and classes of very unequal size."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prompts.face import EXPRESSIONS, FaceConfig, FaceEncoder
from recipes.prompts.augment import augment_faces

NAMES = {"fearful": "fearful", "disgusted": "disgust"} | {e: e for e in EXPRESSIONS}
HELD_OUT_EVERY = 5  # persons whose number this divides are never trained on


@dataclass
class Faces:
    """Crops (N, side, side) uint8 and what is known of them.

    Attributes:
        label: index into ``EXPRESSIONS``, -1 for contempt, which is not among them.
        soft: (N, 7) what a public network thinks.
        male: probability. age: years. person: identity.
    """

    crops: Tensor
    label: Tensor
    soft: Tensor
    male: Tensor
    age: Tensor
    person: Tensor

    @classmethod
    def load(cls, folder: Path, held_out: bool) -> Faces:
        """Faces of the persons that are held out, or of all others, from ``recipes.prompts.prepare``."""
        rows = [json.loads(line) for line in (folder / "faces.jsonl").read_text("utf-8").splitlines()]
        crops = torch.from_numpy(np.load(folder / "faces.npy"))
        soft_names = [{"disgust": "disgusted"}.get(e, e) for e in EXPRESSIONS]
        kept = [i for i, r in enumerate(rows) if (int(r["person"]) % HELD_OUT_EVERY == 0) == held_out]
        rows = [rows[i] for i in kept]
        labels = [EXPRESSIONS.index(NAMES[r["emotion"]]) if r["emotion"] in NAMES else -1 for r in rows]
        soft = torch.tensor([[float(r[f"p_{e}"]) for e in soft_names] for r in rows])
        return cls(
            crops[kept],
            torch.tensor(labels),
            soft / soft.sum(dim=1, keepdim=True).clamp(min=1e-6),
            torch.tensor([float(r["male"]) for r in rows]),
            torch.tensor([float(r["age"]) for r in rows]),
            torch.tensor([int(r["person"]) for r in rows]),
        )

    def __len__(self) -> int:
        return len(self.label)

    def targets(self, trust: float) -> Tensor:
        """(N, 7): ``trust`` on the human's label, the rest on the soft ones."""
        hard = F.one_hot(self.label.clamp(min=0), len(EXPRESSIONS)).float()
        share = torch.where(self.label >= 0, trust, 0.0)[:, None]
        return share * hard + (1 - share) * self.soft


class FaceTask(nn.Module):
    """The face network and its losses; rare expressions are drawn more often, what remains is adjusted in the logits.

    Logit adjustment: Menon et al., arXiv 2007.07314.
    """

    def __init__(self, config: FaceConfig, faces: Faces, batch_size: int, trust: float) -> None:
        super().__init__()
        self.encoder = FaceEncoder(config)
        self.faces, self.batch_size = faces, batch_size
        self.targets = faces.targets(trust)
        rarity = (1.0 / torch.bincount(faces.label.clamp(min=0), minlength=len(EXPRESSIONS)).float()).sqrt()
        weights = rarity[faces.label.clamp(min=0)]
        self.weights = (weights / weights.sum()).double().numpy()
        drawn = (torch.from_numpy(self.weights).float()[:, None] * self.targets).sum(dim=0)
        self.register_buffer("log_prior", drawn.clamp(min=1e-4).log(), persistent=False)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch."""
        rows = rng.choice(len(self.faces), self.batch_size, p=self.weights / self.weights.sum())
        rows = torch.from_numpy(rows)
        crops = augment_faces(self.faces.crops[rows], self.encoder.config.size)
        expression, male, age = self.encoder.read(self.encoder(crops))
        feeling = F.cross_entropy(expression.float() + self.log_prior, self.targets[rows])
        sex = F.binary_cross_entropy_with_logits(male.float(), self.faces.male[rows])
        years = F.smooth_l1_loss(age.float(), (self.faces.age[rows] - 40) / 20)
        return {"loss": feeling + 0.4 * sex + 0.4 * years, "expression": feeling, "sex": sex, "age": years}


@torch.inference_mode()
def face_features(encoder: nn.Module, crops: Tensor, augmented: bool) -> Tensor:
    """Features (N, dim) of crops (N, side, side), mirrored views averaged, or of one augmented view each."""
    from recipes.prompts.augment import plain_faces

    size, found = encoder.config.size, []
    for batch in crops.split(128):
        if augmented:
            found.append(encoder(augment_faces(batch, size)).float())
        else:
            x = plain_faces(batch, size)
            found.append(0.5 * (encoder(x) + encoder(x.flip(2))).float())
    return torch.cat(found)
