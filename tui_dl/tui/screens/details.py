"""The details of one download as a screen of its own: the way to see them at 80x24."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui_dl.domain.lifecycle import Event, allowed
from tui_dl.domain.snapshot import DownloadDetails, DownloadSnapshot, EngineSnapshot
from tui_dl.tui.details_feed import DetailsFeed
from tui_dl.tui.screens.base import DownloadScreen
from tui_dl.tui.view.details import DetailsTab
from tui_dl.tui.widgets.bars import KeyLine, StatusLine
from tui_dl.tui.widgets.details_view import DetailsView

EVENTS = {"pause": Event.PAUSE, "resume": Event.RESUME}
"""Actions that the lifecycle table may refuse."""


class DetailsScreen(DownloadScreen):
    """Everything about one download, and the keys that steer it."""

    BINDING_GROUP_TITLE = "Details"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,backspace", "back", "Back", id="details.back"),
        Binding("right,tab", "turn(1)", "Next tab", key_display="← →", id="details.next"),
        Binding("left,shift+tab", "turn(-1)", "Last tab", show=False, id="details.previous"),
        Binding("down,j", "scroll_by(1)", "Down", show=False, id="details.down"),
        Binding("up,k", "scroll_by(-1)", "Up", show=False, id="details.up"),
        Binding("pagedown", "scroll_by(10)", "Page down", show=False, id="details.page_down"),
        Binding("pageup", "scroll_by(-10)", "Page up", show=False, id="details.page_up"),
    ]

    def __init__(self, download: DownloadSnapshot, tab: DetailsTab) -> None:
        super().__init__()
        self._download = download
        self._first_tab = tab

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield StatusLine(id="status")
        yield DetailsView(id="details")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Show what is known, ask for the rest."""
        self.query_one(DetailsView).show_tab(self._first_tab)
        self._feed = DetailsFeed(self.tui.service, self.tui.spawn, self._deliver)
        self.show_snapshot(self.tui.picture)

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Follow the download; leave when it is gone."""
        found = next((d for d in snapshot.downloads if d.id == self._download.id), None)
        if found is None:
            self._show_status()
            self.action_back()
            return
        is_other = found.status is not self._download.status
        self._download = found
        self._feed.want(found, self._show_status)
        if is_other:
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no key that this download could only refuse; the help still lists it."""
        event = EVENTS.get(action)
        return True if event is None or event in allowed(self._download.status) else None

    def targets(self) -> Sequence[DownloadSnapshot]:
        """Return the one that is shown."""
        return (self._download,)

    def action_back(self) -> None:
        """Return to the list."""
        if self.is_current:
            self.app.pop_screen()

    def action_turn(self, step: int) -> None:
        """Open the next or the previous tab."""
        self.query_one(DetailsView).turn_tab(step)

    def action_scroll_by(self, step: int) -> None:
        """Scroll the open tab."""
        self.query_one(DetailsView).scroll_lines(step)

    def _show_status(self) -> None:
        if self.is_attached:
            self.query_one(StatusLine).look = self.tui.engine_look()

    def _deliver(self, details: DownloadDetails | None) -> None:
        if self.is_attached and details is not None:
            self.query_one(DetailsView).show(details)
