"""Speaks a text in a fresh process and reports times and memory, so that nothing loaded by the caller counts.

`run_fresh` is the caller's side; ``python -m recipes.fresh`` is the process itself: a job (JSON) on stdin, a report on
stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, TypedDict

CHARS_PER_SECOND = 15.0  # of English text, spoken neutrally
ROOT = Path(__file__).resolve().parent.parent


class Job(TypedDict, total=False):
    """What to speak: `text` with `model` on `threads`; `save` is a .npy file; `first_audio` also times streaming."""

    model: str
    text: str
    threads: int
    save: str
    first_audio: bool


def run_fresh(job: Job | dict[str, Any], module: str = "recipes.fresh") -> dict[str, Any]:
    """Has a fresh process, `module` run as a program, do `job`; its report (seconds, MB): `_report`.

    Raises:
        RuntimeError: the process failed; with the end of what it said.
    """
    threads = str(job.get("threads", 1))
    env = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), str(ROOT), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"speaking in a fresh process failed:\n{done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def peak_rss_mb() -> float:
    """Most memory that this process has held, MB (2**20 bytes)."""
    try:  # of this program alone: ru_maxrss also counts the process it was forked from
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (FileNotFoundError, IndexError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 1024)


def _report(job: Job) -> dict[str, Any]:
    """Does the job: seconds to import, load, warm up, speak and to the first audio; stages; peak memory."""
    start = time.perf_counter()
    import numpy as np
    import torch

    from tts import Synthesizer

    torch.set_num_threads(job.get("threads", 1))
    imported = time.perf_counter()
    synth = Synthesizer.from_pretrained(job["model"])
    loaded = time.perf_counter()
    rss_loaded = peak_rss_mb()
    synth.say("Good morning.", seed=0)
    warm = time.perf_counter()
    report: dict[str, Any] = {"import_s": imported - start, "load_s": loaded - imported, "warm_up_s": warm - loaded}
    if job.get("first_audio"):
        start = time.perf_counter()
        chunks = synth.stream(job["text"], seed=0)
        next(iter(chunks))
        report["first_audio_s"] = time.perf_counter() - start
        getattr(chunks, "close", lambda: None)()
    start = time.perf_counter()
    audio = synth.say(job["text"], seed=0)
    report["say_s"] = time.perf_counter() - start
    report |= {
        "audio_s": len(audio.samples) / audio.sample_rate,
        "sample_rate": audio.sample_rate,
        "stage_times": dict(synth.stage_times),
        "rss_loaded_mb": rss_loaded,
        "peak_rss_mb": peak_rss_mb(),
    }
    if "save" in job:
        np.save(job["save"], np.asarray(audio.samples, dtype=np.float32))
    return report


if __name__ == "__main__":
    print(json.dumps(_report(json.load(sys.stdin))))
