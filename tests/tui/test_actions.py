"""Each key of the list asks the service for the right thing, and says what was refused."""

from __future__ import annotations

from tests.tui import scenes
from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import StateError
from tui_dl.domain.model import Status
from tui_dl.service.contract import MoveTo


async def test_p_pauses_the_download_under_the_cursor_and_shows_it_at_once() -> None:
    async with driven(scenes.busy()) as d:
        target = d.service.named("debian-13.1.0-amd64-DVD-1.iso")
        await d.press("p")
        assert d.service.calls_of("pause") == [(target.id,)]
        assert "‖ pausing" in d.text


async def test_r_resumes_a_paused_and_retries_a_failed_download() -> None:
    service = FakeService()
    paused = service.put("a.bin", Status.PAUSED)
    failed = service.put("b.bin", Status.FAILED)
    async with driven(service) as d:
        await d.press("r", "j", "r")
        assert service.calls_of("resume") == [(paused.id,), (failed.id,)]
        assert "queued #1" in d.text
        assert "queued #2" in d.text


async def test_a_refused_action_is_told_in_a_sentence_and_changes_nothing() -> None:
    service = FakeService()
    service.put("a.bin", Status.COMPLETED, total_bytes=5, done_bytes=5)
    async with driven(service) as d:
        await d.press("p")
        assert d.toasts == ["A download that is completed cannot be paused."]
        assert "✓ done" in d.text


async def test_refusals_of_some_of_many_are_counted() -> None:
    service = FakeService()
    service.put("a.bin", Status.COMPLETED)
    service.put("b.bin", Status.QUEUED)
    async with driven(service) as d:
        await d.press("ctrl+a", "p")
        assert d.toasts == [
            "1 of 2 were not paused: A download that is completed cannot be paused."
        ]
        assert service.named("b.bin").status is Status.PAUSED


async def test_an_engine_out_of_reach_is_told_and_the_app_lives() -> None:
    service = FakeService()
    service.put("a.bin")
    service.fail_next = StateError("The engine at 127.0.0.1:1700 does not answer.")
    async with driven(service) as d:
        await d.press("p")
        assert d.toasts == ["The engine at 127.0.0.1:1700 does not answer."]
        await d.press("p")
        assert service.named("a.bin").status is Status.PAUSED


async def test_an_unexpected_error_in_an_action_becomes_a_toast_not_the_end() -> None:
    service = FakeService()
    service.put("a.bin")
    service.fail_next = ValueError("[/b] boom \x1b]0;x\x07")
    async with driven(service) as d:
        await d.press("p")
        assert len(d.toasts) == 1
        assert "That did not work: [/b] boom ␛]0;x␇" in d.toasts[0]
        assert d.app.is_running


async def test_capital_p_and_r_act_on_all_that_can() -> None:
    service = FakeService()
    running = service.put("a.bin", Status.DOWNLOADING, rate_bps=1.0, total_bytes=10)
    queued = service.put("b.bin")
    paused = service.put("c.bin", Status.PAUSED)
    service.put("d.bin", Status.COMPLETED)
    service.put("e.bin", Status.FAILED)
    async with driven(service) as d:
        await d.press("P")
        assert service.calls_of("pause") == [(running.id, queued.id)]
        service.settle_pauses()
        await d.look()
        await d.press("R")
        assert service.calls_of("resume") == [(running.id, queued.id, paused.id)]


async def test_capital_d_names_the_files_and_removes_only_after_yes() -> None:
    service = FakeService()
    doomed = service.put("holiday.mp4", Status.COMPLETED, total_bytes=9, done_bytes=9_000_000)
    async with driven(service) as d:
        await d.press("D")
        assert "holiday.mp4" in d.text
        assert "9.00 MB on the disk will be deleted" in d.text
        await d.press("n")
        assert service.calls_of("remove") == []
        await d.press("D", "enter")  # the safe answer has the focus
        assert service.calls_of("remove") == []
        await d.press("D", "escape")
        assert service.calls_of("remove") == []
        await d.press("D", "y")
        assert service.calls_of("remove") == [((doomed.id,), True)]
        assert service.names() == []


async def test_j_and_k_move_in_the_queue_and_the_cursor_stays_on_the_download() -> None:
    service = FakeService()
    for name in ("a.bin", "b.bin", "c.bin"):
        service.put(name)
    async with driven(service) as d:
        await d.press("J")
        assert service.names() == ["b.bin", "a.bin", "c.bin"]
        assert d.cursor_name == "a.bin"
        await d.press("K")
        assert service.names() == ["a.bin", "b.bin", "c.bin"]
        assert [to for _, to in service.calls_of("move")] == [MoveTo.DOWN, MoveTo.UP]


async def test_keys_on_an_empty_list_ask_for_nothing() -> None:
    service = FakeService()
    async with driven(service) as d:
        await d.press("p", "r", "d", "D", "P", "R", "J", "K", "u", "y", "o", "O", "enter", "space")
        assert [name for name, _ in service.calls] == []
        assert "Nothing to download yet." in d.text
