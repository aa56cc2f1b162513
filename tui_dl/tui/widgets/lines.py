"""A box of lines that scrolls: details, help, anything that is text with inks."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_dl.tui.view.ink import Line
from tui_dl.tui.widgets.inked import Inked, refresh_rows


class LineBox(ScrollView, Inked, can_focus=False, inherit_bindings=False):
    """Lines in, strips out; only the lines that changed are painted again.

    It takes no focus, so that the list never loses it; the wheel works all the same.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []

    def show_lines(self, lines: list[Line]) -> None:
        """Show other lines; repaint those that differ."""
        old, self._lines = self._lines, lines
        if len(old) != len(lines):
            self.virtual_size = Size(0, len(lines))
            self.refresh(layout=self.styles.is_auto_height)
            return
        pairs = zip(old, lines, strict=True)
        refresh_rows(self, [y for y, (before, after) in enumerate(pairs) if before != after])

    def render_line(self, y: int) -> Strip:
        """Paint one line of the viewport."""
        width = self.size.width
        at = y + self.scroll_offset.y
        return self.paint(self._lines[at], width) if at < len(self._lines) else self.blank(width)
