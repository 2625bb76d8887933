"""Train the refiner, then straighten it:

    python -m recipes.vocoder.train_refiner
    python -m recipes.vocoder.train_refiner --reflow

The first learns the flow from the codec's coarse log-mel to the recordings'. The second is reflow (Liu et al., arXiv
2209.03003, section 2.2): the trained flow's own pairs of start and end are learned anew, whose paths do not cross,
so that one step goes all the way. Both read codes of the corpus: the recordings' own, and those that the language
model draws along a recording (``recipes.lm.resample``), for that is what it meets in use.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn

from recipes.codec.codes import read_codes
from recipes.codec.load import load_codec
from recipes.data import Corpus
from recipes.parallel import process_device
from recipes.training import TrainConfig, save_config, train, trained, trained_sizes
from tts.cli_common import one_line_errors
from tts.codec.model import MEL_FLOOR, Codec, condition, normalise
from tts.config import load_config
from tts.mel import log_mel
from vocoder.flow import flow_loss
from vocoder.refiner import Refiner, RefinerConfig


@dataclass(frozen=True)
class RefinerTraining:
    """Everything in ``refiner.yaml`` and ``reflow.yaml``."""

    model: RefinerConfig = field(default_factory=RefinerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    batch_size: int = 32
    codes: int = 64  # a piece
    teacher_steps: int = 8  # of the flow that reflow straightens
    whole_share: float = 0.5  # of reflow's examples that start at t = 0, where one-step synthesis starts


class RefinerTask(nn.Module):
    """The refiner and its loss on random pieces of the corpus; with a ``teacher``, the loss of reflow."""

    def __init__(
        self,
        config: RefinerTraining,
        corpus: Corpus,
        codec: Codec,
        codes: list[list[np.ndarray]],
        teacher: Refiner | None,
        device: torch.device,
    ) -> None:
        super().__init__()
        self.config, self.corpus, self.codes, self.device = config, corpus, codes, device
        self._fixed = (codec, teacher)  # in a tuple: not trained here, not saved with the refiner
        self.refiner = Refiner(config.model)

    def losses(self, step: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Mean squared error of the velocity, in units of the noise."""
        config, (codec, teacher) = self.config, self._fixed
        stride = codec.config.stride
        rows = rng.integers(len(self.corpus), size=config.batch_size)
        pieces, pieces_codes = [], []
        for row in rows:
            piece, first = self.corpus.crop(int(row), config.codes * stride, rng, multiple=stride)
            source = self.codes[int(rng.integers(len(self.codes)))][row]
            own = source[first // stride : first // stride + config.codes].astype(np.int64)
            pieces.append(piece)
            pieces_codes.append(np.pad(own, (0, config.codes - len(own)), mode="edge"))
        fine = normalise(log_mel(torch.from_numpy(np.stack(pieces)).to(self.device)).clamp(min=MEL_FLOOR))
        voice, style = (table[rows].to(self.device) for table in (self.corpus.voices, self.corpus.styles))
        mel = codec.decode(torch.from_numpy(np.stack(pieces_codes)).to(self.device), voice, style).clone()
        noise = torch.randn_like(fine)
        coarse, known = normalise(mel), condition(voice, style, len(mel), mel.device)
        t = torch.rand(len(mel), device=self.device)
        if teacher is not None:
            with torch.no_grad():
                fine = teacher.flow(mel, voice, style, noise, config.teacher_steps)
            t = t * (torch.rand_like(t) > config.whole_share)
        velocity = flow_loss(lambda x, t: self.refiner(x, t, coarse, known), self.refiner.start(coarse, noise), fine, t)
        return {"loss": velocity / config.model.noise**2}


def load_refiner(run: Path) -> Refiner:
    """The refiner of ``run/last.pt``, in evaluation mode. Raises ``ValueError`` when there is no such run."""
    state = trained(run, "refiner")
    refiner = Refiner(trained_sizes(run, RefinerConfig))
    refiner.load_state_dict(state)
    return refiner.eval().requires_grad_(False)


@click.command()
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codec", type=click.Path(path_type=Path), default=Path("runs/codec"), show_default=True)
@click.option(
    "--codes",
    type=click.Path(path_type=Path),
    multiple=True,
    default=[Path("runs/lm/codes.npz"), Path("runs/lm/drawn.npz")],
    show_default=True,
    help="Codes of the corpus; repeat for more than one kind.",
)
@click.option("--reflow", is_flag=True, help="Straighten the refiner that was trained without this option.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/refiner"), show_default=True)
@click.option("--config", "config_file", type=click.Path(path_type=Path), default=None)
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(
    corpus: Path, codec: Path, codes: tuple[Path, ...], reflow: bool, out: Path, config_file: Path | None, device: str
) -> None:
    """Train the refiner; run again to resume. Reflow is written beside it, in OUT/reflow."""
    default = Path(__file__).with_name("reflow.yaml" if reflow else "refiner.yaml")
    config = load_config(RefinerTraining, config_file or default)
    place = process_device(device)
    torch.manual_seed(config.train.seed)
    clips = Corpus(corpus, "train")
    tables = [read_codes(path, "train", len(clips)) for path in codes]
    teacher = load_refiner(out).to(place) if reflow else None
    task = RefinerTask(config, clips, load_codec(codec).to(place), tables, teacher, place).to(place)
    if teacher is not None:
        task.refiner.load_state_dict(teacher.state_dict())
    run = out / "reflow" if reflow else out
    save_config(asdict(config), run)
    train(task, task.losses, config.train, run, place)


if __name__ == "__main__":
    main()
