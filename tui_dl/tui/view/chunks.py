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
    # A cell's first byte; the exact counterpart of ``offset * cells // total_bytes``.
    edges = [-(-cell * total_bytes // cells) for cell in range(cells + 1)]
    done_bytes = [0] * cells
    active, unchecked = bytearray(cells), bytearray(cells)
    for segment in segments:
        code, start, end = _CODE[segment.state], segment.start, segment.end
        if code == WAITING or start >= end:
            continue
        first = min(cells - 1, start * cells // total_bytes)
        last = min(cells - 1, (end - 1) * cells // total_bytes)
        if code in (RUNNING, RACED):
            front = first if code == RUNNING else last
            for cell in range(first, front + 1):
                active[cell] = max(active[cell], code)
            continue
        if code == DONE:
            unchecked[first : last + 1] = b"\x01" * (last + 1 - first)
        if first == last:
            done_bytes[first] += end - start
            continue
        done_bytes[first] += edges[first + 1] - start
        done_bytes[last] += end - edges[last]
        done_bytes[first + 1 : last] = [total_bytes] * (last - first - 1)
    states = bytearray(active)
    for cell, arrived in enumerate(done_bytes):
        if arrived and arrived >= edges[cell + 1] - edges[cell] > 0:
            states[cell] = DONE if unchecked[cell] else CHECKED
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
