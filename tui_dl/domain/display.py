"""Text that is safe to show: nothing in it can steer a terminal or turn a line around.

The one form: C0 and DEL become their control pictures (ESC is ``␛``), every other hidden
character its number in angle brackets (``<U+202E>``). Must not escape markup: a front end
wraps the result in its own text type and never parses it (trap S9).
"""

from __future__ import annotations

import re
from typing import NewType

from tui_dl.domain.characters import HIDDEN, JOINER, cell_width, clusters
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.names import split_extension

SafeText = NewType("SafeText", str)
"""Has been through ``display_text``. Only this module makes one."""

ELLIPSIS = "…"

_UNSAFE = late_pattern(f"[{HIDDEN}{JOINER}]")


def display_text(text: str, *, max_cells: int | None = None) -> SafeText:
    """Return the text with everything hidden made visible; idempotent.

    With ``max_cells`` the end is cut and marked with an ellipsis. A text that holds such a
    picture from the start looks the same, which does no harm.
    """
    visible = _UNSAFE.sub(_picture, text)
    if max_cells is None or cell_width(visible) <= max_cells:
        return SafeText(visible)
    if max_cells <= 0:
        return SafeText("")
    return SafeText(_head(visible, max_cells - 1) + ELLIPSIS)


def shorten_middle(text: SafeText, cells: int) -> SafeText:
    """Return at most ``cells`` cells: both ends with an ellipsis between, extension kept.

    Wide characters may leave one cell unused. The extension goes when it would leave less
    than one cell for the stem.
    """
    if cell_width(text) <= cells:
        return text
    if cells <= 0:
        return SafeText("")
    extension_cells = cell_width(split_extension(text)[1])
    tail_cells = (cells - 1) // 2
    if tail_cells < extension_cells <= cells - 2:
        tail_cells = extension_cells
    tail = _tail(text, tail_cells)
    return SafeText(_head(text, cells - 1 - cell_width(tail)) + ELLIPSIS + tail)


def _picture(match: re.Match[str]) -> str:
    """Return what stands for a hidden character."""
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def _head(text: str, cells: int) -> str:
    """Return the whole clusters from the start that fit."""
    end, used = 0, 0
    for cluster in clusters(text):
        used += cell_width(cluster)
        if used > cells:
            break
        end += len(cluster)
    return text[:end]


def _tail(text: str, cells: int) -> str:
    """Return the whole clusters from the end that fit."""
    start, used = len(text), 0
    for cluster in reversed(list(clusters(text))):
        used += cell_width(cluster)
        if used > cells:
            break
        start -= len(cluster)
    return text[start:]
