"""Work shared by processes, each computing on one thread."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def shared_map(
    processes: int, begin: Callable[..., object] | None = None, arguments: tuple = ()
) -> Iterator[Callable[..., Iterator[Any]]]:
    """A ``map`` whose calls ``processes`` fresh processes share, after ``begin(*arguments)`` in each; a single one is
    this. What has not begun is dropped when the context ends. Raises ``BrokenProcessPool`` when one cannot begin.
    """
    if processes == 1:
        if begin is not None:
            begin(*arguments)
        yield map
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    workers = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), begin, arguments)
    try:
        yield workers.map
    finally:
        workers.shutdown(cancel_futures=True)
