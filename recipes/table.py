"""Plain text tables and progress for the recipes' reports."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def cell(value: object, digits: int = 2) -> str:
    """One value as a table shows it: floats rounded, NaN and None as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def table(title: str, headers: Sequence[str], rows: Iterable[Sequence[object]], digits: int = 2) -> str:
    """A table in Markdown with aligned columns: the first to the left, the others to the right."""
    cells = [list(headers), *([cell(value, digits) for value in row] for row in rows)]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(headers))]

    def line(row: Sequence[str]) -> str:
        padded = [row[0].ljust(widths[0]), *(text.rjust(w) for text, w in zip(row[1:], widths[1:], strict=True))]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join([f"{title}\n", line(cells[0]), line(rule), *map(line, cells[1:]), ""])


def progress(items: Sequence[T], label: str) -> Iterable[T]:
    """`items` with a progress bar on stderr, shown on a terminal only."""
    return tqdm(items, desc=label, disable=None, leave=False)
