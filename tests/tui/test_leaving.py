"""Quitting: asked only when bytes would be lost; ``exit_when_done``; nothing is closed here."""

from __future__ import annotations

from tests.tui.driving import driven
from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import AddRequest, Status
from tui_dl.tui.leaving import farewell

URL = "https://example.org/a.bin"


async def test_q_leaves_at_once_when_nothing_is_lost_and_closes_no_service() -> None:
    service = FakeService()
    service.put("a.bin", Status.DOWNLOADING, total_bytes=9, done_bytes=3)
    async with driven(service) as d:
        await d.press("q")
    assert d.app.return_value == 0
    assert service.calls == []
    assert service.listeners == 0


async def test_q_asks_when_a_server_cannot_continue_a_file() -> None:
    service = FakeService()
    service.put("live.bin", Status.DOWNLOADING, done_bytes=1_200_000_000, ranges_supported=False)
    async with driven(service) as d:
        await d.press("q")
        assert "Quit now?" in d.text
        assert "live.bin  1.20 GB" in d.text
        assert "1.20 GB would be fetched again" in d.words
        await d.press("n")
        assert d.app.is_running
        await d.press("q", "y")
    assert d.app.return_value == 0


async def test_a_remote_engine_is_left_without_a_question() -> None:
    service = FakeService()
    service.put("live.bin", Status.DOWNLOADING, done_bytes=9, ranges_supported=False)
    async with driven(service, remote=True) as d:
        await d.press("q")
    assert d.app.return_value == 0


def test_the_farewell_says_what_becomes_of_unfinished_downloads() -> None:
    service = FakeService()
    assert farewell(service.snapshot(), engine_stays=False) == ""
    service.put("a.bin", Status.DOWNLOADING)
    service.put("b.bin")
    service.put("c.bin", Status.COMPLETED)
    assert farewell(service.snapshot(), engine_stays=False) == (
        "2 unfinished downloads kept: tui-dl goes on with them next time."
    )
    assert farewell(service.snapshot(), engine_stays=True) == (
        "2 downloads go on without this screen."
    )


async def test_exit_when_done_waits_for_all_and_tells_success() -> None:
    service = FakeService()
    row = service.put("old.bin")
    async with driven(service, exit_when_done=True, initial=(AddRequest(URL, FOLDER),)) as d:
        service.finish(row.id)
        await d.settle()
        assert d.app.is_running
        service.finish(service.named("a.bin").id)
        await d.settle()
    assert d.app.return_value == 0


async def test_exit_when_done_tells_a_failure() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING)
    async with driven(service, exit_when_done=True) as d:
        service.fail(row.id, ErrorCode.NOT_FOUND, "404: the server has no such file.")
        await d.settle()
    assert d.app.return_value == 1


async def test_exit_when_done_does_not_leave_while_there_was_nothing_to_do() -> None:
    service = FakeService()
    service.put("a.bin", Status.COMPLETED)
    async with driven(service, exit_when_done=True) as d:
        await d.look()
        assert d.app.is_running
