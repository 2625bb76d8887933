"""Measure on a number of cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def on_cores(n: int) -> Iterator[None]:
    """Run this thread, and the processes it starts, on the first ``n`` of its cores.

    A model on one computing thread still uses two cores when it works in two threads. Where the system cannot bind a
    process to cores (it can on Linux), nothing changes.

    Raises:
        RuntimeError: there are fewer cores.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    if n > len(before):
        raise RuntimeError(
            f"{n} cores are to be measured and this process has {len(before)}; give --cores {len(before)}"
        )
    os.sched_setaffinity(0, sorted(before)[:n])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
