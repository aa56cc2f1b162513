"""A list of lines with a cursor: settings, themes, history. Painted by whoever fills it.

Lines without a key are headings, which the cursor steps over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_dl.tui.view.ink import Line
from tui_dl.tui.widgets.inked import Inked

Painter = Callable[[int, int, bool], Line]
"""Row, width in cells, whether the cursor is on it: to the line."""


class LineList(ScrollView, Inked, can_focus=True, inherit_bindings=False):
    """Rows that are painted when they are seen; the cursor follows its key."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False, id="lines.up"),
        Binding("down,j", "cursor(1)", "Down", show=False, id="lines.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="lines.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="lines.page_down"),
        Binding("home,g", "edge(0)", "First", show=False, id="lines.first"),
        Binding("end,G", "edge(-1)", "Last", show=False, id="lines.last"),
        Binding("enter", "choose", "Choose", show=False, id="lines.choose"),
    ]

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, key: str | None) -> None:
            super().__init__()
            self.key = key

    class Chosen(Message):
        """The user wants the row under the cursor."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: Sequence[str | None] = ()
        self._stops: list[int] = []
        self._paint_row: Painter = lambda _row, _width, _cursor: ()
        self._row = 0

    @property
    def cursor_key(self) -> str | None:
        """The key under the cursor, ``None`` in an empty list."""
        return self._keys[self._row] if self._stops else None

    def show_rows(self, keys: Sequence[str | None], paint: Painter) -> None:
        """Show other rows; the cursor stays on its key, else near where it was."""
        before = self.cursor_key
        self._keys, self._paint_row = keys, paint
        self._stops = [row for row, key in enumerate(keys) if key is not None]
        self.virtual_size = Size(0, len(keys))
        self._row = self._nearest(before)
        self.refresh()
        self._show_cursor()
        if self.cursor_key != before:
            self.post_message(self.Moved(self.cursor_key))

    def put_cursor_on(self, key: str) -> None:
        """Move the cursor to a key, if it is in the list."""
        if key in self._keys:
            self._go_to(self._keys.index(key))

    def render_line(self, y: int) -> Strip:
        """Paint one line of the viewport."""
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        if row >= len(self._keys):
            return self.blank(width)
        cursor = bool(self._stops) and row == self._row
        line = self._paint_row(row, width, cursor)
        return self.paint(line, width, "row--cursor" if cursor else None)

    def action_cursor(self, step: int) -> None:
        """Step over headings to the next or the previous row."""
        if self._stops:
            place = self._stops.index(self._row) + step
            self._go_to(self._stops[max(0, min(place, len(self._stops) - 1))])

    def action_page(self, direction: int) -> None:
        """Move the cursor by one screenful."""
        self.action_cursor(direction * max(1, self.size.height - 1))

    def action_edge(self, place: int) -> None:
        """Move the cursor to the first or the last row."""
        if self._stops:
            self._go_to(self._stops[place])

    def action_choose(self) -> None:
        """Say that the row under the cursor is wanted."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.Chosen(key))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; twice chooses it."""
        row = event.y + self.scroll_offset.y
        if row < len(self._keys) and self._keys[row] is not None:
            self._go_to(row)
            if event.chain >= 2:
                self.action_choose()

    def on_resize(self) -> None:
        """Keep the cursor in view at the new size."""
        self._show_cursor()

    def _nearest(self, key: str | None) -> int:
        if key is not None and key in self._keys:
            return self._keys.index(key)
        return min(self._stops, key=lambda row: abs(row - self._row), default=0)

    def _go_to(self, row: int) -> None:
        if row == self._row:
            return
        self._row = row
        self.refresh()
        self._show_cursor()
        self.post_message(self.Moved(self.cursor_key))

    def _show_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        # The heading over a first row comes into view with it.
        wanted = 0 if self._stops and self._row == self._stops[0] else self._row
        if wanted < top:
            self.scroll_to(y=wanted, animate=False, immediate=True)
        elif height > 0 and self._row >= top + height:
            self.scroll_to(y=self._row - height + 1, animate=False, immediate=True)
