"""The map of a file: which stretches are on disk, arriving, waiting. Pure.

Cells are bytes, so that two maps compare at once; text is made from runs of equal cells.
A cell is called done only when every byte of it is, and in part when some are: the map may
claim too little, never too much. Of a stretch that a worker has before it only the front is
called arriving.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tui_dl.domain.snapshot import SegmentSnapshot, SegmentState
from tui_dl.tui.view.ink import Ink, Line, Span

WAITING, PARTLY, RUNNING, RACED, DONE, CHECKED = range(6)

_CODE = {
    SegmentState.WAITING: WAITING,
    SegmentState.RUNNING: RUNNING,
    SegmentState.RACED: RACED,
    SegmentState.DONE: DONE,
    SegmentState.VERIFIED: CHECKED,
}

GLYPHS = "░▄▓▒█■"
"""One for each state, so that the map can be read without colour."""
INKS = (
    Ink.CHUNK_WAIT,
    Ink.CHUNK_DONE,
    Ink.CHUNK_RUN,
    Ink.CHUNK_RACED,
    Ink.CHUNK_DONE,
    Ink.CHUNK_CHECKED,
)
WORDS = ("waiting", "in part", "arriving", "raced", "on disk", "verified")


def chunk_cells(segments: Sequence[SegmentSnapshot], total_bytes: int, cells: int) -> bytes:
    """Return one state for each of ``cells`` equal stretches of the file.

    ``segments`` are in order and do not overlap; what they leave out is waiting.
    """
    if cells <= 0 or total_bytes <= 0:
        return b""
    states = bytearray(cells)
    # Only a cell at an end of a stretch has to be counted: those between are all of it.
    at_ends: dict[int, int] = {}
    unchecked: set[int] = set()
    for segment in segments:
        code, start, end = _CODE[segment.state], segment.start, segment.end
        if code == WAITING or start >= end:
            continue
        first = min(cells - 1, start * cells // total_bytes)
        last = min(cells - 1, (end - 1) * cells // total_bytes)
        if code in (RUNNING, RACED):
            front = first if code == RUNNING else last
            for cell in range(first, front + 1):
                states[cell] = max(states[cell], code)
            continue
        if first + 1 < last:
            states[first + 1 : last] = bytes([code]) * (last - first - 1)
        for cell in {first, last}:
            cell_start, cell_end = _stretch(cell, total_bytes, cells)
            here = min(end, cell_end) - max(start, cell_start)
            at_ends[cell] = at_ends.get(cell, 0) + here
            if code == DONE:
                unchecked.add(cell)
    for cell, arrived in at_ends.items():
        cell_start, cell_end = _stretch(cell, total_bytes, cells)
        if arrived >= cell_end - cell_start > 0:
            states[cell] = DONE if cell in unchecked else CHECKED
        elif arrived > 0:
            states[cell] = max(states[cell], PARTLY)
    return bytes(states)


def _stretch(cell: int, total_bytes: int, cells: int) -> tuple[int, int]:
    """Return a cell's first byte and the one behind it; ``offset * cells // total_bytes`` back."""
    return -(-cell * total_bytes // cells), -(-(cell + 1) * total_bytes // cells)


def chunk_lines(states: bytes, width: int) -> list[Line]:
    """Return the map in lines of ``width`` cells, equal neighbours merged into one span."""
    if width <= 0:
        return []
    return [_runs(states[at : at + width]) for at in range(0, len(states), width)]


def legend(states: bytes) -> Line:
    """Return what the glyphs of this map mean, most finished first."""
    spans: list[Span] = []
    for code in sorted(set(states), reverse=True):
        spans += [(GLYPHS[code], INKS[code]), (f" {WORDS[code]}   ", Ink.FAINT)]
    return tuple(spans)


def _runs(states: bytes) -> Line:
    return tuple((GLYPHS[code] * len(list(run)), INKS[code]) for code, run in groupby(states))
