"""Fields and sentences that show control characters instead of sending them to the terminal.

The value of a field keeps every character that was typed or pasted: judging it is not their task.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widgets import Input, Static, TextArea

from tui_dl.tui.widgets.inked import inert


class SafeInput(Input):
    """A field of one line."""

    def render_line(self, y: int) -> Strip:
        """Paint the line with nothing in it that could steer a terminal."""
        return _inert_strip(super().render_line(y))


class SafeStatic(Static):
    """Sentences that hold words from outside: dialogs, titles, previews."""

    def render_line(self, y: int) -> Strip:
        """Paint the line with nothing in it that could steer a terminal."""
        return _inert_strip(super().render_line(y))


class FilterInput(SafeInput):
    """The words that names must have. The list follows while they are typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", id="filter.keep"),
        Binding("escape", "screen.back", "Show all", id="filter.clear"),
    ]


class SafeTextArea(TextArea):
    """A field of many lines."""

    def render_line(self, y: int) -> Strip:
        """Paint the line with nothing in it that could steer a terminal."""
        return _inert_strip(super().render_line(y))


def _inert_strip(strip: Strip) -> Strip:
    if all(segment.text.isprintable() for segment in strip):
        return strip
    width = strip.cell_length
    segments = [Segment(inert(text), style, control) for text, style, control in strip]
    return Strip(segments).adjust_cell_length(width)
