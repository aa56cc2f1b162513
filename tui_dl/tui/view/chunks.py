"""The map of a file: which stretches are on disk, arriving, waiting. Pure.

Cells are bytes, so that two maps compare at once; text is made from runs of equal cells.
A cell is called done only when every byte of it is: the map may claim too little, never
too much. Of a stretch that a worker has before it only the front is called arriving.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tui_dl.domain.snapshot import SegmentSnapshot, SegmentState
from tui_dl.tui.view.ink import Ink, Line, Span

WAITING, RUNNING, RACED, DONE, CHECKED = range(5)

_CODE = {
    SegmentState.WAITING: WAITING,
    SegmentState.RUNNING: RUNNING,
    SegmentState.RACED: RACED,
    SegmentState.DONE: DONE,
    SegmentState.VERIFIED: CHECKED,
}

GLYPHS = "░▓▒█■"
"""One for each state, so that the map can be read without colour."""
INKS = (Ink.CHUNK_WAIT, Ink.CHUNK_RUN, Ink.CHUNK_RACED, Ink.CHUNK_DONE, Ink.CHUNK_CHECKED)
WORDS = ("waiting", "arriving", "raced", "on disk", "verified")


def chunk_cells(segments: Sequence[SegmentSnapshot], total_bytes: int, cells: int) -> bytes:
    """Return one state for each of ``cells`` equal stretches of the file.

    ``segments`` are in order and do not overlap; what they leave out is waiting.
    """
    if cells <= 0 or total_bytes <= 0:
        return b""
    complete = [0] * cells
    active = bytearray(cells)
    checked = bytearray(b"\x01" * cells)
    for segment in segments:
        code = _CODE[segment.state]
        if code == WAITING or segment.start >= segment.end:
            continue
        first = min(cells - 1, segment.start * cells // total_bytes)
        last = min(cells - 1, (segment.end - 1) * cells // total_bytes)
        if code in (RUNNING, RACED):
            front = first if code == RUNNING else last
            for cell in range(first, front + 1):
                active[cell] = max(active[cell], code)
            continue
        for cell in range(first, last + 1):
            start, end = _edges(cell, cells, total_bytes)
            complete[cell] += min(segment.end, end) - max(segment.start, start)
            if code != CHECKED:
                checked[cell] = 0
    states = bytearray(cells)
    for cell in range(cells):
        start, end = _edges(cell, cells, total_bytes)
        if complete[cell] >= end - start > 0:
            states[cell] = CHECKED if checked[cell] else DONE
        else:
            states[cell] = active[cell]
    return bytes(states)


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


def _edges(cell: int, cells: int, total_bytes: int) -> tuple[int, int]:
    """Return the bytes of a cell; the exact counterpart of ``offset * cells // total``."""
    return -(-cell * total_bytes // cells), -(-(cell + 1) * total_bytes // cells)
