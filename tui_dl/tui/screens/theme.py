"""Choose a theme: the whole screen wears the one under the cursor until it is decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import on
from textual.content import Content
from textual.widget import Widget

from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.themes import OWN_THEMES
from tui_dl.tui.view.ink import Ink, Line, left
from tui_dl.tui.widgets.fields import SafeStatic
from tui_dl.tui.widgets.line_list import LineList

FRAME_ROWS = 10
ROWS_SHOWN = 14


class ThemeDialog(Dialog[str]):
    """Show the names; closing without a choice brings the old colours back."""

    title_text = "Theme"

    def __init__(self, names: Sequence[str], current: str) -> None:
        super().__init__()
        own = [theme.name for theme in OWN_THEMES]
        self.names = [*own, *(name for name in names if name not in own)]
        self._before = current

    def body(self) -> Iterator[Widget]:
        """Yield the names."""
        yield LineList(id="themes")

    def buttons(self) -> Iterator[Widget]:
        """Yield the keys."""
        yield SafeStatic(
            Content("↑ ↓ shows it · enter keeps it · esc as before"), classes="dialog-keys"
        )

    def on_mount(self) -> None:
        """Start on the theme that is worn."""
        listing = self.query_one(LineList)
        listing.styles.height = max(3, min(ROWS_SHOWN, self.app.size.height - FRAME_ROWS))
        listing.show_rows(self.names, self._line)
        listing.put_cursor_on(self._before)
        listing.focus()

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        # The first rows are shown before the cursor is put on the theme that is worn.
        if event.key is not None and event.key == self.query_one(LineList).cursor_key:
            self.app.theme = event.key

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        self.dismiss(event.key)

    def action_cancel(self) -> None:
        """Close; the colours are those of before."""
        self.app.theme = self._before
        self.dismiss(None)

    def _line(self, row: int, width: int, cursor: bool) -> Line:
        name = self.names[row]
        worn = " (now)" if name == self._before else ""
        return (
            ("▌ " if cursor else "  ", Ink.ACCENT),
            (left(name + worn, width - 2), Ink.STRONG if cursor else Ink.TEXT),
        )
