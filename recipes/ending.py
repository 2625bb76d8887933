"""Ending in good order when the process is asked to."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def asked_to_end() -> Iterator[list[int]]:
    """A list that is empty until the process is sent SIGTERM, which does not end it meanwhile."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # others cannot watch signals
        yield asked
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)
