"""Spans of text with a named ink: what every line on the screen is made of.

Owns the names of the inks and the cell arithmetic. Must not know a colour: the
style sheet gives each ink its colour, so that themes and NO_COLOR need no code.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from rich.cells import cell_len, set_cell_size


class Ink(StrEnum):
    """What a span means. ``widgets/inked.py`` turns each into a component class."""

    TEXT = "text"
    STRONG = "strong"
    SOFT = "soft"
    FAINT = "faint"
    ACCENT = "accent"
    TITLE = "title"
    RUN = "run"
    WAIT = "wait"
    HOLD = "hold"
    RETRY = "retry"
    DONE = "done"
    FAIL = "fail"
    TRACK = "track"
    BAR_RUN = "bar-run"
    BAR_HOLD = "bar-hold"
    BAR_RETRY = "bar-retry"
    BAR_DONE = "bar-done"
    GRAPH = "graph"
    CHUNK_DONE = "chunk-done"
    CHUNK_RUN = "chunk-run"
    CHUNK_RACED = "chunk-raced"
    CHUNK_WAIT = "chunk-wait"
    CHUNK_CHECKED = "chunk-checked"
    TAB_ON = "tab-on"
    TAB_OFF = "tab-off"
    KEY = "key"
    RULE = "rule"


Span = tuple[str, Ink]
Line = tuple[Span, ...]

BLANK: Line = ()


def width_of(line: Iterable[Span]) -> int:
    """Return the cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def left(text: str, cells: int) -> str:
    """Return ``text`` cut or padded on its right to exactly ``cells``."""
    return set_cell_size(text, cells) if cells > 0 else ""


def right(text: str, cells: int) -> str:
    """Return ``text`` pushed to the right end of exactly ``cells``."""
    length = cell_len(text)
    if length >= cells:
        return left(text, cells)
    return " " * (cells - length) + text


def justified(start: Line, end: Line, cells: int, *, gap: int = 2) -> Line:
    """Return ``start`` at the left and ``end`` at the right of ``cells``.

    ``end`` is dropped when both do not fit with ``gap`` cells between them.
    """
    space = cells - width_of(start) - width_of(end)
    if space < gap:
        return start
    return (*start, (" " * space, Ink.TEXT), *end)


def cut_at_word(text: str, cells: int) -> str:
    """Return ``text`` in at most ``cells``; what does not fit ends with an ellipsis.

    The cut is between words, unless the first word alone is too long.
    """
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    head = wrapped(text, cells - 1)[0] if cells > 1 else ""
    return head + "…" if cell_len(head) < cells else "…"


def wrapped(text: str, cells: int) -> list[str]:
    """Return ``text`` broken at spaces into lines of at most ``cells``.

    A word longer than a line is cut hard: nothing is lost, and nothing sticks out but a
    wide character in a line of one cell.
    """
    cells = max(1, cells)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cell_len(candidate) <= cells:
            line = candidate
            continue
        if line:
            lines.append(line)
        while cell_len(word) > cells:
            head = left(word, cells).rstrip(" ") or word[0]
            lines.append(head)
            word = word[len(head) :]
        line = word
    if line:
        lines.append(line)
    return lines
