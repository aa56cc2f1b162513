"""The dashboard: state, tabs, the list, the details under it where there is room, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tui_dl.domain.display import display_text
from tui_dl.domain.lifecycle import Event, allowed
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadDetails, DownloadSnapshot, EngineSnapshot
from tui_dl.domain.urls import split_url_text
from tui_dl.tui.clipboard import links_in, read_clipboard
from tui_dl.tui.details_feed import DetailsFeed
from tui_dl.tui.keys import key_of
from tui_dl.tui.screens.base import DownloadScreen
from tui_dl.tui.screens.details import DetailsScreen
from tui_dl.tui.screens.history import HistoryScreen
from tui_dl.tui.view.listing import SortKey, Tab, arrange, count, drop_index
from tui_dl.tui.widgets.bars import ColumnLine, KeyLine, StatusLine, TabLine
from tui_dl.tui.widgets.details_view import DetailsView
from tui_dl.tui.widgets.download_list import DownloadList
from tui_dl.tui.widgets.fields import FilterInput, SafeStatic

FOR_DOWNLOADS = frozenset({"pause", "resume", "remove", "filter"})
"""Actions whose keys say nothing to somebody whose list is empty."""


class MainScreen(DownloadScreen):
    """The list of all downloads, and the keys that act on them."""

    AUTO_FOCUS = "#list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", tooltip="One link or many", id="list.add"),
        Binding("P", "pause_all", "Pause all", show=False, id="list.pause_all"),
        Binding("R", "resume_all", "Resume all", show=False, id="list.resume_all"),
        Binding("F", "retry_failed", "Retry all failed", show=False, id="list.retry_failed"),
        Binding(
            "C",
            "clear_done",
            "Clear finished",
            show=False,
            tooltip="Off the list; files stay",
            id="list.clear_done",
        ),
        Binding("V", "paste", "Add from clipboard", show=False, id="list.paste"),
        Binding("slash", "filter", "Filter", tooltip="Show names with a word", id="list.filter"),
        Binding("S", "sort", "Sort", show=False, tooltip="Next order", id="list.sort"),
        Binding("h", "history", "History", show=False, tooltip="What ended", id="list.history"),
        Binding("1", "tab('all')", "All", show=False, id="list.tab_all"),
        Binding("2", "tab('active')", "Active", show=False, id="list.tab_active"),
        Binding("3", "tab('queued')", "Queued", show=False, id="list.tab_queued"),
        Binding("4", "tab('done')", "Done", show=False, id="list.tab_done"),
        Binding("5", "tab('failed')", "Failed", show=False, id="list.tab_failed"),
        Binding("right,tab", "turn(1)", "Next details tab", show=False, id="list.next_tab"),
        Binding("left,shift+tab", "turn(-1)", "Last details tab", show=False, id="list.last_tab"),
        Binding("escape", "back", "Clear selection or filter", show=False, id="list.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tab = Tab.ALL
        self._sort = SortKey.QUEUE
        self._needle = ""
        self._is_empty = False
        self._offered: tuple[str, ...] = ()
        self._snapshot = EngineSnapshot(version=-1)

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield StatusLine(id="status")
        with Horizontal(id="tab-row"):
            yield TabLine(id="tabs")
            yield FilterInput(placeholder="filter", id="filter", compact=True)
        yield ColumnLine(id="columns")
        yield DownloadList(id="list")
        yield SafeStatic(id="empty")
        yield DetailsView(id="details")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Show what there is."""
        self._open_filter(False)
        listing, asked = self.query_one(DownloadList), self.tui.steering.asked
        listing.seen_as, asked.on_change = asked.seen, listing.refresh
        listing.focus()
        self._details = DetailsFeed(self.tui.service, self.tui.spawn, self._deliver)
        self.show_snapshot(self.tui.picture)
        self.watch(self.app, "app_focus", self._focus_changed, init=False)

    # --- painting ---------------------------------------------------------------

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Paint a new picture of the engine."""
        was_empty, self._snapshot = not self._snapshot.downloads, snapshot
        if was_empty is not (not snapshot.downloads):
            self.refresh_bindings()
        # What comes into an empty list has no frame to wait for.
        if self.query_one(DetailsView).display and not was_empty:
            self._details.want(self._under_cursor(), self._show_picture)
        else:
            self._show_picture()

    def _show_picture(self) -> None:
        if self.is_attached:
            self.query_one(StatusLine).look = self.tui.engine_look()
            self.query_one(TabLine).counts = count(self._snapshot.downloads)
            self._show_rows()

    def _show_rows(self) -> None:
        listing = self.query_one(DownloadList)
        rows = arrange(self._snapshot.downloads, self._tab, self._needle, self._sort)
        listing.set_rows(rows)
        if listing.selected_ids:
            listing.forget_selected(download.id for download in self._snapshot.downloads)
        self._make_room(not rows)
        self._follow_cursor()
        if not rows:
            self.query_one("#empty", Static).update(self._empty_text())

    def _make_room(self, empty: bool) -> None:
        """Show the sentence in place of the list, or the list again.

        By rules of their own: a class would apply the whole style sheet to each widget and
        what is in it, a fifth of what such a key costs.
        """
        if empty is self._is_empty:
            return
        self._is_empty = empty
        self.query_one("#empty").styles.display = "block" if empty else None
        self.query_one("#columns").styles.display = "none" if empty else None
        self.query_one("#details").styles.display = "none" if empty else None
        self.query_one("#list").styles.height = 0 if empty else None  # it keeps the focus

    def _follow_cursor(self) -> None:
        """Show the details of the row under the cursor, where the pane is shown at all."""
        if self.query_one(DetailsView).display:
            self._details.want(self._under_cursor())

    def _deliver(self, details: DownloadDetails | None) -> None:
        if self.is_attached:
            self.query_one(DetailsView).show(details)

    def _under_cursor(self) -> DownloadSnapshot | None:
        id = self.query_one(DownloadList).cursor_id
        return next((d for d in self._snapshot.downloads if d.id == id), None)

    def _empty_text(self) -> Content:
        if self._needle:
            words = display_text(self._needle, max_cells=40)
            return Content(f"Nothing here matches “{words}”.")
        if self._snapshot.downloads:
            return Content(f"Nothing is {self._tab.value}.")
        folder = display_text(self._snapshot.directory or self.tui.directory, max_cells=60)
        return Content.assemble(
            "Nothing to download yet.\n\n",
            (key_of(self, "list.add"), "$accent bold"),
            " adds a link     ",
            (key_of(self, "app.help"), "$accent bold"),
            " shows all keys\n\n",
            (f"files go to {folder}", "$ink-faint"),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no key for downloads while there is none; the help still lists it."""
        if action == "filter" and self.focused is not None and self.focused.id == "filter":
            return None  # it is open
        return True if self._snapshot.downloads or action not in FOR_DOWNLOADS else None

    # --- targets ------------------------------------------------------------------

    def targets(self) -> Sequence[DownloadSnapshot]:
        """Return the selected downloads in queue order, else the one under the cursor."""
        listing = self.query_one(DownloadList)
        wanted = listing.selected_ids or {listing.cursor_id}
        return [download for download in self._snapshot.downloads if download.id in wanted]

    def put_cursor_on(self, id: str) -> None:
        """Show a download that was just added, if the current view holds it."""
        if self.is_mounted:
            self._details.let_go()  # it may be in the picture that is about to be painted
        self.query_one(DownloadList).move_cursor_to(id)

    # --- keys -----------------------------------------------------------------------

    def action_add(self) -> None:
        """Open the dialog that adds links."""
        self.tui.open_add_dialog()

    def action_pause_all(self) -> None:
        """Pause everything that runs or waits for its turn."""
        ids = [d.id for d in self._snapshot.downloads if may_pause(d)]
        if ids:
            self.tui.spawn(self.tui.steering.pause(ids))

    def action_resume_all(self) -> None:
        """Resume everything that is paused. Failed ones are left alone."""
        ids = [d.id for d in self._snapshot.downloads if is_paused(d)]
        if ids:
            self.tui.spawn(self.tui.steering.resume(ids))

    def action_retry_failed(self) -> None:
        """Try everything again that failed."""
        ids = [d.id for d in self._snapshot.downloads if d.status is Status.FAILED]
        if ids:
            self.tui.spawn(self.tui.steering.resume(ids))

    def action_clear_done(self) -> None:
        """Take what is done off the list; the files stay, and it can be undone."""
        done = [d for d in self._snapshot.downloads if d.status is Status.COMPLETED]
        if done:
            self.tui.spawn(self.tui.deleting.begin(done))

    def action_paste(self) -> None:
        """Open the dialog with the links in the desktop's clipboard."""
        self.tui.spawn(self._paste())

    async def _paste(self) -> None:
        links = links_in(await asyncio.to_thread(read_clipboard))
        if links:
            self.tui.open_add_dialog("\n".join(links))
        else:
            self.tui.say("There is no link in the clipboard, or nobody here can read it.")

    def _focus_changed(self, is_ours: bool) -> None:
        if is_ours and self.tui.preferences.settings.ui.clipboard and self.is_current:
            self.tui.spawn(self._offer())

    async def _offer(self) -> None:
        """Say that there is a new link in the clipboard; once for each."""
        links = links_in(await asyncio.to_thread(read_clipboard))
        known = {download.url for download in self._snapshot.downloads}
        if links and links != self._offered and not known.issuperset(links):
            self._offered = links
            what = "A link is" if len(links) == 1 else f"{len(links)} links are"
            self.tui.say(f"{what} in the clipboard: {key_of(self, 'list.paste')} adds.")

    def action_tab(self, name: str) -> None:
        """Show one of the five views."""
        self._tab = Tab(name)
        self.query_one(TabLine).tab = self._tab
        self._show_rows()

    def action_sort(self) -> None:
        """Go to the next order."""
        keys = list(SortKey)
        self._sort_by(keys[(keys.index(self._sort) + 1) % len(keys)])

    @on(ColumnLine.Clicked)
    def _heading_clicked(self, event: ColumnLine.Clicked) -> None:
        """Sort by the heading; once more, and the order is that of the queue again."""
        self._sort_by(SortKey.QUEUE if event.sort is self._sort else event.sort)

    def _sort_by(self, sort: SortKey) -> None:
        self._sort = sort
        self.query_one(TabLine).sort = sort
        self._show_rows()

    def action_history(self) -> None:
        """Show what has ended."""
        self.app.push_screen(HistoryScreen())

    def action_filter(self) -> None:
        """Type words; the list follows."""
        self._open_filter(True)
        self.query_one("#filter", Input).focus()

    def _open_filter(self, opened: bool) -> None:
        """Show or hide the field. Hidden it takes no focus, whoever hands focus around."""
        self.set_class(opened, "-filtering")
        self.query_one("#filter", Input).can_focus = opened

    def action_back(self) -> None:
        """Clear the selection, else the filter."""
        listing = self.query_one(DownloadList)
        if listing.has_focus and listing.clear_selection_set():
            return
        self.query_one("#filter", Input).value = ""
        self._open_filter(False)
        listing.focus()

    def action_turn(self, step: int) -> None:
        """Turn the tabs of the details under the list."""
        self.query_one(DetailsView).turn_tab(step)

    @on(DownloadList.CursorMoved)
    def _cursor_moved(self) -> None:
        self._follow_cursor()

    @on(DownloadList.Dropped)
    def _dropped(self, event: DownloadList.Dropped) -> None:
        """Move a queued download to the place of the one that it was dropped on."""
        rows = {row.id: row for row in self._snapshot.downloads}
        held, onto = rows.get(event.id), rows.get(event.onto_id)
        if held is None or onto is None:
            return
        if self._sort is not SortKey.QUEUE:
            self.tui.say(f"The list is sorted by {self._sort.value}, not in queue order.")
            return
        self.put_cursor_on(held.id)
        index = drop_index(self._snapshot.downloads, held, onto)
        self.tui.spawn(self.tui.steering.move_to_index(held.id, index))

    @on(DownloadList.Opened)
    def _opened(self) -> None:
        download = self._under_cursor()
        if download is not None:
            self.app.push_screen(DetailsScreen(download, self.query_one(DetailsView).tab))

    def on_resize(self) -> None:
        """The pane may have appeared."""
        self.call_after_refresh(self._follow_cursor)

    def on_screen_resume(self) -> None:
        """Catch up with what happened under another screen."""
        self.show_snapshot(self.tui.picture)

    @on(Input.Changed, "#filter")
    def _needle_changed(self, event: Input.Changed) -> None:
        self._needle = event.value
        self._show_rows()

    @on(Input.Submitted, "#filter")
    def _needle_taken(self) -> None:
        if not self._needle:
            self._open_filter(False)
        self.query_one(DownloadList).focus()

    @on(TabLine.Chosen)
    def _tab_clicked(self, event: TabLine.Chosen) -> None:
        self.action_tab(event.tab.value)

    @on(DownloadList.SelectionChanged)
    def _selection_changed(self, event: DownloadList.SelectionChanged) -> None:
        self.query_one(TabLine).selected = len(event.ids)

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted or dropped links as the wish to add them."""
        if any("://" in piece for piece in split_url_text(event.text)):
            event.stop()
            self.tui.open_add_dialog(event.text)


def may_pause(download: DownloadSnapshot) -> bool:
    """Return whether the lifecycle table lets this download pause."""
    return Event.PAUSE in allowed(download.status)


def is_paused(download: DownloadSnapshot) -> bool:
    """Return whether this download waits for the user and no error stopped it for good."""
    return download.status is Status.PAUSED
