"""From lines of inked spans to strips: the only place where text becomes segments.

Nothing here parses markup, and a control character that got past the domain is shown
as a picture instead of reaching the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui_dl.domain.display import display_text
from tui_dl.tui.view.ink import Ink, Line

ROW_CLASSES = ("row--cursor", "row--selected", "row--hover", "row--drop")


class InkedApp(App[int]):
    """An app that owns the colours of all inks, for every widget that paints lines.

    Textual applies the whole style sheet to each component class of each node, anew at every
    change of a class or a focus above it. With the inks on the widgets, that was a third of
    what a key cost, and its garbage stopped the app for 0.4 s every few seconds. The app
    itself is only dressed at the start and by another theme.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{ink.value}" for ink in Ink} | {*ROW_CLASSES}

    def refresh_css(self, animate: bool = True) -> None:
        """Apply the style sheet anew, and paint with the new inks."""
        super().refresh_css(animate)
        for screen in self.screen_stack:
            for widget in screen.query(Inked):
                widget.forget_inks()


class Inked(Widget):
    """A widget that paints lines. The style sheet gives ``ink--NAME`` its colour."""

    ALLOW_SELECT = False

    _palette: dict[tuple[str | None, Ink | None], Style] | None = None

    def paint(self, line: Line, width: int, row_class: str | None = None) -> Strip:
        """Return ``line`` as a strip of exactly ``width`` cells, over the widget's background."""
        segments = [Segment(inert(text), self._style(row_class, ink)) for text, ink in line if text]
        return Strip(segments).adjust_cell_length(width, self._style(row_class, None))

    def blank(self, width: int) -> Strip:
        """Return an empty line."""
        return Strip.blank(width, self._style(None, None))

    def forget_inks(self) -> None:
        """Paint everything anew, in the colours of now."""
        self._palette = None
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget the colours: what is below the inks may be another one."""
        self._palette = None
        super().notify_style_update()

    def _style(self, row_class: str | None, ink: Ink | None) -> Style:
        """Return the style of an ink over a row's ground; walking up the tree is slow."""
        if self._palette is None:
            self._palette = {}
        style = self._palette.get((row_class, ink))
        if style is None:
            style = self.rich_style
            if row_class is not None:
                style += self.app.get_component_styles(row_class).partial_rich_style
            if ink is not None:
                style += self.app.get_component_styles(f"ink--{ink.value}").partial_rich_style
            self._palette[row_class, ink] = style
        return style


def refresh_rows(view: ScrollView, rows: Iterable[int]) -> None:
    """Repaint some rows of ``view``, all in one go: each call drops every cache of the widget."""
    top, width = view.scroll_offset.y, max(view.virtual_size.width, view.size.width)
    if regions := [Region(0, row - top, width, 1) for row in rows]:
        view.refresh(*regions)


def inert(text: str) -> str:
    """Return ``text`` with anything that could steer a terminal replaced.

    The domain has done this already; it is done again because one missed call would
    hand the terminal to a server. The common case costs one look.
    """
    return text if text.isprintable() else display_text(text)


class InkedLine(Inked):
    """A widget of one line that a subclass composes in ``line``."""

    DEFAULT_CSS = "InkedLine { height: 1; }"

    def line(self, width: int) -> Line:
        """Return what to show in ``width`` cells."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Paint the line; anything below it is blank."""
        width = self.size.width
        return self.paint(self.line(width), width) if y == 0 else self.blank(width)
