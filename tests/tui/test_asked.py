"""What was asked shows in the next frame, however long the engine takes to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.tui.driving import SMALL, driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import ErrorCode, Failure, StateError
from tui_dl.domain.model import Status
from tui_dl.service.contract import ActionResult


class SlowService(FakeService):
    """A service whose answers to pause and resume wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def pause(self, ids: Sequence[str]) -> list[ActionResult]:
        """Pause once it is let go."""
        await self.go.wait()
        return await super().pause(ids)

    async def resume(self, ids: Sequence[str]) -> list[ActionResult]:
        """Resume once it is let go."""
        await self.go.wait()
        return await super().resume(ids)


async def test_a_pause_shows_before_it_is_answered() -> None:
    service = SlowService()
    service.put("runs.bin", Status.DOWNLOADING, total_bytes=90, rate_bps=5.0)
    service.put("waits.bin")
    service.put("is-done.bin", Status.COMPLETED)
    async with driven(service, SMALL) as d:
        await d.press("ctrl+a", "p")
        assert "‖ pausing" in d.text
        assert "‖ paused" in d.text
        assert "✓ done" in d.text
        assert "▼ downloading" not in d.text
        assert service.named("runs.bin").status is Status.DOWNLOADING
        service.go.set()
        await d.settle()
        assert service.named("runs.bin").status is Status.PAUSING
        assert "‖ pausing" in d.text
        assert d.toasts[-1].startswith("1 of 3 were not paused")


async def test_a_retry_shows_before_it_is_answered() -> None:
    service = SlowService()
    reason = Failure(ErrorCode.NOT_FOUND, "The server has no such file.")
    service.put("lost.bin", Status.FAILED, failure=reason)
    async with driven(service, SMALL) as d:
        assert "✗ failed" in d.text
        await d.press("r")
        assert "○ queued" in d.text
        assert "no such file" not in d.text
        service.go.set()
        await d.settle()
        assert "○ queued #1" in d.text


async def test_a_wish_that_nobody_answers_is_taken_back() -> None:
    service = SlowService()
    service.put("runs.bin", Status.DOWNLOADING, total_bytes=90)
    async with driven(service, SMALL) as d:
        service.fail_next = StateError("The engine does not answer.")
        await d.press("p")
        assert "‖ pausing" in d.text
        service.go.set()
        await d.settle()
        assert "▼ downloading" in d.text
        assert d.toasts == ["The engine does not answer."]


async def test_a_deleted_row_goes_before_the_engine_has_stopped_it() -> None:
    service = SlowService()
    service.put("runs.bin", Status.DOWNLOADING)
    async with driven(service, SMALL) as d:
        await d.press("d")
        assert "Nothing to download yet." in d.text
        assert not d.toasts
        service.go.set()
        await d.settle()
        assert d.toasts == ["runs.bin is off the list; its file stays. z undoes."]
