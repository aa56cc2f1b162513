"""Bars and graphs as text: pure functions from numbers to block glyphs.

Every bar can be read without colour: done and missing parts differ in shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tui_dl.tui.view.ink import Ink, Line, Span

LEVELS = " ▁▂▃▄▅▆▇█"


def progress_bar(fraction: float | None, cells: int, ink: Ink) -> Line:
    """Return a bar of exactly ``cells``, filled to ``fraction``; ``None`` is an empty track.

    It never looks full before the last byte, nor empty once something has arrived.
    """
    if cells <= 0:
        return ()
    if fraction is None:
        return (("╌" * cells, Ink.TRACK),)
    halves = int(fraction * cells * 2)
    if fraction < 1.0:
        halves = min(halves, cells * 2 - 1)
    if fraction > 0.0:
        halves = max(halves, 1)
    whole, half = divmod(halves, 2)
    done = "━" * whole + ("╸" if half else "")
    rest = cells - len(done)
    spans: list[Span] = []
    if done:
        spans.append((done, ink))
    if rest:
        spans.append(("─" * rest, Ink.TRACK))
    return tuple(spans)


def spark(samples: Sequence[float], cells: int) -> str:
    """Return one line of exactly ``cells`` with the newest sample at its right end.

    The scale runs from 0 to the peak of what is shown, so that a steady rate is a
    full, calm bar. Anything above 0 shows at least the lowest level.
    """
    if cells <= 0:
        return ""
    shown = list(samples[-cells:])
    peak = max(shown, default=0.0)
    glyphs = "".join(LEVELS[_level(value, peak, 8)] for value in shown)
    return glyphs.rjust(cells)


def graph(samples: Sequence[float], cells: int, rows: int, peak: float) -> list[str]:
    """Return ``rows`` lines of exactly ``cells``: columns of eighths, oldest at the left.

    ``peak`` is the value of a full column; longer histories than ``cells`` are averaged
    so that the whole history always fits. A short one grows to the right.
    """
    if cells <= 0 or rows <= 0:
        return []
    columns = [_level(v, peak, rows * 8) for v in resampled(samples, cells)]
    columns += [0] * (cells - len(columns))
    return [
        "".join(LEVELS[min(8, max(0, level - (rows - 1 - row) * 8))] for level in columns)
        for row in range(rows)
    ]


def resampled(samples: Sequence[float], cells: int) -> list[float]:
    """Return at most ``cells`` values; neighbours are averaged when there are more."""
    count = len(samples)
    if count <= cells:
        return list(samples)
    edges = [round(index * count / cells) for index in range(cells + 1)]
    return [sum(samples[a:b]) / (b - a) for a, b in pairwise(edges)]


def _level(value: float, peak: float, levels: int) -> int:
    if value <= 0 or peak <= 0:
        return 0
    return max(1, min(levels, round(value / peak * levels)))
