"""The details of one download: a title with tabs, and the lines of the open tab.

Paints what it is given and repaints only the lines that changed.
"""

from __future__ import annotations

from datetime import UTC, datetime

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive

from tui_dl.domain.snapshot import DownloadDetails
from tui_dl.tui.keys import key_of
from tui_dl.tui.view.details import DetailsTab, details_lines
from tui_dl.tui.view.ink import Ink, Line, Span, width_of
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.widgets.inked import InkedLine
from tui_dl.tui.widgets.lines import LineBox


class DetailsTitle(InkedLine):
    """The rule over the details: the name, and the tabs at its right."""

    name_shown: reactive[str] = reactive("")
    tab: reactive[DetailsTab] = reactive(DetailsTab.OVERVIEW)

    class Chosen(Message):
        """The user clicked a tab."""

        def __init__(self, tab: DetailsTab) -> None:
            super().__init__()
            self.tab = tab

    def line(self, width: int) -> Line:
        """Return the rule; the name gives way to the tabs."""
        tabs = tuple(span for _, spans in self._tabs() for span in spans)
        tabs_cells = width_of(tabs)
        if width < tabs_cells + 16:
            return (("── ", Ink.RULE), (short_name(self.name_shown, width - 4), Ink.STRONG))
        name = short_name(self.name_shown, width - tabs_cells - 10)
        start: Line = (("── ", Ink.RULE), (name, Ink.STRONG), (" ", Ink.RULE))
        rule = "─" * max(0, width - width_of(start) - tabs_cells - 3)
        return (*start, (rule + " ", Ink.RULE), *tabs, ("──", Ink.RULE))

    def on_click(self, event: events.Click) -> None:
        """Turn a click into the tab under it."""
        tabs = self._tabs()
        x = self.size.width - 2 - sum(width_of(spans) for _, spans in tabs)
        for tab, spans in tabs:
            if x <= event.x < x + width_of(spans):
                self.post_message(self.Chosen(tab))
                return
            x += width_of(spans)

    def _tabs(self) -> list[tuple[DetailsTab, tuple[Span, ...]]]:
        return [
            (
                tab,
                (
                    (
                        f" {tab.value.capitalize()} ",
                        Ink.TAB_ON if tab is self.tab else Ink.TAB_OFF,
                    ),
                    (" ", Ink.RULE),
                ),
            )
            for tab in DetailsTab
        ]


class DetailsView(Vertical):
    """Title and body together, for the pane and for the screen of its own."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._details: DownloadDetails | None = None
        self._tab = DetailsTab.OVERVIEW

    def compose(self) -> ComposeResult:
        """Lay out the title over the body."""
        yield DetailsTitle()
        yield LineBox()

    @property
    def tab(self) -> DetailsTab:
        """The open tab."""
        return self._tab

    @property
    def shown_id(self) -> str | None:
        """The id of what is shown."""
        return self._details.download.id if self._details is not None else None

    def show(self, details: DownloadDetails | None) -> None:
        """Show another picture; ``None`` shows nothing."""
        other = self._details is None or details is None
        if other or self.shown_id != (details and details.download.id):
            self.query_one(LineBox).scroll_home(animate=False)
        self._details = details
        self._paint()

    def show_tab(self, tab: DetailsTab) -> None:
        """Open a tab."""
        self._tab = tab
        self.query_one(LineBox).scroll_home(animate=False)
        self._paint()

    def turn_tab(self, step: int) -> None:
        """Open the next or the previous tab."""
        tabs = list(DetailsTab)
        self.show_tab(tabs[(tabs.index(self._tab) + step) % len(tabs)])

    def scroll_lines(self, step: int) -> None:
        """Scroll the body."""
        self.query_one(LineBox).scroll_relative(y=step, animate=False)

    def on_resize(self) -> None:
        """Lay the lines out for the new size."""
        self.call_after_refresh(self._paint)

    def on_details_title_chosen(self, event: DetailsTitle.Chosen) -> None:
        """Open the clicked tab."""
        event.stop()
        self.show_tab(event.tab)

    def _paint(self) -> None:
        if not self.is_mounted:
            return
        title, body = self.query_one(DetailsTitle), self.query_one(LineBox)
        title.tab = self._tab
        if self._details is None:
            title.name_shown = ""
            body.show_lines([])
            return
        title.name_shown = self._details.download.name
        width, height = body.scrollable_content_region.size
        now = datetime.now(UTC)
        lines = details_lines(self._details, self._tab, width, height, self._key_of, now)
        body.show_lines(lines)

    def _key_of(self, binding_id: str) -> str:
        return key_of(self.screen, binding_id)
