"""All keys that work here, made from the live bindings: it cannot lie after a remap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Static

from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.ink import left

KEY_CELLS = 14


@dataclass(frozen=True, slots=True)
class HelpSection:
    """A heading with (keys, what they do) under it."""

    title: str
    rows: tuple[tuple[str, str], ...]


class HelpDialog(Dialog[None]):
    """Show the keys in sections."""

    title_text = "Keys"

    def __init__(self, sections: tuple[HelpSection, ...]) -> None:
        super().__init__()
        self.sections = sections

    def body(self) -> Iterator[Widget]:
        """Yield the sections in a box that scrolls."""
        with VerticalScroll(id="help-scroll"):
            for section in self.sections:
                yield Static(Content(section.title), classes="help-title")
                for keys, words in section.rows:
                    yield Static(
                        Content.assemble((left(keys, KEY_CELLS), "$accent"), "  ", words),
                        classes="help-row",
                    )

    def buttons(self) -> Iterator[Widget]:
        """Yield the way out."""
        yield Button("Close", id="close")

    def on_mount(self) -> None:
        """Scroll with the keys at once."""
        self.query_one("#help-scroll").focus()

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.dismiss(None)


def sections_of(
    screen: Screen[Any], key_display: Callable[[Binding], str]
) -> tuple[HelpSection, ...]:
    """Collect the active bindings of ``screen`` by where they are defined."""
    found: dict[str, dict[str, tuple[list[str], str]]] = {}
    for node, binding, _, _ in screen.active_bindings.values():
        if binding.system or not binding.description:
            continue
        title = node.BINDING_GROUP_TITLE or "App"
        rows = found.setdefault(title, {})
        words = binding.description
        if binding.tooltip:
            words = f"{words}: {binding.tooltip[:1].lower()}{binding.tooltip[1:]}"
        rows.setdefault(binding.action, ([], words))[0].append(key_display(binding))
    return tuple(
        HelpSection(title, tuple((" ".join(keys), words) for keys, words in rows.values()))
        for title, rows in found.items()
    )
