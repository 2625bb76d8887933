"""The benchmark and the side-by-side one: a fresh process speaks, the judges (here stand-ins) hear what it said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recipes import benchmark
from recipes import compare as side_by_side
from recipes.cores import on_cores
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
    assert "| facet, 1 core |" in side_by_side.comparison_table(result)


def test_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "SYSTEMS", ("facet",))
    monkeypatch.setattr("recipes.judges.Whisper", lambda threads: None)
    with pytest.raises(RuntimeError, match="no model"):
        side_by_side.compare(str(tmp_path / "none"), ["Hello."], (1,), cold_runs=1)


def test_benchmark(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "texts", lambda max_minutes: {"a text": "Hello. Good morning."})
    monkeypatch.setattr(benchmark, "cold_start", lambda model: [2.0, 1.0, 1.0])
    result = benchmark.benchmark(str(tiny_model), 1.0, (1,))
    (row,) = result["rows"]
    assert row["real_time_factor"] == pytest.approx(row["say_s"] / row["audio_s"])
    assert row["first_audio_s"] > 0 and row["peak_rss_mb"] > 100
    assert sum(row["stage_factors"].values()) > 0
    whole, cold = benchmark.tables(result)
    assert "| a text, 1 core " in whole and f"{row['peak_rss_mb']:.0f} |" in whole
    assert "1.00 |" in cold


def test_benchmark_texts() -> None:
    texts = benchmark.texts(1.0)
    assert list(texts) == ["short sentence", "long sentence", "text of 5 s", "text of 15 s", "text of 60 s"]
    assert len(texts["short sentence"]) < 40 < 100 < len(texts["long sentence"]) < 240
    assert len(texts["text of 60 s"]) == pytest.approx(900, rel=0.2)
    assert "text of 0.6 s" in benchmark.texts(0.01)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_on_cores() -> None:
    before = os.sched_getaffinity(0)
    with on_cores(1):
        told = subprocess.run([sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"], capture_output=True)
        assert told.stdout.split() == [str(min(before)).encode()]
    assert os.sched_getaffinity(0) == before
    with pytest.raises(RuntimeError, match=f"give --cores {len(before)}$"), on_cores(len(before) + 1):
        pass
