"""The list of downloads: Line API, painted from snapshots, fast with ten thousand rows.

Owns cursor, selection and scrolling. A tick compares versions and repaints only the
visible lines that changed. Must not ask the service for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.tui.view.columns import columns_for
from tui_dl.tui.view.row import row_line
from tui_dl.tui.view.words import waits_until
from tui_dl.tui.widgets.inked import Inked, refresh_rows

StripKey = tuple[str, int, Status, bool, int, bool, bool, bool, bool]


class DownloadList(ScrollView, Inked, can_focus=True, inherit_bindings=False):
    """Rows of downloads with a cursor and a selection that follow ids, not places."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "cursor(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page_down"),
        Binding("home,g", "edge(-1)", "First", show=False, id="list.first"),
        Binding("end,G", "edge(1)", "Last", show=False, id="list.last"),
        Binding("space", "select", "Select", tooltip="This one, then go on", id="list.select"),
        Binding("ctrl+a", "select_all", "Select all shown", show=False, id="list.select_all"),
        Binding("enter", "open", "Details", tooltip="All about it", id="list.details"),
    ]

    cursor_row: reactive[int] = reactive(0, repaint=False)
    hover_row: reactive[int | None] = reactive(None, repaint=False)

    class CursorMoved(Message):
        """Another download is under the cursor, or none."""

        def __init__(self, id: str | None) -> None:
            super().__init__()
            self.id = id

    class Opened(Message):
        """The user wants to see all about one download."""

        def __init__(self, id: str) -> None:
            super().__init__()
            self.id = id

    class SelectionChanged(Message):
        """The set of selected downloads changed."""

        def __init__(self, ids: frozenset[str]) -> None:
            super().__init__()
            self.ids = ids

    class Dropped(Message):
        """The user dragged a row onto the place of another one."""

        def __init__(self, id: str, onto_id: str) -> None:
            super().__init__()
            self.id = id
            self.onto_id = onto_id

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.seen_as: Callable[[DownloadSnapshot], DownloadSnapshot] = lambda download: download
        """What a row is painted as: wishes that have no answer yet are shown as granted."""
        self._dragged_id: str | None = None
        self._was_dragged = False
        self._rows: list[DownloadSnapshot] = []
        self._row_of: dict[str, int] = {}
        self._selected: set[str] = set()
        self._cursor_id: str | None = None
        self._strips: LRUCache[StripKey, Strip] = LRUCache(2048)

    # --- what the screen asks -------------------------------------------------

    @property
    def rows(self) -> Sequence[DownloadSnapshot]:
        """What is shown, in order."""
        return self._rows

    @property
    def cursor_id(self) -> str | None:
        """The id under the cursor, ``None`` in an empty list."""
        return self._cursor_id

    @property
    def selected_ids(self) -> frozenset[str]:
        """The selected ids; some may be hidden by the filter."""
        return frozenset(self._selected)

    def set_rows(self, rows: list[DownloadSnapshot]) -> None:
        """Show ``rows``. The cursor stays on its download, else near where it was."""
        if _same_ids(self._rows, rows):
            self._repaint_changed(rows)
            return
        self._rows = rows
        self._row_of = {row.id: index for index, row in enumerate(rows)}
        self.virtual_size = Size(0, len(rows))
        self._place_cursor()
        self.refresh()

    def forget_selected(self, existing: Iterable[str]) -> None:
        """Drop ids from the selection that no longer exist."""
        if self._selected and not self._selected.issubset(known := set(existing)):
            self._set_selection(self._selected & known)

    def move_cursor_to(self, id: str) -> bool:
        """Put the cursor on a download; return whether it is shown at all."""
        row = self._row_of.get(id)
        if row is None:
            return False
        self._go_to(row)
        return True

    def clear_selection_set(self) -> bool:
        """Select nothing; return whether something was selected."""
        had_some = bool(self._selected)
        self._set_selection(set())
        return had_some

    # --- painting -------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Paint one line of the viewport, from the cache when nothing about it changed."""
        width = self.scrollable_content_region.width  # without the scroll bar
        row = y + self.scroll_offset.y
        if row >= len(self._rows):
            return self.blank(width)
        now = datetime.now(UTC)
        download = self.seen_as(self._rows[row])
        held = waits_until(download, now) is not None
        cursor = row == self.cursor_row
        selected = download.id in self._selected
        hover = row == self.hover_row
        drop = hover and self._was_dragged
        state = (download.id, download.version, download.status, held)
        key = (*state, width, cursor, selected, hover, drop)
        strip = self._strips.get(key)
        if strip is None:
            columns = columns_for(width)
            line = row_line(download, columns, cursor=cursor, selected=selected, now=now)
            strip = self.paint(line, width, _row_class(cursor, selected, hover, drop))
            self._strips[key] = strip
        return strip

    def notify_style_update(self) -> None:
        """Forget painted strips when the theme or the style sheet changed."""
        self._strips.clear()
        super().notify_style_update()

    def _repaint_changed(self, rows: list[DownloadSnapshot]) -> None:
        old, self._rows = self._rows, rows
        top = self.scroll_offset.y
        shown = range(top, min(top + self.size.height, len(rows)))
        # The time at which a download starts comes without another version of it.
        refresh_rows(
            self,
            [
                row
                for row in shown
                if old[row].version != rows[row].version or rows[row].options.start_at is not None
            ],
        )

    # --- cursor and selection -------------------------------------------------

    def _place_cursor(self) -> None:
        row = self._row_of.get(self._cursor_id) if self._cursor_id is not None else None
        if row is None:
            row = max(0, min(self.cursor_row, len(self._rows) - 1))
        self.set_reactive(DownloadList.cursor_row, row)
        self._announce_cursor()
        self._scroll_to_cursor()

    def _go_to(self, row: int) -> None:
        if self._rows:
            self.cursor_row = max(0, min(row, len(self._rows) - 1))

    def watch_cursor_row(self, old: int, new: int) -> None:
        """Repaint the two lines and bring the cursor into view."""
        self.refresh_line(old)
        self.refresh_line(new)
        self._announce_cursor()
        self._scroll_to_cursor()

    def watch_hover_row(self, old: int | None, new: int | None) -> None:
        """Repaint the lines that the pointer left and entered."""
        for row in (old, new):
            if row is not None:
                self.refresh_line(row)

    def _announce_cursor(self) -> None:
        id = self._rows[self.cursor_row].id if self._rows else None
        if id != self._cursor_id:
            self._cursor_id = id
            self.post_message(self.CursorMoved(id))

    def _scroll_to_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if self.cursor_row < top:
            self.scroll_to(y=self.cursor_row, animate=False, immediate=True)
        elif height > 0 and self.cursor_row >= top + height:
            self.scroll_to(y=self.cursor_row - height + 1, animate=False, immediate=True)

    def _set_selection(self, ids: set[str]) -> None:
        if ids == self._selected:
            return
        changed, self._selected = ids ^ self._selected, ids
        top = self.scroll_offset.y
        shown = range(top, min(top + self.size.height, len(self._rows)))
        refresh_rows(self, [row for row in shown if self._rows[row].id in changed])
        self.post_message(self.SelectionChanged(frozenset(ids)))

    # --- keys and mouse ---------------------------------------------------------

    def action_cursor(self, step: int) -> None:
        """Move the cursor by ``step`` rows."""
        self._go_to(self.cursor_row + step)

    def action_page(self, direction: int) -> None:
        """Move the cursor by one screenful."""
        self._go_to(self.cursor_row + direction * max(1, self.size.height - 1))

    def action_edge(self, direction: int) -> None:
        """Move the cursor to the first or the last row."""
        self._go_to(0 if direction < 0 else len(self._rows) - 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer nothing to select or open while there is nothing."""
        return True if self._rows or action not in ("select", "open") else None

    def action_select(self) -> None:
        """Turn the selection of the row under the cursor, and go one down."""
        if self._cursor_id is not None:
            self._set_selection(self._selected ^ {self._cursor_id})
            self._go_to(self.cursor_row + 1)

    def action_select_all(self) -> None:
        """Select every shown row; once more selects none of them."""
        shown = set(self._row_of)
        self._set_selection(
            self._selected - shown if shown <= self._selected else self._selected | shown
        )

    def action_open(self) -> None:
        """Ask for the details of the row under the cursor."""
        if self._cursor_id is not None:
            self.post_message(self.Opened(self._cursor_id))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; the gutter selects; twice opens details."""
        row = event.y + self.scroll_offset.y
        if self._was_dragged or row >= len(self._rows):
            self._was_dragged = False  # the click that a drag ends with is none
            return
        self._go_to(row)
        if event.chain >= 2:
            self.action_open()
        elif event.ctrl or event.x < 2:
            self._set_selection(self._selected ^ {self._rows[row].id})

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a row: it follows the pointer until the button is let go."""
        row = event.y + self.scroll_offset.y
        self._was_dragged = False
        if event.button == 1 and not event.ctrl and event.x >= 2 and row < len(self._rows):
            self._dragged_id = self._rows[row].id
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which row the pointer is on; a row that is held scrolls the list at its ends."""
        row = event.y + self.scroll_offset.y
        if self._dragged_id is None:
            self.hover_row = row if row < len(self._rows) else None
            return
        if not 0 <= event.y < self.size.height:
            self.scroll_relative(y=-1 if event.y < 0 else 1, animate=False, immediate=True)
        row = max(0, min(row, len(self._rows) - 1))
        self._was_dragged = self._was_dragged or row != self._row_of.get(self._dragged_id)
        self.hover_row = row

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of a row: over another one it takes its place."""
        id, self._dragged_id = self._dragged_id, None
        if id is None:
            return
        self.release_mouse()
        onto, self.hover_row = self.hover_row, None
        if self._was_dragged and onto is not None and id != self._rows[onto].id:
            self.post_message(self.Dropped(id, self._rows[onto].id))

    def on_leave(self) -> None:
        """Forget the pointer."""
        self.hover_row = None

    def on_resize(self) -> None:
        """Keep the cursor in view at the new size."""
        self._strips.clear()
        self._scroll_to_cursor()


def _row_class(cursor: bool, selected: bool, hover: bool, drop: bool) -> str | None:
    if drop:
        return "row--drop"
    if cursor:
        return "row--cursor"
    if selected:
        return "row--selected"
    return "row--hover" if hover else None


def _same_ids(old: Sequence[DownloadSnapshot], new: Sequence[DownloadSnapshot]) -> bool:
    # Asked of ten thousand rows at each picture: a generator takes four times as long.
    return [row.id for row in old] == [row.id for row in new]
