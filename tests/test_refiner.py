"""The flow's solvers on flows with a known end, and the refiner's shapes and reach."""

from __future__ import annotations

import pytest
import torch
from conftest import TINY_REFINER

from tts.config import AUDIO
from tts.style import STYLE_DIM, VOICE_DIM
from vocoder.flow import flow_loss, solve
from vocoder.noise import FrameNoise
from vocoder.refiner import Refiner


def test_a_straight_flow_is_solved_in_one_step() -> None:
    start, end = torch.randn(2, 3, 4, 5)
    for solver in ("euler", "midpoint"):
        for steps in (1, 8):
            assert torch.allclose(solve(lambda x, t: end - start, start, steps, solver), end, atol=1e-5)


def test_a_curved_flow_is_solved_better_by_more_steps_and_by_midpoint() -> None:
    start = torch.randn(2, 3, 4)
    truth = start * torch.e  # dx/dt = x

    def error(steps: int, solver: str) -> float:
        return float((solve(lambda x, t: x, start, steps, solver) - truth).abs().max())

    assert error(8, "euler") < error(2, "euler") / 2
    assert error(2, "midpoint") < error(4, "euler")


def test_the_solver_is_told_the_time() -> None:
    seen: list[float] = []

    def velocity(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        seen.extend(t.tolist())
        return torch.zeros_like(x)

    solve(velocity, torch.zeros(1, 1, 1), 4)
    assert seen == [0.0, 0.25, 0.5, 0.75]


def test_the_loss_is_zero_for_the_true_velocity_only() -> None:
    start, data = torch.randn(2, 3, 4, 5)
    t = torch.rand(3)
    assert float(flow_loss(lambda x, t: data - start, start, data, t)) == 0
    assert float(flow_loss(lambda x, t: data, start, data, t)) > 0.1


@pytest.mark.parametrize(
    ("steps", "solver", "message"), [(0, "euler", "n_steps 0"), (1, "rk9", "unknown solver 'rk9'")]
)
def test_bad_solvers(steps: int, solver: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solve(lambda x, t: x, torch.zeros(1, 1, 1), steps, solver)


def test_the_refiner_reaches_no_further_than_its_context() -> None:
    torch.manual_seed(0)
    refiner = Refiner(TINY_REFINER).eval()
    torch.nn.init.normal_(refiner.head.weight)
    frames, at = 80, 40
    mel, noise = torch.randn(2, 1, AUDIO.n_mels, frames)
    voice, style = torch.zeros(1, VOICE_DIM), torch.zeros(1, STYLE_DIM)
    changed = mel.clone()
    changed[..., at] += 1
    moved = (refiner.refine(mel, voice, style, noise) != refiner.refine(changed, voice, style, noise))[0].any(0)
    reach = moved.nonzero()[:, 0]
    assert int(reach.min()) == at - refiner.context and int(reach.max()) == at + refiner.context


def test_noise_is_the_same_in_pieces() -> None:
    def noise() -> FrameNoise:
        return FrameNoise(torch.Generator().manual_seed(3), 5)

    whole, pieces = noise().draw(100), noise()
    assert torch.equal(torch.cat([pieces.draw(n) for n in (1, 30, 0, 16, 53)]), whole)
