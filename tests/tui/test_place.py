"""Another folder and name by keys, and the list to choose a folder from."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from tests.tui.driving import driven
from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tui_dl.tui.screens.folder import FolderDialog, folders_in


async def test_m_asks_for_folder_and_name_and_says_where_it_went() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service) as d:
        await d.press("m", "enter")  # nothing was changed: nothing is asked of the engine
        assert service.calls_of("relocate") == []
        await d.press("m")
        folder = d.app.screen.query_one("#folder", Input)
        folder.value = ""
        await d.press("enter")
        assert "Say which folder." in d.text
        folder.value = "sub"
        d.app.screen.query_one("#name", Input).value = "b.bin"
        await d.press("enter")
        assert service.calls_of("relocate") == [(row.id, f"{FOLDER}/sub", "b.bin")]
        assert d.toasts == [f"1 download moved to {FOLDER}/sub."]


async def test_many_get_a_folder_and_keep_their_names() -> None:
    service = FakeService()
    ids = [service.put(name).id for name in ("a.bin", "b.bin")]
    async with driven(service) as d:
        await d.press("ctrl+a", "m")
        assert not d.app.screen.query("#name")
        d.app.screen.query_one("#folder", Input).value = "/srv/isos"
        await d.press("enter")
        assert service.calls_of("relocate") == [(id, "/srv/isos", None) for id in ids]


async def test_a_folder_is_chosen_by_walking(tmp_path: Path) -> None:
    for name in ("isos/old", "music", ".hidden"):
        (tmp_path / "top" / name).mkdir(parents=True)
    service = FakeService()
    service.put("a.bin", directory=str(tmp_path / "top"))
    async with driven(service) as d:
        await d.press("m", "ctrl+f")
        await d.app.workers.wait_for_complete(
            [worker for worker in d.app.workers if worker.node is d.app.screen]
        )
        await d.settle()
        assert isinstance(d.app.screen, FolderDialog)
        assert "isos/" in d.text
        assert "hidden" not in d.text
        await d.press("down", "down", "enter")
        await d.app.workers.wait_for_complete(
            [worker for worker in d.app.workers if worker.node is d.app.screen]
        )
        await d.settle()
        assert "old/" in d.text
        await d.press("space")
        assert d.app.screen.query_one("#folder", Input).value == str(tmp_path / "top" / "isos")


def test_the_nearest_folder_that_is_there_is_shown(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "b").mkdir(parents=True)
    (top / "a\x1b[2J").mkdir()
    (top / "file").touch()
    assert folders_in(top / "gone" / "deeper") == (top, ["b"])
