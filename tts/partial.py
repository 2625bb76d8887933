"""Files under way: written beside their place until they are whole, and removed if the process must end before."""

from __future__ import annotations

import os
from pathlib import Path

_under_way: set[Path] = set()


def begin(path: Path) -> Path:
    """Where ``path`` is written until it is whole; of a long name only the begin, so that this one is not too long."""
    partial = path.with_name(f".{path.name[:50]}.{os.getpid()}.part")
    _under_way.add(partial)
    return partial


def end(partial: Path) -> None:
    """Remove what :func:`begin` gave, if it has not become the file meanwhile."""
    partial.unlink(missing_ok=True)
    _under_way.discard(partial)


def end_process(signal_number: int, frame: object) -> None:
    """End the process at once, for a signal, without half-written files. An exception would not do: one that is raised
    while an object is finalised is ignored by Python, and the process goes on.
    """
    for partial in list(_under_way):
        partial.unlink(missing_ok=True)
    os._exit(128 + signal_number)
