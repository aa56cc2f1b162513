"""Ask for a new link of one download."""

from __future__ import annotations

from collections.abc import Iterator

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input

from tui_dl.domain.display import display_text
from tui_dl.domain.errors import UsageError
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.domain.urls import parse_url
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.widgets.fields import SafeInput, SafeStatic


class LinkDialog(Dialog[str]):
    """Take one URL; what was typed stays until it is a good one."""

    title_text = "New link"

    def __init__(self, download: DownloadSnapshot) -> None:
        super().__init__()
        self.download = download

    def body(self) -> Iterator[Widget]:
        """Yield what the link is for, the field and the rule."""
        yield SafeStatic(Content(short_name(self.download.name, 56)), classes="dialog-text")
        yield SafeInput(placeholder="https://…", id="url", compact=True)
        yield SafeStatic(
            Content("What has arrived is kept if the new link leads to the same file."),
            classes="dialog-hint",
        )

    def buttons(self) -> Iterator[Widget]:
        """Yield use and cancel."""
        yield Button("Use it", id="use", variant="primary")
        yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#url", Input).focus()

    @on(Input.Submitted, "#url")
    @on(Button.Pressed, "#use")
    def _use(self) -> None:
        url = self.query_one("#url", Input).value.strip()
        try:
            parse_url(url)
        except UsageError as error:
            self.show_problem(display_text(error.message))
            return
        self.dismiss(url)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
