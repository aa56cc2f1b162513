"""Ask for the value of one setting; what cannot be is explained and stays to be mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input

from tui_dl.config.rules import Value
from tui_dl.config.schema import Entry
from tui_dl.config.values import read_text
from tui_dl.domain.display import display_text
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.settings import range_text, value_text
from tui_dl.tui.widgets.fields import SafeInput, SafeStatic

Check = Callable[[Value], str | None]
"""A value that its rule allows, to a sentence if the app cannot take it all the same."""


class SettingDialog(Dialog[Value]):
    """Take a value as text."""

    def __init__(self, entry: Entry, value: Value, check: Check) -> None:
        super().__init__()
        self.entry = entry
        self.value = value
        self._check = check
        self.title_text = entry.key

    def body(self) -> Iterator[Widget]:
        """Yield what it is for, the field, what is allowed."""
        rule = self.entry.rule
        yield SafeStatic(Content(rule.about), classes="dialog-text")
        yield SafeInput(value_text(rule, self.value), id="value", compact=True)
        default = value_text(rule, self.entry.default) or "empty"
        allowed = range_text(rule)
        hint = f"default {default}" + (f" · {allowed}" if allowed else "")
        yield SafeStatic(Content(hint), classes="dialog-hint")

    def buttons(self) -> Iterator[Widget]:
        """Yield save and cancel."""
        yield Button("Save", id="save", variant="primary")
        yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Type at once, over what is there."""
        field = self.query_one("#value", Input)
        field.focus()
        field.action_select_all()

    @on(Input.Submitted, "#value")
    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        try:
            value = read_text(self.entry.rule, self.query_one("#value", Input).value)
        except ValueError as error:
            self.show_problem(display_text(f"{self.entry.key} {error}."))
            return
        problem = self._check(value)
        if problem is not None:
            self.show_problem(problem)
            return
        self.dismiss(value)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
