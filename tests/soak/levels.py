"""What a process holds at a moment, and how that changes by the hour.

Must not judge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WARM_UP = 4
"""One part in so many of a run is left out of slopes: caches and pools fill then."""


@dataclass(frozen=True, slots=True)
class Level:
    """What an engine holds when nothing runs."""

    at_s: float
    resident_bytes: int
    descriptors: int
    tasks: int
    threads: int
    objects: int
    """Objects that the garbage collector knows."""
    catalog_bytes: int = 0
    log_bytes: int = 0
    journals: int = 0


@dataclass(frozen=True, slots=True)
class Slope:
    """Change by the hour with its standard error."""

    by_hour: float
    error: float

    def text(self, unit_size: float = 1.0, unit: str = "") -> str:
        """Return it for a table."""
        return f"{self.by_hour / unit_size:+.2f} ± {self.error / unit_size:.2f}{unit} an hour"


def slope(levels: Sequence[Level], name: str) -> Slope:
    """Return the least-squares slope of one figure of ``levels``, after the warm-up."""
    used = levels[len(levels) // WARM_UP :]
    if len(used) < 3:
        return Slope(0.0, 0.0)
    points = [(each.at_s / 3600, float(getattr(each, name))) for each in used]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return Slope(0.0, 0.0)
    by_hour = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - by_hour * (x - mean_x)) ** 2 for x, y in points)
    return Slope(by_hour, math.sqrt(rest / (len(points) - 2) / spread))


def excess(levels: Sequence[Level], name: str) -> int:
    """Return by how much the last level is above the highest of the warm-up."""
    warm = levels[: max(1, len(levels) // WARM_UP)]
    return int(getattr(levels[-1], name)) - max(int(getattr(each, name)) for each in warm)
