"""Which columns the list has at a width. Pure arithmetic.

80 columns are a first-class size: there the list keeps name, status, bar, rate and the
time left. Numbers have a fixed width, so they do not dance; the name takes the rest.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from tui_dl.domain.quick_dataclass import dataclass

GUTTER = 3
"""Cells before the name: the cursor's mark, the selection's mark, a space."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column; 0 is a column that is not shown."""

    width: int
    name: int
    status: int
    source: int = 0
    bar: int = 0
    percent: int = 0
    size: int = 0
    rate: int = 0
    left: int = 0
    connections: int = 0

    @property
    def numbers(self) -> int:
        """Cells behind the status and the space after it: room for a sentence."""
        return max(0, self.width - GUTTER - self.name - self.source - 2 - self.status - 1)


@lru_cache(maxsize=64)
def columns_for(width: int) -> Columns:
    """Return the columns of a list that is ``width`` cells wide (0 and up).

    The list is one cell narrower than the terminal: its scroll bar has a place of its own.
    """
    if width >= 149:
        bar = min(48, 22 + (width - 149) // 2)
        source = min(32, 22 + (width - 149) // 5)
        wide = _fill(width - source, 17, bar, 4, size=10, rate=13, left=12, connections=6)
        return replace(wide, width=width, source=source)
    if width >= 111:
        bar = min(32, 14 + (width - 111) // 2)
        return _fill(width, 17, bar, 4, size=9, rate=13, left=11, connections=6)
    if width >= 99:
        return _fill(width, 17, 12, 4, size=9, rate=10, left=11, connections=5)
    if width >= 76:
        return _fill(width, 17, 10, 4, rate=10, left=10)
    if width >= 59:
        return _fill(width, 14, 8, 4, rate=10)
    if width >= 34:
        return _fill(width, 14, 0, 4)
    return _fill(width, 1, 0, 4)


def _fill(
    width: int,
    status: int,
    bar: int,
    percent: int,
    *,
    size: int = 0,
    rate: int = 0,
    left: int = 0,
    connections: int = 0,
) -> Columns:
    """Give the name what the fixed columns leave over."""
    fixed = 2 + status + (bar and bar + 1) + percent + 1 + size + rate + left + connections
    name = max(0, width - GUTTER - fixed)
    return Columns(width, name, status, 0, bar, percent, size, rate, left, connections)
