"""The evaluation of prompted speech, on made-up recordings and a synthesiser of tones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from fake_judges import FakeWhisper
from test_prompts import tone, vectors

from prompts.prompt import Prompt
from prompts.vectors import PromptVectors
from recipes.evaluation.emotions import MEASURES, targets
from recipes.evaluation.prompted import EmotionJudge, Prompted, evenly, reference_changes, right_way, styles_table
from recipes.evaluation.prompted_voices import mixes_table
from tts.style import emotion_vector, vector_style


class Tones:
    """Speaks every text as the same buzz, at the pitch and level of the style."""

    def encode(self, prompt: Prompt | PromptVectors) -> PromptVectors:
        return prompt if isinstance(prompt, PromptVectors) else prompt.parts[0][1].value

    def say_many(self, texts: list[str], seed: int, style: Any = None, intensity: float = 1.0) -> list[SimpleNamespace]:
        if not isinstance(style, torch.Tensor):
            style = torch.zeros(10) if style is None else self.encode(style).style
        how = vector_style(intensity * style)
        wave = tone(1.5, 150.0 * 2 ** (how.pitch / 12)) * 10 ** (how.level / 20)
        return [SimpleNamespace(samples=wave, sample_rate=24000) for _ in texts]


def test_emotions_take_turns() -> None:
    rows = [("sad", i) for i in range(9)] + [("angry", i) for i in range(2)]
    assert [emotion for emotion, _ in evenly(rows, 5)] == ["angry", "sad", "angry", "sad", "sad"]
    assert evenly([], 5) == []


def test_right_way_counts_what_is_wanted_to_move() -> None:
    still = [0.0] * len(MEASURES)
    wanted, got = list(still), list(still)
    wanted[1], wanted[3] = 4.0, -5.0
    got[0], got[1], got[3] = 9.0, 0.1, 0.1
    assert right_way(tuple(got), tuple(wanted)) == (1, 2)
    assert right_way((np.nan,) * len(MEASURES), tuple(wanted)) == (0, 2)


def test_a_voice_is_compared_to_its_other_neutral_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    from recipes.evaluation import prompted

    def row(voice: str, emotion: str, value: float) -> dict:
        return {"voice_name": voice, "emotion": emotion, "intensity": 1.0, "value": value}

    rows = [row("a", "neutral", 1.0), row("a", "neutral", 3.0), row("a", "sad", 7.0)]
    rows += [row("b", "neutral", 0.0), row("b", "sad", 1.0), row("c", "sad", 2.0)]
    monkeypatch.setattr(prompted, "measure", lambda clip: clip)
    monkeypatch.setattr(prompted, "absolute", lambda row: (row["value"],) * len(MEASURES))
    changes, emotions, voices = reference_changes(SimpleNamespace(rows=rows, clip=lambda row: row))
    assert changes[:, 0].tolist() == [-2.0, 2.0, 5.0, 1.0]
    assert emotions == ["neutral", "neutral", "sad", "sad"] and voices == ["a", "a", "a", "b"]


def judged() -> EmotionJudge:
    """A judge of two emotions that differ in everything."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    means = {"neutral": np.zeros(6), "angry": np.array(targets()["angry"])}
    emotions = [name for name in means for _ in range(30)]
    changes = np.stack([means[name] + rng.normal(0, 0.02, 6) for name in emotions])
    return EmotionJudge(changes, emotions, [str(i % 6) for i in range(60)])


def test_the_judge_is_scored_on_voices_it_does_not_know() -> None:
    judge = judged()
    assert judge.score == pytest.approx(1.0)
    assert judge.read(np.array(targets()["angry"])) == ["angry"]
    with pytest.raises(ValueError, match="the reference has 2 voices with neutral speech; the judge needs 5"):
        EmotionJudge(np.zeros((4, 6)), ["neutral", "sad"] * 2, ["a", "a", "b", "b"])


def test_a_table_of_prompted_styles() -> None:
    pytest.importorskip("parselmouth")
    bench: Any = SimpleNamespace(synth=Tones(), whisper=FakeWhisper())
    made = [
        Prompted("speech", Prompt.vectors(vectors("angry")), "angry"),
        Prompted("text", Prompt.vectors(vectors("angry", stated=(1.0, 0.0))), "angry"),  # says nothing of the style
        Prompted("told", emotion_vector("angry"), "angry"),
    ]
    lines = styles_table(bench, made, judged(), 2).splitlines()
    cells = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]] for line in lines if "|" in line}
    assert cells["speech"][0] == "1" and float(cells["speech"][1]) > 0 and cells["text"][1] == "0.00"
    assert cells["told"][:2] == cells["speech"][:2] and cells["told"][-1] == cells["speech"][-1]
    assert cells["judge on recordings"][-1] == "1.00" and "face" not in cells


def test_a_table_of_mixes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("parselmouth")
    monkeypatch.setattr(Prompt, "text", staticmethod(lambda emotion: Prompt.vectors(vectors(emotion))))

    class Mixing(Tones):
        def encode(self, prompt: Prompt | PromptVectors) -> PromptVectors:
            from prompts.vectors import mix

            if isinstance(prompt, PromptVectors):
                return prompt
            return mix([(weight, source.value) for weight, source in prompt.parts])

    bench: Any = SimpleNamespace(synth=Mixing())
    lines = mixes_table(bench, 1).splitlines()
    pitch = {line.split("|")[1].strip(): line.split("|")[3].strip() for line in lines if line.startswith("|")}
    assert pitch["calm to angry, weights 0 to 1"] == "1.00" and pitch["angry, intensity 0 to 2"] == "1.00"
    assert pitch["sad, intensity 0 to 2"] == "-"  # its pitch hardly moves


def test_retrieval_by_items_and_by_cells() -> None:
    from recipes.evaluation.prompts import Items, retrieve

    def items(*rows: tuple[str, int, float]) -> Items:
        angles = torch.tensor([angle for *_, angle in rows])
        found = torch.stack([angles.cos(), angles.sin()], dim=1)
        return Items(found, found, found, [e for e, *_ in rows], [s for _, s, _ in rows])

    gallery = items(("sad", 0, 0.0), ("sad", 2, 0.4), ("happy", 1, 1.5), ("happy", 1, 1.7), ("neutral", 1, 3.0))
    queries = items(("sad", 1, 0.45), ("happy", 1, 1.4), ("happy", 2, 0.5), ("neutral", 1, 2.9))
    assert retrieve(queries, gallery, ("sad", "happy")) == (0.75, 0.75)
    names, means = gallery.cells()
    assert names == ["happy", "neutral", "sad", "sad"] and torch.allclose(means.norm(dim=1), torch.ones(4))
    # Ten times as many neutral ones must not draw everything to neutral: equally many of each count.
    crowd = items(*[("neutral", 1, a) for a in (0.5, 1.0, 1.2, 1.3, 3.0)], ("happy", 1, 1.35), ("happy", 1, 1.6))
    assert retrieve(items(("happy", 1, 1.42)), crowd, ("neutral", "happy"))[0] == 1.0


def test_known_voices_are_not_unseen() -> None:
    from recipes.corpus.draw import is_unseen

    assert [is_unseen(name) for name in ("pool-12", "pool-13", "mix-24", "ada", "fresh-612")] == [
        True,
        False,
        True,
        False,
        False,
    ]
