"""One question with a yes and a no. It names what the yes will do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from tui_dl.domain.display import display_text
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.domain.units import format_size
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.naming import short_name
from tui_dl.tui.widgets.fields import SafeStatic

NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. All texts are display-safe."""

    title: str
    lines: tuple[str, ...]
    yes: str
    no: str
    destructive: bool = False


class ConfirmDialog(Dialog[bool]):
    """Ask ``question``; the safe answer has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="dialog.yes"),
        Binding("n", "answer(False)", "No", id="dialog.no"),
        Binding("left,right,tab", "other_button", "Other button", show=False, id="dialog.other"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question
        self.title_text = question.title

    def body(self) -> Iterator[Widget]:
        """Yield the lines of the question."""
        text = "\n".join(self.question.lines)
        yield SafeStatic(Content(text), classes="dialog-text")

    def buttons(self) -> Iterator[Widget]:
        """Yield yes and no."""
        yes = Button(_labelled("y", self.question.yes), id="yes")
        yes.variant = "error" if self.question.destructive else "primary"
        yield yes
        yield Button(_labelled("n", self.question.no), id="no")

    def on_mount(self) -> None:
        """Focus the answer that loses nothing."""
        self.query_one("#no" if self.question.destructive else "#yes", Button).focus()

    def action_answer(self, yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(yes)

    def action_other_button(self) -> None:
        """Move the focus to the other button."""
        self.focus_next(Button)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


def deletion_question(downloads: Sequence[DownloadSnapshot]) -> Question:
    """Return the question before files are deleted: it names them and says how much."""
    total = sum(download.done_bytes for download in downloads)
    noun = (
        "this download and its file" if len(downloads) == 1 else "these downloads and their files"
    )
    return Question(
        title=f"Delete {noun}?",
        lines=(
            *names_of(downloads),
            "",
            f"{format_size(total)} on the disk will be deleted. This cannot be undone.",
        ),
        yes="Delete",
        no="Keep",
        destructive=True,
    )


def names_of(downloads: Sequence[DownloadSnapshot]) -> list[str]:
    """Return the first few names with their folders, and how many more there are."""
    lines = [
        f"{short_name(download.name, 36)}  in {display_text(download.directory, max_cells=24)}"
        for download in downloads[:NAMES_SHOWN]
    ]
    if len(downloads) > NAMES_SHOWN:
        lines.append(f"… and {len(downloads) - NAMES_SHOWN} more")
    return lines


def _labelled(key: str, word: str) -> Content:
    return Content.assemble((key, "underline"), " ", word)
