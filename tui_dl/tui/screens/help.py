"""All keys that work here, made from the live bindings: it cannot lie after a remap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.tui.keys import key_name
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.ink import BLANK, Ink, Line, left, width_of, wrapped
from tui_dl.tui.widgets.fields import SafeStatic
from tui_dl.tui.widgets.lines import LineBox

KEY_CELLS = 14
KEYS_SHOWN = 2
"""A third key for the same thing is for the fingers, not for the page."""
TITLES = {"download": "The chosen downloads", "list": "The list", "details": "The details"}
FRAME_ROWS = 8
"""Border, padding, title and hint around the keys."""
WIDE = 88
"""From here on two columns of keys fit."""


@dataclass(frozen=True, slots=True)
class HelpSection:
    """A heading with (keys, what they do) under it."""

    title: str
    rows: tuple[tuple[str, str], ...]


class HelpDialog(Dialog[None]):
    """Show the keys in sections."""

    title_text = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,enter", "cancel", "Close", show=False, id="help.close"),
        Binding("down,j", "scroll_by(1)", "Down", show=False, id="help.down"),
        Binding("up,k", "scroll_by(-1)", "Up", show=False, id="help.up"),
        Binding("pagedown,space", "scroll_by(12)", "Page down", show=False, id="help.page_down"),
        Binding("pageup", "scroll_by(-12)", "Page up", show=False, id="help.page_up"),
    ]

    def __init__(self, sections: tuple[HelpSection, ...]) -> None:
        super().__init__()
        self.sections = sections

    def body(self) -> Iterator[Widget]:
        """Yield a box that scrolls."""
        yield LineBox(id="help")

    def buttons(self) -> Iterator[Widget]:
        """Yield how to leave."""
        yield SafeStatic(Content("esc closes"), classes="dialog-keys")

    def on_resize(self) -> None:
        """Lay the sections out for the new size; title and hint always stay on the screen."""
        self.query_one(LineBox).styles.max_height = max(1, self.app.size.height - FRAME_ROWS)
        self.call_after_refresh(self._paint)

    def action_scroll_by(self, step: int) -> None:
        """Scroll the keys."""
        self.query_one(LineBox).scroll_relative(y=step, animate=False)

    def _paint(self) -> None:
        box = self.query_one(LineBox)
        box.show_lines(help_lines(self.sections, box.scrollable_content_region.width))


def help_lines(sections: Sequence[HelpSection], width: int) -> list[Line]:
    """Return the sections as lines: side by side where two columns fit."""
    blocks = [_block(section, width // 2 - 2 if width >= WIDE else width) for section in sections]
    if width < WIDE:
        return [line for block in blocks for line in block]
    first: list[Line] = []
    second: list[Line] = []
    for block in blocks:
        (first if len(first) <= len(second) else second).extend(block)
    half = width // 2
    return [
        (*a, (" " * (half - width_of(a)), Ink.TEXT), *b)
        for a, b in zip_longest(first, second, fillvalue=BLANK)
    ]


def _block(section: HelpSection, width: int) -> list[Line]:
    lines: list[Line] = [((section.title, Ink.STRONG),)]
    for keys, words in section.rows:
        for index, text in enumerate(wrapped(words, max(8, width - KEY_CELLS))):
            lines.append(((left(keys if index == 0 else "", KEY_CELLS), Ink.KEY), (text, Ink.SOFT)))
    return [*lines, BLANK]


def sections_of(screen: Screen[Any]) -> tuple[HelpSection, ...]:
    """Collect the active bindings of ``screen`` by the first word of their ids."""
    found: dict[str, dict[str, tuple[list[str], str]]] = {title: {} for title in TITLES}
    for _, binding, _, _ in screen.active_bindings.values():
        if binding.id is None:
            continue  # not one of ours
        rows = found.setdefault(binding.id.partition(".")[0], {})
        words = binding.description
        if binding.tooltip:
            words = f"{words}: {binding.tooltip[:1].lower()}{binding.tooltip[1:]}"
        rows.setdefault(binding.action, ([], words))[0].append(key_name(binding))
    return tuple(
        HelpSection(
            TITLES.get(title, title.capitalize()),
            tuple((" ".join(keys[:KEYS_SHOWN]), words) for keys, words in rows.values()),
        )
        for title, rows in found.items()
        if rows
    )
