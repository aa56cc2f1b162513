"""What has ended, searchable: fetch it again, find its folder, take it off the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tui_dl.domain.display import display_text
from tui_dl.domain.model import AddRequest, Status
from tui_dl.domain.snapshot import DownloadSnapshot, EngineSnapshot
from tui_dl.tui.screens.base import DownloadScreen
from tui_dl.tui.screens.details import DetailsScreen
from tui_dl.tui.steering import plural
from tui_dl.tui.view.details import DetailsTab
from tui_dl.tui.view.history import ended, history_heading, history_line
from tui_dl.tui.view.ink import Line
from tui_dl.tui.widgets.bars import KeyLine
from tui_dl.tui.widgets.fields import FilterInput, SafeStatic
from tui_dl.tui.widgets.line_list import LineList
from tui_dl.tui.widgets.lines import LineBox

NOT_HERE = frozenset({"pause", "move", "limits", "link"})
"""Actions that make no sense for what is over."""


class HistoryScreen(DownloadScreen):
    """Everything that is completed, failed or cancelled."""

    AUTO_FOCUS = "#history"
    BINDING_GROUP_TITLE = "History"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h", "back", "Back", id="history.back"),
        Binding("slash", "filter", "Filter", tooltip="Names with a word", id="history.filter"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._snapshot = EngineSnapshot(version=-1)
        self._rows: list[DownloadSnapshot] = []
        self._needle = ""

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        with Horizontal(id="tab-row"):
            yield SafeStatic(id="history-title")
            yield FilterInput(placeholder="filter", id="filter", compact=True)
        yield LineBox(id="history-heading")
        yield LineList(id="history")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Show what there is."""
        self.query_one("#filter", Input).can_focus = False
        self.show_snapshot(self.tui.picture)
        self.query_one(LineList).focus()

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Follow the engine: what ends appears here."""
        self._snapshot = snapshot
        self._show_rows()

    def _show_rows(self) -> None:
        rows = ended(self._snapshot.downloads, self._needle)
        nothing = "nothing matches" if self._needle else "nothing has ended yet"
        title = plural(len(rows), "download") if rows else nothing
        self.query_one("#history-title", Static).update(
            Content.assemble((" History ", "$accent bold"), (f"  {title}", "$ink-faint"))
        )
        if rows != self._rows or not rows:
            self._rows = rows
            self.query_one(LineList).show_rows([row.id for row in rows], self._line)

    def _line(self, row: int, width: int, cursor: bool) -> Line:
        return history_line(self._rows[row], width, cursor=cursor)

    def on_resize(self) -> None:
        """Lay the headings out for the new width."""
        heading = history_heading(self.size.width - 1)
        self.call_after_refresh(lambda: self.query_one(LineBox).show_lines([heading]))

    def targets(self) -> Sequence[DownloadSnapshot]:
        """Return the one under the cursor."""
        key = self.query_one(LineList).cursor_key
        return [row for row in self._rows if row.id == key]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the keys that are for what still runs."""
        return action not in NOT_HERE

    def action_resume(self) -> None:
        """Try a failed one again; fetch a completed one once more, beside its first file."""
        for row in self.targets():
            if row.status is Status.COMPLETED:
                self.tui.spawn(self._again(row))
            else:
                self.tui.spawn(self.tui.steering.resume([row.id]))

    async def _again(self, row: DownloadSnapshot) -> None:
        # The first file stays: the new one gets a number beside it.
        request = AddRequest(row.url, row.directory, row.options, allow_duplicate=True)
        refused = await self.tui.add([request])
        for each in refused:
            self.tui.say(each.reason, "error")
        if not refused:
            self.tui.say(f"{display_text(row.name, max_cells=40)} is fetched once more.")

    @on(LineList.Chosen)
    def _opened(self) -> None:
        for row in self.targets():
            self.app.push_screen(DetailsScreen(row, DetailsTab.OVERVIEW))

    def on_screen_resume(self) -> None:
        """Catch up with what happened under another screen."""
        self.show_snapshot(self.tui.picture)

    def action_filter(self) -> None:
        """Type words; the list follows."""
        self.set_class(True, "-filtering")
        field = self.query_one("#filter", Input)
        field.can_focus = True
        field.focus()

    @on(Input.Changed, "#filter")
    def _needle_changed(self, event: Input.Changed) -> None:
        self._needle = event.value
        self._show_rows()

    @on(Input.Submitted, "#filter")
    def _needle_taken(self) -> None:
        self.query_one(LineList).focus()

    def action_back(self) -> None:
        """Clear the filter, else return to the list."""
        if self.has_class("-filtering"):
            field = self.query_one("#filter", Input)
            field.value = ""
            field.can_focus = False
            self.set_class(False, "-filtering")
            self.query_one(LineList).focus()
        elif self.is_current:
            self.app.pop_screen()
