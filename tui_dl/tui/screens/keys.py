"""All keys on one screen: press another one for any of them. A clash is told, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tui_dl.config.schema import entries
from tui_dl.domain.display import display_text
from tui_dl.tui.keymap import Named, named_bindings, read_keymap, with_key
from tui_dl.tui.keys import KEY_NAMES
from tui_dl.tui.live import wear
from tui_dl.tui.screens.dialog import Dialog
from tui_dl.tui.view.ink import BLANK, Ink, Line, cut_at_word, left
from tui_dl.tui.widgets.bars import KeyLine
from tui_dl.tui.widgets.fields import SafeStatic
from tui_dl.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp

KEY_CELLS = 20
NAME_CELLS = 28
KEYS = next(entry for entry in entries() if entry.key == "ui.keys")


class KeyCatcher(Dialog[str]):
    """Take the next key, whatever it does elsewhere; escape leaves all as it is."""

    title_text = "Press the new key"

    def __init__(self, named: Named) -> None:
        super().__init__()
        self.named = named

    def body(self) -> Iterator[Widget]:
        """Yield what the key is for."""
        yield SafeStatic(Content(f"for {self.named.words.lower()}"), classes="dialog-text")

    def buttons(self) -> Iterator[Widget]:
        """Yield the way out."""
        yield SafeStatic(Content("esc leaves it as it is"), classes="dialog-keys")

    def on_key(self, event: events.Key) -> None:
        """Answer with the key."""
        event.stop()
        event.prevent_default()
        self.dismiss(None if event.key == "escape" else event.key)


class KeysScreen(Screen[None], inherit_bindings=False):
    """Change keys; each change is checked, saved and acts at once."""

    AUTO_FOCUS = "#key-list"
    BINDING_GROUP_TITLE = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "edit", "Change", key_display="enter", id="keys.edit"),
        Binding("x,backspace", "reset", "Default", tooltip="As it came", id="keys.reset"),
        Binding("escape", "back", "Back", id="keys.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._named = {named.id: named for named in named_bindings()}
        self._rows: list[str | None] = []
        section = ""
        for id in self._named:
            if (first := id.partition(".")[0]) != section:
                self._rows += [None, None] if section else [None]
                section = first
            self._rows.append(id)

    @property
    def tui(self) -> TuiDlApp:
        """The app, with its type."""
        return cast("TuiDlApp", self.app)

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield SafeStatic(Content.assemble((" Keys ", "$accent bold")), id="settings-title")
        yield LineList(id="key-list")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """List them."""
        self._paint()
        self.query_one(LineList).focus()

    def _paint(self) -> None:
        self._keys = read_keymap(self._text).keys
        self.query_one(LineList).show_rows(self._rows, self._line)

    @property
    def _text(self) -> str:
        return self.tui.preferences.settings.ui.keys

    def _line(self, row: int, width: int, cursor: bool) -> Line:
        id = self._rows[row]
        if id is None:
            following = self._rows[row + 1]
            return BLANK if following is None else _heading(following)
        named = self._named[id]
        changed = id in self._keys
        keys = self._keys.get(id, named.keys)
        shown = " ".join(KEY_NAMES.get(key, key) for key in keys.split(","))
        return (
            ("▌" if cursor else " ", Ink.ACCENT),
            (" • " if changed else "   ", Ink.ACCENT),
            (left(named.words, NAME_CELLS), Ink.STRONG if cursor else Ink.TEXT),
            (left(shown, KEY_CELLS), Ink.KEY),
            (cut_at_word(id, max(0, width - 4 - NAME_CELLS - KEY_CELLS)), Ink.FAINT),
        )

    @on(LineList.Chosen)
    def action_edit(self) -> None:
        """Ask for another key of the one under the cursor."""
        id = self.query_one(LineList).cursor_key
        if id is not None:
            self.app.push_screen(
                KeyCatcher(self._named[id]), lambda key: self._take(id, key) if key else None
            )

    def action_reset(self) -> None:
        """Go back to the key that it came with."""
        id = self.query_one(LineList).cursor_key
        if id is not None:
            self._take(id, None)

    def action_back(self) -> None:
        """Return to the settings."""
        if self.is_current:
            self.app.pop_screen()

    def _take(self, id: str, key: str | None) -> None:
        text = with_key(self._text, id, key)
        problems = read_keymap(text).problems
        if problems:
            self.tui.say(display_text(" ".join(problems)), "warning")
        else:
            self.tui.spawn(self._change(text))

    async def _change(self, text: str) -> None:
        problem = await self.tui.preferences.change(KEYS, text)
        wear(self.tui)
        if self.is_attached:
            self._paint()
        if problem:
            self.tui.say(display_text(problem), "error")


def _heading(id: str) -> Line:
    return ((f"   {id.partition('.')[0].capitalize()}", Ink.TITLE),)
