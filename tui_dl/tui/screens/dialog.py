"""The frame that all dialogs share: a titled box in the middle, closed by escape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui_dl.tui.widgets.fields import SafeStatic

ResultT = TypeVar("ResultT")


class Dialog(ModalScreen[ResultT]):
    """A modal box. A subclass composes its body and its buttons."""

    title_text: str = ""
    """What the dialog is about, display-safe."""
    BINDING_GROUP_TITLE = "Dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="dialog.cancel"),
    ]

    def compose(self) -> ComposeResult:
        """Lay out title, body, buttons."""
        with Vertical(classes="dialog-box"):
            yield SafeStatic(Content(self.title_text), classes="dialog-title")
            yield from self.body()
            yield SafeStatic(classes="dialog-problem")
            with Horizontal(classes="dialog-buttons"):
                yield from self.buttons()

    def body(self) -> Iterator[Widget]:
        """Yield what the dialog is about."""
        raise NotImplementedError

    def buttons(self) -> Iterator[Widget]:
        """Yield the ways out."""
        raise NotImplementedError

    def show_problem(self, sentences: str) -> None:
        """Say what is wrong, display-safe, under the fields; nothing hides the place."""
        place = self.query_one(".dialog-problem", Static)
        place.update(Content(sentences))
        place.display = bool(sentences)

    def action_cancel(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
