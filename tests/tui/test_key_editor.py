"""Other keys by pressing them: checked, kept, and free of clashes wherever they work."""

from __future__ import annotations

from pathlib import Path

from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tui_dl.config.store import load_settings
from tui_dl.tui.keymap import named_bindings, read_keymap, with_key
from tui_dl.tui.preferences import Preferences
from tui_dl.tui.screens.keys import KeysScreen
from tui_dl.tui.widgets.line_list import LineList


async def test_a_pressed_key_is_taken_kept_and_can_be_reset(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    async with driven(FakeService(), preferences=Preferences(path=file)) as d:
        d.app.action_change_keys()
        await d.settle()
        assert isinstance(d.app.screen, KeysScreen)
        rows = d.app.screen.query_one(LineList)
        rows.put_cursor_on("list.add")
        await d.press("enter", "p")  # the key of another thing on the same screen
        assert d.toasts == ["ui.keys: p is the key of download.pause; list.add keeps its own."]
        await d.press("enter", "escape", "enter", "i")
        await d.app.workers.wait_for_complete()
        await d.settle()
        assert load_settings(file).settings.ui.keys == "list.add=i"
        await d.press("escape", "i")
        assert "Add downloads" in d.text
        await d.press("escape")
        d.app.action_change_keys()
        await d.settle()
        d.app.screen.query_one(LineList).put_cursor_on("list.add")
        await d.press("x")
        await d.app.workers.wait_for_complete()
        await d.settle()
        assert load_settings(file).settings.ui.keys == ""


def test_keys_of_dialogs_are_there_and_clash_only_with_their_own() -> None:
    assert {"add.more", "dialog.cancel", "keys.back"} <= {named.id for named in named_bindings()}
    assert read_keymap("add.more=ctrl+f").problems  # folders, in the same dialog
    assert read_keymap("add.more=p").problems == ()  # pause, on another screen
    assert with_key("a=b list.add=i", "list.add", "f2") == "a=b list.add=f2"


async def test_the_footer_offers_no_key_that_does_nothing_here() -> None:
    async with driven(FakeService()) as d:
        d.app.action_change_keys()
        await d.settle()
        assert "settings" not in d.text.splitlines()[-1]
        await d.press("escape")
        assert "s settings" in d.text.splitlines()[-1]
