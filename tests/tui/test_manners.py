"""Title, bell, headings that sort, and a new link for what runs."""

from __future__ import annotations

import pytest

from tests.tui import scenes
from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tests.tui.hostile import HOSTILE
from tui_dl.config.schema import Settings, Ui
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.tui import steering
from tui_dl.tui.app import TuiDlApp
from tui_dl.tui.preferences import Preferences
from tui_dl.tui.terminal_title import POP, PUSH, TerminalTitle
from tui_dl.tui.view.columns import columns_for
from tui_dl.tui.view.listing import SortKey
from tui_dl.tui.view.row import header_line, sort_at
from tui_dl.tui.view.title import title_text
from tui_dl.tui.widgets.bars import ColumnLine

NEW = "https://example.org/new"


def test_the_title_is_the_sum_of_what_runs_and_waits() -> None:
    service = FakeService()
    assert title_text(service.snapshot()) == "tui-dl"
    service.put("a", Status.DOWNLOADING, total_bytes=100, done_bytes=50, rate_bps=2_000_000.0)
    service.put("b", Status.QUEUED, total_bytes=300, done_bytes=25)
    service.put("c", Status.DOWNLOADING, done_bytes=999)
    service.put("d", Status.COMPLETED, total_bytes=10_000, done_bytes=10_000)
    assert title_text(service.snapshot()) == "18% · 2.00 MB/s · 2 active – tui-dl"


def test_a_title_is_written_once_and_the_old_one_comes_back() -> None:
    written: list[str] = []
    title = TerminalTitle(written.append)
    title.close()
    assert written == []
    title.show("one")
    title.show("one")
    title.show("two")
    title.close()
    assert written == [PUSH, "\x1b]2;one\x07", "\x1b]2;two\x07", f"\x1b]2;\x07{POP}"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_title_ends_its_sequence(text: str) -> None:
    written: list[str] = []
    TerminalTitle(written.append).show(text)
    body = written[1].removeprefix("\x1b]2;").removesuffix("\x07")
    assert body.isprintable()


async def test_the_app_shows_the_title_unless_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []
    monkeypatch.setattr(TuiDlApp, "write_raw", lambda _app, text: written.append(text))
    async with driven(scenes.busy()):
        assert any("active – tui-dl" in text for text in written)
    assert written[-1].endswith(POP)
    written.clear()
    off = Preferences(Settings(ui=Ui(title=False)))
    async with driven(scenes.busy(), preferences=off):
        pass
    assert written == []


@pytest.mark.parametrize(("wanted", "rings"), [(True, 1), (False, 0)])
async def test_the_bell_rings_when_a_download_ends_if_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, wanted: bool, rings: int
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(TuiDlApp, "bell", lambda _app: rung.append(1))
    service = scenes.busy()
    preferences = Preferences(Settings(ui=Ui(bell=wanted)))
    async with driven(service, preferences=preferences) as d:
        await d.press("j", "p")
        assert rung == []
        service.finish(service.named("debian-13.1.0-amd64-DVD-1.iso").id)
        await d.settle()
        assert len(rung) == rings


@pytest.mark.parametrize("width", [40, 79, 100, 120, 199])
def test_each_heading_sorts_by_what_it_says(width: int) -> None:
    columns = columns_for(width)
    text = "".join(part for part, _ in header_line(columns))
    for word, sort in (
        ("name", SortKey.NAME),
        ("status", SortKey.STATUS),
        ("progress", None),
        ("size", SortKey.SIZE),
        ("rate", SortKey.RATE),
        ("left", SortKey.LEFT),
        ("conn", SortKey.CONNECTIONS),
    ):
        if word in text:
            assert sort_at(columns, text.index(word)) is sort, word


async def test_a_click_on_a_heading_sorts_and_a_second_one_undoes_it() -> None:
    service = FakeService()
    for name in ("c", "a", "b"):
        service.put(name)
    async with driven(service) as d:
        await d.pilot.click(ColumnLine, offset=(5, 0))
        await d.settle()
        assert [row.name for row in d.listing.rows] == ["a", "b", "c"]
        assert "by name" in d.text
        await d.pilot.click(ColumnLine, offset=(5, 0))
        await d.settle()
        assert [row.name for row in d.listing.rows] == ["c", "a", "b"]


async def test_a_long_wait_is_shown_whole() -> None:
    service = FakeService()
    service.put("a.bin", Status.RETRYING, total_bytes=10, retry_in_s=73.0)
    for size in ((80, 24), (120, 36), (200, 50)):
        async with driven(service, size) as d:
            assert "retrying 1m 13s " in d.text


async def test_a_running_download_is_paused_for_its_new_link_and_goes_on() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING, total_bytes=100, rate_bps=5.0)
    async with driven(service) as d:
        await d.press("u")
        await d.type(NEW)
        await d.press("enter")
        assert service.row(row.id).status is Status.PAUSING
        assert service.calls_of("set_url") == []
        service.settle_pauses()
        await d.app.workers.wait_for_complete()
        await d.settle()
        assert [name for name, _ in service.calls] == ["pause", "set_url", "resume"]
        assert service.row(row.id).url == NEW
        assert service.row(row.id).status is Status.QUEUED
        assert service.listeners == 1


async def test_one_that_fails_meanwhile_gets_its_link_all_the_same() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING, total_bytes=100)
    async with driven(service) as d:
        await d.press("u")
        await d.type(NEW)
        await d.press("enter")
        service.fail(row.id, ErrorCode.FORBIDDEN, "403")
        await d.app.workers.wait_for_complete()
        await d.settle()
        assert service.calls_of("set_url") == [(row.id, NEW)]


async def test_one_that_does_not_pause_keeps_its_link_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steering, "STOP_LIMIT_S", 0.01)
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING, total_bytes=100)
    async with driven(service) as d:
        await d.press("u")
        await d.type(NEW)
        await d.press("enter")
        await d.app.workers.wait_for_complete()
        await d.settle()
        assert service.calls_of("set_url") == []
        assert service.row(row.id).url == row.url
        assert any("does not pause" in toast for toast in d.toasts)
        assert service.listeners == 1
