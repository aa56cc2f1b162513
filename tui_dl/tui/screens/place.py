"""Ask for another folder and name of downloads; their files go along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from tui_dl.domain.display import display_text
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.tui.completion import FolderSuggester
from tui_dl.tui.keys import key_of
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.screens.folder import FolderDialog
from tui_dl.tui.steering import plural
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.widgets.fields import SafeInput, SafeStatic


@dataclass(frozen=True, slots=True)
class Place:
    """Where downloads are to be; ``None`` stays as it is."""

    directory: str | None
    name: str | None


class PlaceDialog(Dialog[Place]):
    """Take a folder, and of a single download a name."""

    title_text = "Move or rename"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "browse", "Folders", id="place.browse"),
    ]

    def __init__(self, downloads: Sequence[DownloadSnapshot], *, is_remote: bool) -> None:
        super().__init__()
        self.downloads = tuple(downloads)
        self._directory = downloads[0].directory
        self._is_remote = is_remote

    def body(self) -> Iterator[Widget]:
        """Yield what is moved, and the two fields."""
        one = len(self.downloads) == 1
        what = self.downloads[0].name if one else plural(len(self.downloads), "download")
        yield SafeStatic(Content(short_name(what, 64)), classes="dialog-text")
        with Horizontal(classes="dialog-field -first"):
            yield Label("Folder")
            yield SafeInput(
                display_text(self._directory),
                id="folder",
                compact=True,
                # The folders of a remote engine are not here.
                suggester=None if self._is_remote else FolderSuggester(self._directory),
            )
        if one:
            with Horizontal(classes="dialog-field"):
                yield Label("Name")
                yield SafeInput(display_text(self.downloads[0].name), id="name", compact=True)
        yield SafeStatic(
            Content("What has arrived goes along. A file that is there is never replaced."),
            classes="dialog-hint",
        )

    def buttons(self) -> Iterator[Widget]:
        """Yield move and cancel."""
        yield SafeStatic(id="place-keys", classes="dialog-keys")
        yield Button("Move", id="move", variant="primary")
        yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Type at once, behind the folder."""
        self.query_one("#folder", Input).focus()
        keys = "" if self._is_remote else f"{key_of(self, 'place.browse')} shows folders"
        self.query_one("#place-keys", Static).update(Content(keys))

    def action_browse(self) -> None:
        """Choose the folder from a list."""
        if self._is_remote:
            return
        field = self.query_one("#folder", Input)
        start = Path(self._directory, Path(field.value).expanduser())

        def chosen(folder: str | None) -> None:
            if folder is not None:
                field.value = folder
                field.cursor_position = len(folder)

        self.app.push_screen(FolderDialog(start), chosen)

    @on(Input.Submitted)
    @on(Button.Pressed, "#move")
    def _move(self) -> None:
        folder = self.query_one("#folder", Input).value.strip()
        names = [field.value.strip() for field in self.query("#name").results(Input)]
        if not folder or "" in names:
            self.show_problem("Say which folder." if not folder else "Say which name.")
            return
        # An untouched field keeps the exact bytes of what it stands for.
        directory = None
        if folder != display_text(self._directory):
            directory = str(Path(self._directory, Path(folder).expanduser()))
        name = names[0] if names and names[0] != display_text(self.downloads[0].name) else None
        self.dismiss(Place(directory, name))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
