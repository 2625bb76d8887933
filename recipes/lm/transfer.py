"""Teach a trained language model another codec's codes: ``python -m recipes.lm.transfer --init facet-nano --before
BEFORE.npz --codes CODES.npz --out runs/lm-start``.

What it knows of phonemes, voices, styles and timing is kept; what reads codes is fitted, so that a new code comes in
as the mean of the old ones that were at its places did; what writes them starts anew. Both files hold the codes of the
same clips (:mod:`recipes.lm.prepare`), at the same rate; an hour of speech is plenty. The run that is written is a
start for :mod:`recipes.lm.train` (``--init``), no speaker yet.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor

from recipes.codec.codes import read_points
from recipes.lm.train import know_codebook
from recipes.start import sizes_of, start_from
from recipes.training import check_new, save_trained
from tts.cli_common import one_line_errors
from tts.lm.model import LM, LMConfig

RIDGE = 1.0  # pulls rows of tables that few places are seen of to nothing, in places
WRITTEN = ("head.outputs.", "head.inputs.", "head.places.", "head.aims.", "head.centres", "head.spans")
READ = ("code.", "code_digits.")


def same_places(before: Path, codes: Path) -> tuple[Tensor, Tensor]:
    """Codes (N,) of the training clips of two codecs, place by place.

    Raises:
        ValueError: the files are of different clips, or the codecs of different rates.
    """
    pairs = []
    for path in (before, codes):
        with np.load(path) as arrays:
            pairs.append((arrays["train"].astype(np.int64), arrays["train_lengths"]))
    (old, old_lengths), (new, new_lengths) = pairs
    if not np.array_equal(old_lengths, new_lengths):
        raise ValueError(f"{before} and {codes} are not codes of the same clips at the same rate")
    return torch.from_numpy(old), torch.from_numpy(new)


@torch.no_grad()
def fit_reading(lm: LM, teacher: LM, old: Tensor, new: Tensor) -> float:
    """Fit what ``lm`` embeds codes ``new`` (N,) with to what ``teacher`` makes of ``old`` (N,), by least squares;
    returns the share of the variance that is left over.
    """
    wanted = teacher.embed_codes(old).double()
    mean = wanted.mean(0)
    sizes = lm.head.table_sizes
    first = np.cumsum([lm.head.point_dim, *sizes])
    rows = lm.head.rows(new) + torch.tensor(first[:-1])
    gram = torch.zeros(int(first[-1]), int(first[-1]), dtype=torch.double)
    across = torch.zeros(int(first[-1]), wanted.shape[1], dtype=torch.double)

    def features(part: slice) -> Tensor:
        x = torch.zeros(len(new[part]), int(first[-1]), dtype=torch.double).scatter_(1, rows[part], 1.0)
        x[:, : lm.head.point_dim] = lm.head.points(new[part])
        return x

    parts = [slice(begin, begin + 8192) for begin in range(0, len(new), 8192)]
    for part in parts:
        x = features(part)
        gram += x.T @ x
        across += x.T @ (wanted[part] - mean)
    found = torch.linalg.solve(gram + RIDGE * torch.eye(len(gram), dtype=torch.double), across)
    left = sum(float((features(p) @ found - (wanted[p] - mean)).square().sum()) for p in parts)
    point, *tables = found.split([lm.head.point_dim, *sizes])
    lm.code.weight.copy_(point.T)
    lm.code.bias.copy_(mean)
    for table, rows_of in zip(lm.code_digits, tables, strict=True):
        table.weight.copy_(rows_of)
    return left / float((wanted - mean).square().sum())


def transfer(init: str, before: Path, codes: Path) -> tuple[LM, float]:
    """A language model for ``codes`` that knows what that of ``init`` knows; what :func:`fit_reading` left over.

    Raises:
        ValueError: as :func:`same_places`, or no such language model.
    """
    sizes, points = sizes_of(init, "lm", LMConfig), read_points(codes)
    teacher = LM(sizes)
    start_from(teacher, init, "lm")
    lm = LM(replace(sizes, code_dim=0 if points is None else points.shape[1]))
    state = lm.state_dict()
    kept = {k: v for k, v in teacher.state_dict().items() if not k.startswith((*WRITTEN, *READ))}
    lm.load_state_dict(state | kept)
    know_codebook(lm, codes, started=False)
    with torch.no_grad():  # when a phoneme ends is no matter of codes
        lm.head.outputs[0].weight[lm.head.advance] = teacher.head.outputs[0].weight[teacher.head.advance]
        lm.head.outputs[0].bias[lm.head.advance] = teacher.head.outputs[0].bias[teacher.head.advance]
    return lm, fit_reading(lm, teacher, *same_places(before, codes))


@click.command()
@click.option("--init", required=True, help="Whose language model: a model (directory, name or hub id) or a run.")
@click.option("--before", type=click.Path(path_type=Path, exists=True), required=True, help="Codes that it knows.")
@click.option("--codes", type=click.Path(path_type=Path, exists=True), required=True, help="Codes to learn.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/lm-start"), show_default=True)
@one_line_errors
def main(init: str, before: Path, codes: Path, out: Path) -> None:
    """Write a start for a language model of other codes."""
    check_new(out)
    torch.manual_seed(0)
    lm, left = transfer(init, before, codes)
    save_trained(lm.state_dict(), "lm", asdict(lm.config), out)
    click.echo(f"{out}: {left:.3f} of the variance of the codes' embeddings is left over")


if __name__ == "__main__":
    main()
