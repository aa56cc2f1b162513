"""Deleting from the list: gone at once, undone for a while, carried out in the end."""

from __future__ import annotations

from tests.tui.driving import driven
from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import StateError
from tui_dl.domain.model import AddRequest, Status


async def test_d_hides_the_row_stops_it_and_keeps_the_files() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING, total_bytes=9)
    service.put("b.bin")
    async with driven(service) as d:
        await d.press("d")
        assert " All 1 " in d.text
        assert [shown.name for shown in d.listing.rows] == ["b.bin"]
        assert d.toasts == ["a.bin is off the list; its file stays. z undoes."]
        assert service.calls_of("pause") == [(row.id,)]
        assert service.calls_of("remove") == []
        d.app.deleting.grace_is_over()
        await d.settle()
        assert service.calls_of("remove") == [((row.id,), False)]


async def test_z_brings_back_the_last_deletion_as_it_was() -> None:
    service = FakeService()
    running = service.put("a.bin", Status.DOWNLOADING)
    done = service.put("b.bin", Status.COMPLETED)
    async with driven(service) as d:
        await d.press("ctrl+a", "d")
        assert "Nothing to download yet." in d.text
        service.settle_pauses()
        await d.press("z")
        assert "a.bin" in d.text
        assert "b.bin" in d.text
        assert service.calls_of("resume") == [(running.id,)]
        assert d.cursor_name == "a.bin"
        assert service.row(done.id).status is Status.COMPLETED
        await d.press("z")
        assert d.toasts[-1] == "There is nothing to undo."
        d.app.deleting.grace_is_over()
        await d.settle()
        assert service.calls_of("remove") == []


async def test_leaving_carries_out_what_was_deleted() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service) as d:
        await d.press("d", "q")
    assert service.calls_of("remove") == [((row.id,), False)]


async def test_a_deleted_link_can_be_added_again_at_once() -> None:
    service = FakeService()
    url = "https://example.org/a.bin"
    service.put("a.bin", url=url)
    async with driven(service) as d:
        await d.press("d", "a")
        await d.type(url)
        await d.press("enter")
        assert "Already in the list" not in d.text
        assert service.names() == ["a.bin"]
        assert service.calls_of("add") == [(AddRequest(url, FOLDER),)]


async def test_the_cursor_goes_to_the_next_row() -> None:
    service = FakeService()
    for name in ("a.bin", "b.bin", "c.bin"):
        service.put(name)
    async with driven(service) as d:
        await d.press("j", "d")
        assert d.cursor_name == "c.bin"


async def test_a_removal_that_fails_brings_the_row_back_and_says_so() -> None:
    service = FakeService()
    service.put("a.bin", Status.COMPLETED)
    async with driven(service) as d:
        await d.press("d")
        service.fail_next = StateError("The engine does not answer.")
        d.app.deleting.grace_is_over()
        await d.settle()
        assert d.toasts[-1] == "The engine does not answer."
        assert "a.bin" in await d.look()
