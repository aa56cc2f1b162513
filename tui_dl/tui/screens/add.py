"""The dialog that adds downloads: one link or many, a folder, a name.

Nothing typed is lost: wrong lines stay in the box with a sentence each, and what was
taken leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static, TextArea

from tui_dl.domain.display import display_text
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.redaction import redacted
from tui_dl.domain.urls import parse_url, split_url_text
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.widgets.fields import SafeInput, SafeTextArea
from tui_dl.tui.widgets.toggles import Tick

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp

PROBLEMS_SHOWN = 4


class LinkArea(SafeTextArea):
    """Many lines of links where ``enter`` adds, as in a field of one line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,shift+enter,alt+enter", "new_line", "New line", id="add.new_line"),
        Binding("enter", "submit", "Add", priority=True, show=False, id="add.submit"),
    ]

    def action_new_line(self) -> None:
        """Break the line."""
        self.insert("\n")

    def action_submit(self) -> None:
        """Hand everything to the dialog."""
        cast(AddDialog, self.screen).action_submit()


class AddDialog(Dialog[None]):
    """Ask for links; close once all of them are taken."""

    title_text = "Add downloads"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Add", id="add.submit_all"),
    ]

    def __init__(self, directory: str, options: DownloadOptions, text: str = "") -> None:
        super().__init__()
        self._directory = directory
        self._options = options
        self._text = text
        self._busy = False

    def body(self) -> Iterator[Widget]:
        """Yield the links, the folder, the name and the choice to wait."""
        yield LinkArea(
            self._text,
            id="links",
            compact=True,
            soft_wrap=True,
            highlight_cursor_line=False,
            placeholder=Content("Paste one link or many, one a line"),
        )
        with Horizontal(classes="dialog-field -first"):
            yield Label("Folder")
            yield SafeInput(display_text(self._directory), id="folder", compact=True)
        with Horizontal(classes="dialog-field"):
            yield Label("Name")
            yield SafeInput(placeholder="as the server says", id="name", compact=True)
        with Horizontal(classes="dialog-field"):
            yield Label("")
            yield Tick("start paused", id="paused", compact=True)

    def buttons(self) -> Iterator[Widget]:
        """Yield add and cancel, and how to break a line."""
        yield Static(Content("enter adds · ctrl+j breaks the line"), classes="dialog-keys")
        yield Button("Add", id="add", variant="primary")
        yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Type at once, behind what was handed in."""
        area = self.query_one(LinkArea)
        area.focus()
        area.move_cursor(area.document.end)
        self._links_changed()

    @on(TextArea.Changed, "#links")
    def _links_changed(self) -> None:
        """A name of one's own is for one link only."""
        many = len(split_url_text(self.query_one(LinkArea).text)) > 1
        name = self.query_one("#name", Input)
        name.disabled = many
        name.placeholder = "each its own" if many else "as the server says"

    @on(Input.Submitted)
    @on(Button.Pressed, "#add")
    def action_submit(self) -> None:
        """Check every line; add all of them if all are good."""
        if self._busy:
            return
        text = self.query_one(LinkArea).text
        problems = link_problems(text)
        urls = split_url_text(text)
        folder = self.query_one("#folder", Input).value.strip()
        if not urls:
            problems = ["Paste a link first, such as https://example.org/file.iso."]
        elif not folder:
            problems = ["Say which folder the files go to."]
        if problems:
            self._show(problems)
            return
        self._busy = True
        cast("TuiDlApp", self.app).spawn(self._add(self._requests(urls, folder)))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def _requests(self, urls: Sequence[str], folder: str) -> list[AddRequest]:
        name = self.query_one("#name", Input).value.strip() if len(urls) == 1 else ""
        return [
            AddRequest(
                url=url,
                directory=_absolute(folder, self._directory),
                options=replace(self._options, out=name) if name else self._options,
                paused=self.query_one("#paused", Tick).value,
            )
            for url in urls
        ]

    async def _add(self, requests: Sequence[AddRequest]) -> None:
        """Add; keep what was refused in the box, with the reasons under it."""
        app = cast("TuiDlApp", self.app)
        try:
            refused = await app.add(requests)
        finally:
            self._busy = False
        if not self.is_attached:
            return
        if not refused:
            self.dismiss(None)
            return
        self.query_one(LinkArea).text = "\n".join(each.request.url for each in refused)
        self._show([f"{_shown(each.request.url)}: {each.reason}" for each in refused])

    def _show(self, problems: Sequence[str]) -> None:
        shown = list(problems[:PROBLEMS_SHOWN])
        if len(problems) > PROBLEMS_SHOWN:
            shown.append(f"… and {len(problems) - PROBLEMS_SHOWN} more")
        self.show_problem("\n".join(shown))
        self.query_one(LinkArea).focus()


def link_problems(text: str) -> list[str]:
    """Return a sentence for each link that cannot be one, with its line if there are many."""
    lines = text.splitlines()
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        for piece in split_url_text(line):
            try:
                parse_url(piece)
            except UsageError as error:
                where = f"Line {number}, " if len(lines) > 1 else ""
                problems.append(f"{where}{_shown(piece)}: {display_text(error.message)}")
    return problems


def _shown(url: str) -> str:
    return display_text(redacted(url), max_cells=32)


def _absolute(folder: str, default: str) -> str:
    """Return an absolute folder; an untouched field keeps the exact bytes of the default."""
    if folder == display_text(default):
        return default
    return str(Path(default).joinpath(Path(folder).expanduser()))
