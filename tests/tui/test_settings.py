"""The settings screen: what it shows, checks, saves, and what acts at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.driving import SMALL, Driver, driven
from tests.tui.fake_service import FakeService
from tui_dl.config.schema import Settings, Ui, entries
from tui_dl.config.store import load_settings, save_settings
from tui_dl.domain.errors import StateError
from tui_dl.tui.preferences import Preferences
from tui_dl.tui.screens.main import MainScreen
from tui_dl.tui.screens.settings import SettingsScreen
from tui_dl.tui.widgets.line_list import LineList

MIB = 1024 * 1024


async def open_on(d: Driver, key: str) -> None:
    """Put the cursor on a setting, on the screen of all settings."""
    if not isinstance(d.app.screen, SettingsScreen):
        await d.press("s")
    d.app.screen.query_one(LineList).put_cursor_on(key)
    await d.settle()


async def done(d: Driver) -> None:
    """Wait until a change is saved and carried out."""
    await d.app.workers.wait_for_complete()
    await d.settle()


async def enter(d: Driver, text: str) -> None:
    """Give the setting under the cursor another value."""
    await d.press("enter")
    d.app.screen.query_one("#value", Input).value = text
    await d.press("enter")
    await done(d)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file that is not there yet."""
    return tmp_path / "config" / "settings.toml"


async def test_every_setting_is_shown_with_its_value() -> None:
    async with driven(FakeService(), (120, 90)) as d:
        await d.press("s")
        for entry in entries():
            assert f" {entry.name} " in d.text, entry.key
        assert "Most connections to one host." in d.text


async def test_a_change_is_saved_and_acts_at_once(file: Path) -> None:
    service = FakeService()
    async with driven(service, preferences=Preferences(path=file)) as d:
        await open_on(d, "downloads.slots")
        assert "default 3 · 1 to 100 · acts at once" in d.text
        await enter(d, "7")
        assert service.calls_of("set_slots") == [7]
        await open_on(d, "downloads.limit")
        await enter(d, "2M")
        assert service.calls_of("set_global_limit") == [2 * MIB]
        assert "2M" in d.text
        await open_on(d, "downloads.limit_each")
        await enter(d, "500K")
        assert service.calls_of("set_default_limit") == [500 * 1024]
        await open_on(d, "queue.schedule")
        await enter(d, "07:00-23:00 1M")
        assert service.calls_of("set_schedule") == ["07:00-23:00 1M"]
    loaded = load_settings(file).settings.downloads
    assert (loaded.slots, loaded.limit, loaded.limit_each) == (7, 2 * MIB, 500 * 1024)


async def test_what_waits_for_the_next_start_says_so(file: Path) -> None:
    service = FakeService()
    async with driven(service, preferences=Preferences(path=file)) as d:
        await open_on(d, "network.proxy")
        assert "acts at the next start" in d.text
        await enter(d, "http://127.0.0.1:3128")
        assert d.toasts == ["network.proxy is http://127.0.0.1:3128 at the next start."]
    assert load_settings(file).settings.network.proxy == "http://127.0.0.1:3128"


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("downloads.slots", "0", "downloads.slots must be from 1 to 100."),
        ("downloads.slots", "many", "downloads.slots must be a whole number."),
        ("downloads.limit", "fast", "downloads.limit must be a number of bytes"),
        ("downloads.directory", "isos", "downloads.directory must be a full path"),
    ],
)
async def test_a_wrong_value_is_explained_and_kept_and_not_saved(
    file: Path, key: str, text: str, sentence: str
) -> None:
    service = FakeService()
    async with driven(service, preferences=Preferences(path=file)) as d:
        await open_on(d, key)
        await enter(d, text)
        assert sentence in d.words
        assert d.app.screen.query_one("#value", Input).value == text
        assert not file.exists()
        await d.press("escape", "escape")
        assert isinstance(d.app.screen, MainScreen)
        assert service.calls == []


