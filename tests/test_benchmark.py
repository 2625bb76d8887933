"""The side-by-side benchmark: a fresh process speaks, the judges (here stand-ins) hear what it said."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes import compare as side_by_side
from recipes.evaluation import bench
from recipes.evaluation.bench import Reading
from recipes.evaluation.clip import Clip
from recipes.wording import compare


def test_compare(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Clip] = []

    def read(clip: Clip, whisper: object) -> Reading:
        heard.append(clip)
        return Reading(clip.text, "Hello.", compare(clip.text, "Hello."), {}, clip.seconds)

    monkeypatch.setattr(side_by_side, "SYSTEMS", ("facet",))
    monkeypatch.setattr(bench, "read_clip", read)
    monkeypatch.setattr("recipes.judges.Whisper", lambda threads: None)
    result = side_by_side.compare(str(tiny_model), ["Hello.", "Good morning."], (1,), cold_runs=1)
    (row,) = result["rows"]
    assert [clip.text for clip in heard] == ["Hello.", "Good morning."]
    assert row["audio_s"] == pytest.approx(sum(clip.seconds for clip in heard))
    assert 0 < row["first_audio_s"] <= row["first_audio_worst_s"] < row["say_s"]
    assert row["judged"]["wer"] == pytest.approx(2 / 3)
    assert row["peak_rss_mb"] >= row["rss_loaded_mb"] > 100
    assert "facet, 1 thread" in side_by_side.comparison_table(result)


def test_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "SYSTEMS", ("facet",))
    monkeypatch.setattr("recipes.judges.Whisper", lambda threads: None)
    with pytest.raises(RuntimeError, match="no model"):
        side_by_side.compare(str(tmp_path / "none"), ["Hello."], (1,), cold_runs=1)
