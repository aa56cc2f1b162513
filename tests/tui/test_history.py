"""The history: what ended, latest first, searchable, and what can be done with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.widgets import Input

from tests.tui import scenes
from tests.tui.driving import SMALL, driven
from tests.tui.fake_service import START, FakeService
from tests.tui.hostile import HOSTILE
from tui_dl.domain.model import DownloadOptions, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.tui.screens.details import DetailsScreen
from tui_dl.tui.screens.history import HistoryScreen
from tui_dl.tui.screens.main import MainScreen


def finished() -> FakeService:
    """Return a service where two are done, one failed and one runs."""
    service = FakeService()
    service.put("old.iso", Status.COMPLETED, completed_at=START, done_bytes=1000)
    service.put("new.iso", Status.COMPLETED, completed_at=START + timedelta(hours=1), done_bytes=9)
    service.put("bad.iso", Status.FAILED, started_at=START + timedelta(minutes=5))
    service.put("running.iso", Status.DOWNLOADING, total_bytes=10)
    return service


def names_shown(text: str) -> list[str]:
    """Return the names of the rows, from the top."""
    words = [word for line in text.splitlines() for word in line.split()]
    return [word for word in words if word.endswith(".iso")]


async def test_what_ended_is_listed_the_latest_first() -> None:
    async with driven(finished(), SMALL) as d:
        await d.press("h")
        assert isinstance(d.app.screen, HistoryScreen)
        assert names_shown(d.text) == ["new.iso", "bad.iso", "old.iso"]
        assert "3 downloads" in d.text
        await d.press("h")
        assert isinstance(d.app.screen, MainScreen)


async def test_what_ends_while_it_is_open_appears() -> None:
    service = finished()
    async with driven(service) as d:
        await d.press("h")
        service.change(service.named("running.iso").id, completed_at=None)
        service.finish(service.named("running.iso").id)
        await d.settle()
        assert "running.iso" in names_shown(d.text)


async def test_words_narrow_it_and_escape_shows_all() -> None:
    async with driven(finished()) as d:
        await d.press("h", "slash", "o", "l", "d")
        assert names_shown(d.text) == ["old.iso"]
        await d.press("enter", "escape")
        assert len(names_shown(d.text)) == 3
        assert isinstance(d.app.screen, HistoryScreen)
        assert d.app.screen.query_one("#filter", Input).value == ""
        await d.press("escape")
        assert isinstance(d.app.screen, MainScreen)


async def test_r_fetches_a_completed_one_once_more_beside_its_file() -> None:
    service = finished()
    options = DownloadOptions(connections=2)
    service.change(service.named("new.iso").id, options=options)
    async with driven(service) as d:
        await d.press("h", "r")
        (request,) = service.calls_of("add")[0]
        row = service.named("new.iso")
        assert (request.url, request.directory, request.options) == (
            row.url, row.directory, options,
        )  # fmt: skip
        assert request.allow_duplicate
        assert service.calls_of("resume") == []
        assert d.toasts == ["new.iso is fetched once more."]


async def test_r_tries_a_failed_one_again() -> None:
    service = finished()
    async with driven(service) as d:
        await d.press("h", "j", "r")
        assert service.calls_of("resume") == [(service.named("bad.iso").id,)]
        assert service.calls_of("add") == []


async def test_d_takes_it_off_and_keeps_the_file() -> None:
    service = finished()
    row = service.named("new.iso")
    async with driven(service) as d:
        await d.press("h", "d")
        assert names_shown(d.text)[:2] == ["bad.iso", "old.iso"]
        await d.press("z")
        assert "new.iso" in names_shown(await d.look())
        await d.press("home", "d")
    assert service.calls_of("remove") == [((row.id,), False)]


async def test_the_folder_opens_and_enter_shows_the_details(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[tuple[str, bool]] = []

    def open_it(download: DownloadSnapshot, *, folder: bool) -> str:
        opened.append((download.name, folder))
        return "It is opened."

    monkeypatch.setattr("tui_dl.tui.app.open_outside", open_it)
    async with driven(finished()) as d:
        await d.press("h", "O")
        assert opened == [("new.iso", True)]
        await d.press("enter")
        assert isinstance(d.app.screen, DetailsScreen)
        assert "new.iso" in d.text
        await d.press("escape")
        assert isinstance(d.app.screen, HistoryScreen)


async def test_keys_for_running_downloads_are_off() -> None:
    service = finished()
    async with driven(service) as d:
        await d.press("h", "p", "J", "u", "l")
        assert isinstance(d.app.screen, HistoryScreen)
        assert service.calls == []
        assert "pause" not in d.text.splitlines()[-1]


async def test_an_empty_history_answers_every_key() -> None:
    async with driven(FakeService()) as d:
        await d.press("h")
        assert "nothing has ended yet" in d.text
        await d.press("r", "d", "D", "O", "enter", "j", "G")
        assert isinstance(d.app.screen, HistoryScreen)


async def test_ten_thousand_are_listed_by_the_rows_that_are_seen() -> None:
    service = scenes.many(10_000)
    for row in service.snapshot().downloads[:5000]:
        service._rows[row.id] = row.__class__(
            **{name: getattr(row, name) for name in row.__slots__} | {"status": Status.COMPLETED}
        )
    service.change(row.id)
    async with driven(service, SMALL) as d:
        await d.press("h")
        assert "5000 downloads" in d.text
        await d.press("end")
        assert "file-00000.bin" in d.text


async def test_hostile_names_are_only_shown() -> None:
    service = FakeService()
    for name in HOSTILE:
        service.put(name, Status.COMPLETED, url=f"https://e.org/{name}")
    async with driven(service, (120, 90)) as d:
        await d.press("h")
        for strip in d.app.screen._compositor.render_strips():
            assert all(character.isprintable() for character in strip.text)
        assert "History" in d.text
