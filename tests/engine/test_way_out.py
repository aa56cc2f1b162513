"""What is asked of a download whose last run is still on its way out: the disk takes its time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.engine.core import Core
from tui_dl.engine.job import Job, Stop
from tui_dl.service.contract import ActionResult
from tui_dl.storage.part_file import PartFile

SIZE = 4 << 20
SLOW = Resource(path="/film.bin", size=SIZE, rate_bps=1e6)


@contextmanager
def slow_sync() -> Iterator[threading.Event]:
    """Hold every sync of a part until the event is set, at the latest with the block's end."""
    go_on, real = threading.Event(), PartFile.sync

    def sync(part: PartFile, *args: Any, **options: Any) -> None:
        assert go_on.wait(60)
        real(part, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartFile, "sync", sync)
        try:
            yield go_on
        finally:
            go_on.set()


async def pausing(driver: Driver, url: str) -> str:
    """Return a download that is asked to pause and cannot leave yet."""
    record_id = await driver.add(url, connections=2)
    await driver.until(record_id, lambda row: row.done_bytes > 0 and row.connections > 0)
    (answer,) = await driver.service.pause([record_id])
    assert answer.failure is None
    assert (await driver.details(record_id)).download.status is Status.PAUSING
    return record_id


async def being_cancelled(driver: Driver, record_id: str) -> asyncio.Task[list[ActionResult]]:
    """Ask for a cancel; return once the engine has heard of it."""
    task = asyncio.create_task(driver.service.cancel([record_id]))

    async def is_heard(core: Core) -> bool:
        return core.job(record_id).stopping is Stop.CANCEL

    while not await driver.service._engine.call(is_heard):
        pass  # each look is a way through the engine's loop
    return task


async def test_a_cancel_behind_a_resume_wins(fault_server: FaultServer, tmp_path: Path) -> None:
    """It was told that it could not be cancelled, and went on."""
    url = fault_server.add(SLOW)
    async with running(tmp_path) as driver:
        with slow_sync() as go_on:
            record_id = await pausing(driver, url)
            (resumed,) = await driver.service.resume([record_id])
            assert resumed.failure is None
            cancelling = await being_cancelled(driver, record_id)
            go_on.set()
            (cancelled,) = await cancelling
        assert cancelled.failure is None
        assert (await driver.wait(record_id)).status is Status.CANCELLED
        fault_server.wait_idle()

        fault_server.replace(Resource(path=SLOW.path, size=SIZE))
        row = await driver.finish(record_id)
        check_file(driver.path(row), 1, SIZE)


async def test_a_resume_behind_a_cancel_does_not_undo_it(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url, other_url = fault_server.add(SLOW), fault_server.add(Resource(path="/other", size=5000))
    async with running(tmp_path, slots=1) as driver:
        with slow_sync() as go_on:
            record_id = await pausing(driver, url)
            cancelling = await being_cancelled(driver, record_id)
            (resumed,) = await driver.service.resume([record_id])
            assert resumed.failure is not None
            assert resumed.failure.code is ErrorCode.NOT_ALLOWED_NOW
            go_on.set()
            (cancelled,) = await cancelling
        assert cancelled.failure is None
        assert driver.row(record_id).status is Status.CANCELLED
        other = await driver.fetch(other_url)
        assert other.status is Status.COMPLETED, "its slot was not given back"


async def test_a_cancel_is_not_undone_by_the_end_of_the_program(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was queued again, and the next start went on with it."""
    interrupted, real = threading.Event(), Job.stop

    def stop(job: Job, why: Stop) -> None:
        real(job, why)
        if why is Stop.INTERRUPT:
            interrupted.set()

    monkeypatch.setattr(Job, "stop", stop)
    url = fault_server.add(SLOW)
    async with running(tmp_path) as driver:
        with slow_sync() as go_on:
            record_id = await driver.add(url, connections=2)
            await driver.until(record_id, lambda row: row.done_bytes > 0)
            cancelling = await being_cancelled(driver, record_id)
            closing = asyncio.create_task(driver.service.close())
            assert await asyncio.to_thread(interrupted.wait, 60)
            go_on.set()
            await closing
        await asyncio.gather(cancelling, return_exceptions=True)
    async with running(tmp_path) as driver:
        assert driver.row(record_id).status is Status.CANCELLED