async def test_a_switch_turns_over_and_x_brings_the_default_back(file: Path) -> None:
    save_settings(file, {"downloads.slots": 9})
    preferences = Preferences(load_settings(file).settings, file)
    service = FakeService()
    async with driven(service, preferences=preferences) as d:
        await open_on(d, "ui.bell")
        await d.press("space")
        await done(d)
        assert load_settings(file).settings.ui.bell is True
        await open_on(d, "downloads.slots")
        await d.press("x")
        await done(d)
        assert service.calls_of("set_slots") == [3]
    assert tomllib.loads(file.read_text()) == {"downloads": {}, "ui": {"bell": True}}


async def test_a_file_that_cannot_be_written_is_told_and_the_change_holds(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    service = FakeService()
    async with driven(service, preferences=Preferences(path=blocker / "settings.toml")) as d:
        await open_on(d, "downloads.slots")
        await enter(d, "4")
        assert service.slots == 4
        assert "was not saved" in d.toasts[0]


async def test_a_refusal_of_the_engine_is_told(file: Path) -> None:
    service = FakeService()
    async with driven(service, preferences=Preferences(path=file)) as d:
        await open_on(d, "downloads.slots")
        service.fail_next = StateError("The engine is out of reach.")
        await enter(d, "4")
        assert d.toasts == ["The engine is out of reach."]


async def test_the_theme_is_worn_while_it_is_looked_at(file: Path) -> None:
    async with driven(FakeService(), preferences=Preferences(path=file)) as d:
        await open_on(d, "ui.theme")
        await d.press("enter", "down", "down")
        assert d.app.theme == "tui-dl-ember"
        await d.press("escape")
        assert d.app.theme == "tui-dl-dark"
        assert isinstance(d.app.screen, SettingsScreen)
        await d.press("enter", "down", "enter")
        await done(d)
        assert d.app.theme == "tui-dl-light"
    assert load_settings(file).settings.ui.theme == "tui-dl-light"


async def test_the_palette_changes_the_theme_and_keeps_it(file: Path) -> None:
    async with driven(FakeService(), preferences=Preferences(path=file)) as d:
        d.app.action_change_theme()
        await d.settle()
        await d.press("down", "enter")
        await done(d)
        assert d.app.theme == "tui-dl-light"
    assert load_settings(file).settings.ui.theme == "tui-dl-light"


async def test_the_app_starts_with_its_theme_and_keys_and_names_what_is_wrong() -> None:
    ui = Ui(theme="nosuch", keys="list.add=i list.sort=p nonsense list.x=y download.pause=f2")
    async with driven(FakeService(), preferences=Preferences(Settings(ui=ui))) as d:
        await d.settle()
        assert d.app.theme == "tui-dl-dark"
        assert "i adds a link" in d.text
        assert any("no theme 'nosuch'" in toast for toast in d.toasts)
        assert any("'nonsense'" in toast for toast in d.toasts)
        assert any("nothing called 'list.x'" in toast for toast in d.toasts)
        # p is free: pause has moved away from it
        assert not any("list.sort" in toast for toast in d.toasts)
        await d.press("i")
        assert "Add downloads" in d.text


async def test_of_a_remote_engine_only_the_screens_own_are_offered() -> None:
    async with driven(FakeService(), SMALL, remote=True) as d:
        await d.press("s")
        assert "theme" in d.text
        assert "slots" not in d.text
        assert "those of the engine are where it runs" in d.text
        await d.press("s")
        assert isinstance(d.app.screen, MainScreen)


async def test_hostile_values_reach_no_terminal(file: Path) -> None:
    preferences = Preferences(Settings(ui=Ui(theme="\x1b[31m[/b]")), file)
    async with driven(FakeService(), preferences=preferences) as d:
        await open_on(d, "ui.theme")
        assert "␛[31m[/b]" in d.text
        assert "\x1b" not in d.text
