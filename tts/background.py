"""Work done ahead in a second thread, and one compute thread for each of the two."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import torch

T = TypeVar("T")

_lock = threading.Lock()
_users = 0
_threads_before = 1

LIMIT = 128  # pieces: more than a batch of sentences has, so that the next one is spoken while they are rendered


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: at this size a second one waits longer than it computes. The process has its own number
    back when the last of all users leaves.
    """
    global _users, _threads_before
    with _lock:
        if _users == 0:
            _threads_before = torch.get_num_threads()
            torch.set_num_threads(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                torch.set_num_threads(_threads_before)


class Ahead(Generic[T]):
    """Iterates in a thread of its own, some items ahead of whoever takes them.

    Args:
        make: begins the iteration; its argument is set when nothing more is wanted, and it should end soon then.
        limit: items made before they are taken.
    """

    def __init__(self, make: Callable[[threading.Event], Iterator[T]], limit: int = LIMIT) -> None:
        self._stopped = threading.Event()
        self._items: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(limit)
        self._thread = threading.Thread(target=self._run, args=(make,), name="facet-ahead", daemon=True)
        self._thread.start()

    def _run(self, make: Callable[[threading.Event], Iterator[T]]) -> None:
        try:
            for item in make(self._stopped):
                self._put("item", item)
                if self._stopped.is_set():
                    return
            self._put("end", None)
        except BaseException as error:  # raised where the items are taken
            self._put("error", error)

    def _put(self, kind: str, item: T | BaseException | None) -> None:
        while not self._stopped.is_set():
            try:
                return self._items.put((kind, item), timeout=0.02)
            except queue.Full:
                continue

    def __iter__(self) -> Iterator[T]:
        while True:
            kind, item = self._items.get()
            if kind == "end":
                return
            if kind == "error":
                raise item  # type: ignore[misc]
            yield item  # type: ignore[misc]

    def close(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self._thread.join()
