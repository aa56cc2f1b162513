"""The one-line widgets around the list: state of the engine, tabs, headings, keys.

They hold the last values they were given and paint them; clicks become messages.
"""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.tui.view.columns import columns_for
from tui_dl.tui.view.ink import Ink, Line, Span, width_of
from tui_dl.tui.view.listing import Counts, SortKey, Tab
from tui_dl.tui.view.row import header_line, sort_at
from tui_dl.tui.view.status import EngineLook, status_line
from tui_dl.tui.widgets.inked import InkedLine


class StatusLine(InkedLine):
    """Name, total rate and its graph at the left; limit, space and address at the right."""

    look: reactive[EngineLook] = reactive(EngineLook())

    def line(self, width: int) -> Line:
        """Return the line for ``width`` cells."""
        return status_line(self.look, width)


class ColumnLine(InkedLine):
    """The headings over the list. A click on one sorts by it."""

    class Clicked(Message):
        """The user clicked a heading that can be sorted by."""

        def __init__(self, sort: SortKey) -> None:
            super().__init__()
            self.sort = sort

    def on_click(self, event: events.Click) -> None:
        """Turn a click into the column under it."""
        if (sort := sort_at(columns_for(self.size.width), event.x)) is not None:
            self.post_message(self.Clicked(sort))

    def line(self, width: int) -> Line:
        """Return the headings of the columns that the list shows at this width."""
        return header_line(columns_for(width))


TAB_GLYPHS = {Tab.ALL: "All", Tab.ACTIVE: "▼", Tab.QUEUED: "○", Tab.DONE: "✓", Tab.FAILED: "✗"}
"""The tabs where words do not fit: the glyphs of the statuses that they hold."""


class TabLine(InkedLine):
    """The five views with their counts, the selection and the sort."""

    tab: reactive[Tab] = reactive(Tab.ALL)
    counts: reactive[Counts] = reactive(Counts())
    selected: reactive[int] = reactive(0)
    sort: reactive[SortKey] = reactive(SortKey.QUEUE)

    class Chosen(Message):
        """The user clicked a tab."""

        def __init__(self, tab: Tab) -> None:
            super().__init__()
            self.tab = tab

    def line(self, width: int) -> Line:
        """Return the tabs; at the right what is selected and how the list is sorted."""
        tabs = tuple(span for _, spans in self._tabs(width) for span in spans)
        end: list[Span] = []
        if self.selected:
            end.append((f"● {self.selected} selected  ", Ink.ACCENT))
        if self.sort is not SortKey.QUEUE:
            end.append((f"by {self.sort.value}  ", Ink.FAINT))
        space = width - width_of(tabs) - width_of(end)
        if space < 1 or not end:
            return tabs
        return (*tabs, (" " * space, Ink.TEXT), *end)

    def on_click(self, event: events.Click) -> None:
        """Turn a click into the tab under it."""
        x = 0
        for tab, spans in self._tabs(self.size.width):
            x += width_of(spans)
            if event.x < x:
                self.post_message(self.Chosen(tab))
                return

    def _tabs(self, width: int) -> list[tuple[Tab, Line]]:
        gap = "  " if width >= 72 else ""
        return [(tab, self._tab_spans(tab, gap, short=width < 50)) for tab in Tab]

    def _tab_spans(self, tab: Tab, gap: str, *, short: bool) -> Line:
        word = TAB_GLYPHS[tab] if short else tab.value.capitalize()
        number = str(self.counts.of(tab))
        if tab is self.tab:
            return ((f" {word} {number} ", Ink.TAB_ON), (gap, Ink.TEXT))
        alarm = tab is Tab.FAILED and self.counts.failed > 0
        ink = Ink.FAIL if alarm else Ink.TAB_OFF
        return ((f" {word} ", Ink.TAB_OFF), (f"{number} ", ink), (gap, Ink.TEXT))


@dataclass(frozen=True, slots=True)
class KeyHint:
    """One key of the footer."""

    key: str
    shown: str
    word: str


class KeyLine(InkedLine):
    """The keys that work here, from the live bindings; what does not fit is left to ``?``."""

    hints: reactive[tuple[KeyHint, ...]] = reactive(())

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)
        self._bindings_changed(self.screen)

    def line(self, width: int) -> Line:
        """Return as many keys as fit; the last ones (quit, help) always stay."""
        spans: list[Span] = [(" ", Ink.TEXT)]
        for hint in self._fitting(width):
            spans += [(hint.shown, Ink.KEY), (f" {hint.word}   ", Ink.SOFT)]
        return tuple(spans)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        x = 1
        for hint in self._fitting(self.size.width):
            x += _hint_cells(hint)
            if event.x < x:
                self.app.simulate_key(hint.key)
                return

    def _fitting(self, width: int) -> list[KeyHint]:
        others, last = self.hints[:-KEPT_HINTS], self.hints[-KEPT_HINTS:]
        free = width - 1 - sum(_hint_cells(hint) for hint in last) + HINT_GAP
        shown: list[KeyHint] = []
        for hint in others:
            free -= _hint_cells(hint)
            if free < 0:
                break
            shown.append(hint)
        return [*shown, *last]

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is not self.screen:
            return
        shown: dict[str, Binding] = {}
        for _, binding, enabled, _ in screen.active_bindings.values():
            if binding.show and enabled and not binding.system:
                shown.setdefault(binding.action, binding)
        ordered = sorted(shown.values(), key=_footer_rank)
        self.hints = tuple(
            KeyHint(b.key, self.app.get_key_display(b), b.description.lower()) for b in ordered
        )


FOOTER_ORDER = (
    "filter.keep",
    "filter.clear",
    "details.back",
    "details.next",
    "list.add",
    "download.pause",
    "download.resume",
    "download.remove",
    "list.details",
    "list.select",
    "list.filter",
    "download.limits",
)
"""What the footer shows first; unnamed keys follow, then quit and help."""
LAST_IN_FOOTER = ("app.quit", "app.help")
KEPT_HINTS = len(LAST_IN_FOOTER)
HINT_GAP = 3


def _footer_rank(binding: Binding) -> tuple[int, int]:
    if binding.id in LAST_IN_FOOTER:
        return (2, LAST_IN_FOOTER.index(binding.id))
    if binding.id in FOOTER_ORDER:
        return (0, FOOTER_ORDER.index(binding.id))
    return (1, 0)


def _hint_cells(hint: KeyHint) -> int:
    return len(hint.shown) + 1 + len(hint.word) + HINT_GAP
