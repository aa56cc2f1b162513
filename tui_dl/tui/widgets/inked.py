"""From lines of inked spans to strips: the only place where text becomes segments.

Nothing here parses markup, and a control character that got past the domain is shown
as a picture instead of reaching the terminal.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui_dl.domain.display import display_text
from tui_dl.tui.view.ink import Ink, Line

COMPONENT_CLASSES = {f"ink--{ink.value}" for ink in Ink} | {
    "row--cursor",
    "row--selected",
    "row--hover",
    "row--drop",
}


class Inked(Widget):
    """A widget that paints lines. The style sheet gives ``ink--NAME`` its colour."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENT_CLASSES
    ALLOW_SELECT = False

    _palette: dict[tuple[str | None, Ink | None], Style] | None = None

    def paint(self, line: Line, width: int, row_class: str | None = None) -> Strip:
        """Return ``line`` as a strip of exactly ``width`` cells, over the widget's background."""
        segments = [Segment(inert(text), self._style(row_class, ink)) for text, ink in line if text]
        return Strip(segments).adjust_cell_length(width, self._style(row_class, None))

    def blank(self, width: int) -> Strip:
        """Return an empty line."""
        return Strip.blank(width, self._style(None, None))

    def notify_style_update(self) -> None:
        """Forget the colours when the theme or the style sheet changed."""
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
                style += self.get_component_rich_style(row_class, partial=True)
            if ink is not None:
                style += self.get_component_rich_style(f"ink--{ink.value}", partial=True)
            self._palette[row_class, ink] = style
        return style


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
