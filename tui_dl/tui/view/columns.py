"""Which columns the list has at a width. Pure arithmetic.

80 columns are a first-class size: there the list keeps name, status, bar, rate and the
time left. Numbers have a fixed width, so they do not dance; the name takes the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

GUTTER = 3
"""Cells before the name: the cursor's mark, the selection's mark, a space."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column; 0 is a column that is not shown."""

    width: int
    name: int
    status: int
    bar: int = 0
    percent: int = 0
    size: int = 0
    rate: int = 0
    left: int = 0
    connections: int = 0

    @property
    def numbers(self) -> int:
        """Cells between the status and the last cell of the line: room for a sentence."""
        return max(0, self.width - GUTTER - self.name - 2 - self.status - 2)


@lru_cache(maxsize=64)
def columns_for(width: int) -> Columns:
    """Return the columns of a list that is ``width`` cells wide (0 and up)."""
    if width >= 112:
        bar = min(40, 14 + (width - 112) // 2)
        return _fill(width, status=16, bar=bar, percent=4, size=9, rate=12, left=11, connections=5)
    if width >= 100:
        return _fill(width, status=14, bar=12, percent=4, size=9, rate=10, left=11, connections=5)
    if width >= 76:
        return _fill(width, status=14, bar=12, percent=4, rate=10, left=8)
    if width >= 60:
        return _fill(width, status=14, bar=8, percent=4, rate=10)
    if width >= 34:
        return _fill(width, status=14, percent=4)
    return _fill(width, status=1, percent=4)


def _fill(
    width: int,
    *,
    status: int,
    bar: int = 0,
    percent: int = 0,
    size: int = 0,
    rate: int = 0,
    left: int = 0,
    connections: int = 0,
) -> Columns:
    """Give the name what the fixed columns, each with one cell before it, leave over."""
    fixed = sum(
        cells + (1 if bar_like else 0)
        for cells, bar_like in (
            (bar, bar > 0),
            (percent, percent > 0),
            (size, False),
            (rate, False),
            (left, False),
            (connections, False),
        )
    )
    name = max(0, width - GUTTER - 2 - status - fixed - 1)
    return Columns(width, name, status, bar, percent, size, rate, left, connections)
