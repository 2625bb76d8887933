"""A language model learns another codec's codes."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import TINY_LM

from recipes.codec.codes import write_codes
from recipes.lm import transfer
from recipes.training import save, save_config, trained
from tts.lm.model import LM, LMConfig

LEVELS = (4, 4, 4)


@pytest.fixture
def start(tmp_path: Path, tree_points: torch.Tensor) -> tuple[LM, torch.Tensor]:
    """A language model of a grid's codes in a run, codes of both codecs beside it, and which old code is which new one
    (64,)."""
    torch.manual_seed(0)
    lm = LM(replace(TINY_LM, levels=LEVELS))
    save_config({"model": asdict(lm.config)}, tmp_path / "lm")
    save({"model": {f"lm.{name}": value for name, value in lm.state_dict().items()}}, tmp_path / "lm" / "last.pt")
    became = torch.randperm(64)
    old = np.random.default_rng(0).integers(0, 64, 4000)
    clips = {"before": old, "codes": became.numpy()[old]}
    for name, made in clips.items():
        pieces = {"train": np.split(made, [1000, 1500])}
        write_codes(tmp_path / f"{name}.npz", pieces, tree_points.numpy() if name == "codes" else None)
    return lm, became


def arguments(folder: Path) -> list[str]:
    return ["--init", str(folder / "lm"), "--before", str(folder / "before.npz"), "--codes", str(folder / "codes.npz")]


def test_new_codes_are_read_as_the_old_ones_were(tmp_path: Path, start: tuple[LM, torch.Tensor]) -> None:
    before, became = start
    result = CliRunner().invoke(transfer.main, [*arguments(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert float(result.output.split(": ")[1].split()[0]) < 0.01
    after = LM(replace(before.config, code_dim=3))
    after.load_state_dict(trained(tmp_path / "out", "lm"))
    old = torch.arange(64)
    torch.testing.assert_close(after.embed_codes(became), before.embed_codes(old), atol=0.02, rtol=0.02)
    for name in ("voice.weight", "age.weight", "head.stem.weight", "backbone.layers.0.mlp.up_proj.weight"):
        assert torch.equal(after.state_dict()[name], before.state_dict()[name])
    written = [lm.head.outputs[0].weight for lm in (before, after)]
    assert torch.equal(written[0][-1], written[1][-1]) and not torch.equal(written[0][:-1], written[1][:-1])
    again = CliRunner().invoke(transfer.main, [*arguments(tmp_path), "--out", str(tmp_path / "out")])
    assert again.exit_code == 2 and "holds a run already" in again.output
    assert isinstance(after.config, LMConfig) and float(after.head.centres.abs().sum()) > 1


def test_codes_of_other_clips_are_refused(tmp_path: Path, start: tuple[LM, torch.Tensor]) -> None:
    write_codes(tmp_path / "before.npz", {"train": [np.zeros(7, int)]})
    result = CliRunner().invoke(transfer.main, [*arguments(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "are not codes of the same clips" in result.output
    assert not (tmp_path / "out").exists()
