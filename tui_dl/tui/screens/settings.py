"""All settings on one screen, made from the schema: a new setting needs no code here."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui_dl.config.rules import Kind, Value
from tui_dl.config.schema import Entry
from tui_dl.domain.display import display_text
from tui_dl.tui.live import apply_now, problem_of
from tui_dl.tui.preferences import LIVE_KEYS, shown_entries
from tui_dl.tui.screens.setting import SettingDialog
from tui_dl.tui.screens.theme import ThemeDialog
from tui_dl.tui.view.ink import BLANK, Line
from tui_dl.tui.view.settings import explained, heading_line, setting_line, value_text
from tui_dl.tui.widgets.bars import KeyLine
from tui_dl.tui.widgets.fields import SafeStatic
from tui_dl.tui.widgets.line_list import LineList
from tui_dl.tui.widgets.lines import LineBox

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp

EXPLAINED_ROWS = 4


class SettingsScreen(Screen[None], inherit_bindings=False):
    """Change settings; each change is checked, saved and, where possible, acts at once."""

    AUTO_FOCUS = "#settings"
    BINDING_GROUP_TITLE = "Settings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "edit", "Change", key_display="enter", id="settings.edit"),
        Binding("x,backspace", "reset", "Default", tooltip="As it came", id="settings.reset"),
        Binding("escape,s", "back", "Back", id="settings.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._rows: list[tuple[str, Entry | None]] = []

    @property
    def tui(self) -> TuiDlApp:
        """The app, with its type."""
        return cast("TuiDlApp", self.app)

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield SafeStatic(id="settings-title")
        yield LineList(id="settings")
        yield LineBox(id="explained")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """List what can be changed from here."""
        section = ""
        for entry in shown_entries(remote=self.tui.remote):
            if entry.section != section:
                if section:
                    self._rows.append(("", None))
                section = entry.section
                self._rows.append((section, None))
            self._rows.append((entry.key, entry))
            self._entries[entry.key] = entry
        self.query_one("#settings-title", Static).update(self._title())
        self._paint()
        self.query_one(LineList).focus()

    def _title(self) -> Content:
        if self.tui.remote:
            where = "those of the engine are where it runs"
        elif self.tui.preferences.path is None:
            where = "for this run only"
        else:
            where = display_text(str(self.tui.preferences.path), max_cells=60)
        return Content.assemble((" Settings ", "$accent bold"), (f"  {where}", "$ink-faint"))

    def _paint(self) -> None:
        keys = [entry.key if entry is not None else None for _, entry in self._rows]
        self.query_one(LineList).show_rows(keys, self._line)
        self._explain()

    def _line(self, row: int, width: int, cursor: bool) -> Line:
        text, entry = self._rows[row]
        if entry is None:
            return heading_line(text) if text else BLANK
        value = self.tui.preferences.value_of(entry)
        return setting_line(entry, value, width, cursor=cursor)

    @on(LineList.Moved)
    def _explain(self) -> None:
        if (entry := self._under_cursor()) is not None:
            value = self.tui.preferences.value_of(entry)
            lines = explained(entry, value, self.size.width, live=entry.key in LIVE_KEYS)
            room = EXPLAINED_ROWS - len(lines)
            self.query_one(LineBox).show_lines([*lines, *[BLANK] * max(0, room)])

    def on_resize(self) -> None:
        """Wrap the explanation anew."""
        self.call_after_refresh(self._explain)

    def _under_cursor(self) -> Entry | None:
        key = self.query_one(LineList).cursor_key
        return self._entries.get(key) if key is not None else None

    @on(LineList.Chosen)
    def action_edit(self) -> None:
        """Turn a switch over, or ask for the value."""
        entry = self._under_cursor()
        if entry is None:
            return
        value = self.tui.preferences.value_of(entry)
        if entry.rule.kind is Kind.FLAG:
            self._take(entry, not value)
        elif entry.key == "ui.theme":
            dialog = ThemeDialog(sorted(self.app.available_themes), self.app.theme)
            self.app.push_screen(dialog, lambda name: self._taken(entry, name))
        elif entry.key == "ui.keys":
            from tui_dl.tui.screens.keys import KeysScreen  # it asks who has which key: all of us

            self.app.push_screen(KeysScreen(), lambda _: self._paint())
        else:
            asked = SettingDialog(entry, value, lambda new: problem_of(self.tui, entry, new))
            self.app.push_screen(asked, lambda new: self._taken(entry, new))

    def action_reset(self) -> None:
        """Go back to the default."""
        if (entry := self._under_cursor()) is not None:
            self._take(entry, None)

    def action_back(self) -> None:
        """Return to the list."""
        if self.is_current:
            self.app.pop_screen()

    def _taken(self, entry: Entry, value: Value | None) -> None:
        if value is not None:
            self._take(entry, value)

    def _take(self, entry: Entry, value: Value | None) -> None:
        self.tui.spawn(self._change(entry, value))

    async def _change(self, entry: Entry, value: Value | None) -> None:
        problem = await self.tui.preferences.change(entry, value)
        refusal = await apply_now(self.tui, entry)
        if self.is_attached:
            self._paint()
        for sentence in (problem, refusal):
            if sentence:
                self.tui.say(display_text(sentence), "error")
        if problem is None and refusal is None and entry.key not in LIVE_KEYS:
            text = value_text(entry.rule, self.tui.preferences.value_of(entry)) or "empty"
            self.tui.say(display_text(f"{entry.key} is {text} at the next start.", max_cells=90))
