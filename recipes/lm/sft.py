"""Stage 2, fine-tuning on the speaking format with voice, style and references, from what stage 1 learnt:
``python -m recipes.lm.sft --pretrained runs/lm_pretrained --out runs/lm``.

The training itself is :mod:`recipes.lm.train`; ``--pretrained none`` starts from random weights at the same settings,
for comparison.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click
import numpy as np
import torch

from recipes.data import Corpus
from recipes.lm.train import LMTask, LMTraining, fitted, know_codebook, load_sequences
from recipes.parallel import IS_MAIN, process_device
from recipes.training import save_config, train, trained
from tts.cli_common import one_line_errors
from tts.config import load_config


@torch.inference_mode()
def held_out_loss(task: LMTask, batch_size: int = 16, n_clips: int = 200) -> float:
    """Nats a code of ``n_clips`` of the task's clips, evenly over their lengths, the advances counted in."""
    total = count = 0
    chosen = task.order[np.linspace(0, len(task.order) - 1, min(n_clips, len(task.order))).astype(int)]
    for begin in range(0, len(chosen), batch_size):
        hidden, wanted = task.hidden(chosen[begin : begin + batch_size], 0.0)
        nll = task.lm.head.nll(hidden, wanted)
        total, count = total + float(nll.sum()), count + len(wanted)
    return total / count


@click.command()
@click.option("--pretrained", default="runs/lm_pretrained", show_default=True, help="A run of stage 1, or none.")
@click.option("--corpus", type=click.Path(path_type=Path), default=Path("runs/corpus"), show_default=True)
@click.option("--codes", type=click.Path(path_type=Path), default=Path("runs/lm/codes.npz"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm"), show_default=True)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=Path(__file__).with_name("config.yaml")
)
@click.option("--steps", type=int, help="Instead of the configuration's.")
@click.option("--device", default="cpu", show_default=True)
@one_line_errors
def main(
    pretrained: str, corpus: Path, codes: Path, out: Path, config_file: Path, steps: int | None, device: str
) -> None:
    """Fine-tune the language model and print its loss on validation clips; run again to resume."""
    config = fitted(load_config(LMTraining, config_file), codes)
    settings = config.train if steps is None else replace(config.train, steps=steps)
    torch.manual_seed(settings.seed)
    clips = Corpus(corpus, "train")
    sequences = load_sequences(clips, codes, "train", config.frame_rate)
    place = process_device(device)
    task = LMTask(config, clips, sequences, place).to(place)
    if pretrained != "none":
        task.lm.load_state_dict(trained(Path(pretrained), "lm"))
    know_codebook(task.lm, codes, pretrained != "none")
    save_config(asdict(replace(config, train=settings)), out)
    train(task, task.losses, settings, out, place)
    if not IS_MAIN:
        return
    held_out = Corpus(corpus, "valid")
    judged = LMTask(config, held_out, load_sequences(held_out, codes, "valid", config.frame_rate), place).to(place)
    judged.lm = task.lm
    click.echo(f"validation loss {held_out_loss(judged):.4f} nats a code")


if __name__ == "__main__":
    main()
