"""Choose a folder from the disk, one level at a time. Looks at the disk off the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui_dl.domain.display import display_text
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.ink import Ink, Line, left
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.widgets.fields import SafeStatic
from tui_dl.tui.widgets.line_list import LineList

HERE, UP = ".", ".."
ENTRIES_LOOKED_AT = 5000
FRAME_ROWS = 12
ROWS_SHOWN = 14


class FolderDialog(Dialog[str]):
    """Show the folders in a folder; enter goes into one, or takes the one that is open."""

    title_text = "Folder"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "enter_folder", "Into", show=False, id="folder.into"),
        Binding("left,backspace", "up", "Up", show=False, id="folder.up"),
        Binding("space", "take", "Take it", show=False, id="folder.take"),
    ]

    def __init__(self, start: Path) -> None:
        super().__init__()
        self._folder = start
        self._names: list[str] = []

    def body(self) -> Iterator[Widget]:
        """Yield where it stands and what is there."""
        yield SafeStatic(id="folder-path", classes="dialog-text")
        yield LineList(id="folders")

    def buttons(self) -> Iterator[Widget]:
        """Yield the keys."""
        words = "enter goes in · left goes up · space takes the open folder"
        yield SafeStatic(Content(words), classes="dialog-keys")

    def on_mount(self) -> None:
        """Start at the nearest folder that is there."""
        listing = self.query_one(LineList)
        listing.styles.height = max(3, min(ROWS_SHOWN, self.app.size.height - FRAME_ROWS))
        listing.focus()
        self._go(self._folder)

    def action_take(self) -> None:
        """Answer with the folder that is open."""
        self.dismiss(os.fspath(self._folder))

    def action_up(self) -> None:
        """Go to the folder above, with the cursor on the one that was open."""
        self._go(self._folder.parent, self._folder.name)

    def action_enter_folder(self) -> None:
        """Go into the folder under the cursor."""
        key = self.query_one(LineList).cursor_key
        if key == UP:
            self.action_up()
        elif key is not None and key != HERE:
            self._go(self._folder / key)

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        if event.key == HERE:
            self.action_take()
        else:
            self.action_enter_folder()

    def _go(self, folder: Path, cursor: str = HERE) -> None:
        self.run_worker(self._show(folder, cursor), exclusive=True)

    async def _show(self, folder: Path, cursor: str) -> None:
        self._folder, self._names = await asyncio.to_thread(folders_in, folder)
        path = short_name(os.fspath(self._folder), 64)
        self.query_one("#folder-path", Static).update(Content(path))
        listing = self.query_one(LineList)
        listing.show_rows([HERE, UP, *self._names], self._line)
        listing.put_cursor_on(cursor)

    def _line(self, row: int, width: int, cursor: bool) -> Line:
        words = ("take this folder", "one up")
        text = words[row] if row < len(words) else f"{short_name(self._names[row - 2], width - 4)}/"
        ink = Ink.SOFT if row < len(words) else Ink.TEXT
        return (
            ("▌ " if cursor else "  ", Ink.ACCENT),
            (left(text, width - 2), Ink.STRONG if cursor else ink),
        )


def folders_in(folder: Path) -> tuple[Path, list[str]]:
    """Return the nearest folder that can be read, from ``folder`` upward, and what is in it.

    Hidden folders and names that are no plain text are left out: they can be typed.
    """
    while True:
        try:
            with os.scandir(folder) as found:
                names = [
                    entry.name
                    for entry in islice(found, ENTRIES_LOOKED_AT)
                    if not entry.name.startswith(".")
                    and display_text(entry.name) == entry.name
                    and entry.is_dir()
                ]
        except (OSError, ValueError):  # not there, not ours, a NUL
            if folder == folder.parent:
                return folder, []
            folder = folder.parent
        else:
            return folder, sorted(names, key=str.casefold)
