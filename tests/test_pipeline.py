"""The pipeline: order, side by side, going on, failing; on stages that only write files."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path

import click
import pytest

from recipes import pipeline
from recipes.pipeline import Stage, run, stages


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Modules that note when they began and ended; ``broken`` fails, ``slow`` takes its time."""
    folder = tmp_path / "modules"
    folder.mkdir()
    note = "import sys, time\nlog = open(sys.argv[1], 'a')\n"
    (folder / "quick.py").write_text(note + "print('begin', sys.argv[2], file=log)\n")
    (folder / "slow.py").write_text(note + "time.sleep(60)\nprint('slow', file=log)\n")
    (folder / "broken.py").write_text("raise SystemExit('no such thing')\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return tmp_path


def quick(name: str, log: Path, *needs: str) -> Stage:
    return Stage(name, "quick", (str(log), name), needs, configurable=False, on_device=False)


def test_stages_wait_for_what_they_need_and_are_not_run_twice(scripts: Path) -> None:
    log = scripts / "log"
    listed = [quick("c", log, "a", "b"), quick("a", log), quick("b", log, "a")]
    for _ in range(2):
        assert run(listed, scripts / "runs", None, "cpu", 2, None)
    assert log.read_text().split() == ["begin", "a", "begin", "b", "begin", "c"]


def test_a_stage_is_run_again_when_it_changes_or_what_it_needs_does(scripts: Path) -> None:
    log, runs = scripts / "log", scripts / "runs"

    def made(*listed: Stage) -> list[str]:
        log.write_text("")
        assert run(list(listed), runs, None, "cpu", 1, None)
        return log.read_text().replace("begin", "").split()

    a, c = quick("a", log), quick("c", log, "a")
    assert made(a, c) == ["a", "c"] and made(a, c) == []
    later = quick("c", log, "a", "b")
    assert made(a, quick("b", log), later) == ["b", "c"]  # as the release once there are prompts
    assert made(Stage("a", "quick", (str(log), "a", "more"), (), False, False), c) == ["a", "c"]
    (runs / "done" / "c").unlink()
    assert made(Stage("a", "quick", (str(log), "a", "more"), (), False, False), c) == ["c"]


def test_what_a_stage_started_ends_with_it(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "GRACE_S", 0.0)
    lock = scripts / "lock"
    child = f"import fcntl, time; fcntl.flock(open({str(lock)!r}, 'w'), fcntl.LOCK_EX); time.sleep(60)"
    (scripts / "modules" / "parent.py").write_text(
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)\n"
    )
    parent = Stage("corpus", "parent", (), (), configurable=False, on_device=False)
    assert not run([parent], scripts / "runs", None, "cpu", 1, 0.02)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # waits for ever where the child lives on


def test_who_is_asked_to_end_ends_what_runs(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Stage("lm", "slow", (str(scripts / "log"),), (), configurable=False, on_device=False)
    monkeypatch.setattr(time, "sleep", lambda seconds: os.kill(os.getpid(), signal.SIGTERM))
    started = []
    start = pipeline.start
    monkeypatch.setattr(pipeline, "start", lambda *arguments: started.append(start(*arguments)) or started[-1])
    assert not run([slow], scripts / "runs", None, "cpu", 1, None)
    assert [job.process.returncode for job in started] == [-signal.SIGTERM]


def test_a_failure_says_which_and_why_and_stops_the_rest(scripts: Path) -> None:
    log = scripts / "log"
    broken = Stage("codec", "broken", (), (), configurable=False, on_device=False)
    with pytest.raises(click.ClickException, match=r"codec failed .*no such thing"):
        run([broken, quick("lm", log, "codec")], scripts / "runs", None, "cpu", 2, None)
    assert not log.exists()


def test_a_call_ends_in_time_and_the_next_goes_on(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = scripts / "log"
    monkeypatch.setattr(pipeline, "GRACE_S", 0.0)
    slow = Stage("lm", "slow", (str(log),), ("codec",), configurable=False, on_device=False)
    begun = time.monotonic()
    assert not run([quick("codec", log), slow], scripts / "runs", None, "cpu", 1, 0.02)
    assert time.monotonic() - begun < 30
    assert run([quick("codec", log), quick("lm", log, "codec")], scripts / "runs", None, "cpu", 1, None)
    assert log.read_text().split() == ["begin", "codec", "begin", "lm"]


def needed_by(listed: list[Stage], name: str) -> list[str]:
    """Everything that must be done before a stage."""
    needs = next(stage.needs for stage in listed if stage.name == name)
    return [*needs, *(before for need in needs for before in needed_by(listed, need))]


@pytest.mark.parametrize("refined", [False, True])
def test_every_stage_of_the_default_model_takes_the_arguments_it_is_given(tmp_path: Path, refined: bool) -> None:
    import importlib

    listed = stages(tmp_path, tmp_path, tmp_path / "runs", 1.0, tmp_path / "model", refined)
    names = {stage.name for stage in listed}
    assert ("reflow" in names) == ("--refiner" in listed[-1].arguments) == refined  # not one that an earlier call left
    last = {need for stage in listed for need in stage.needs} ^ names
    assert last == {"release"}  # which waits for all that it collects
    assert {"teacher", "codec", "codes", "lm", "vocoder", "aligner", "prompts"} < set(needed_by(listed, "release"))
    blended = stages(tmp_path, tmp_path, tmp_path / "runs", 1.0, tmp_path / "model", refined, tmp_path)
    assert {s.name for s in blended} - names == {"speakers"}
    assert "speakers" in needed_by(blended, "codec") and "--kokoro" not in blended[0].arguments
    for stage in [*listed, blended[1]]:
        assert names.issuperset(stage.needs)
        command = importlib.import_module(stage.module).main
        more = ["--config", str(tmp_path / "x.yaml")] if stage.configurable else []
        more += ["--device", "cpu"] if stage.on_device else []
        command.make_context(stage.name, [*stage.arguments, *more])  # raises where an option does not exist


def test_more_hours_than_numbers_of_shards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="200 hours are too many: give at most 180"):
        stages(tmp_path, None, tmp_path / "runs", 200.0, tmp_path / "model", False)
