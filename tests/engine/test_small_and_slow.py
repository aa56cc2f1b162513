"""Small files that are not whole within a second: each gets a part and a journal after all."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine import disk
from tui_dl.engine.core import Core
from tui_dl.engine.plan import Claim, Plan
from tui_dl.engine.witness import Witness
from tui_dl.storage import journal_words
from tui_dl.storage.journal import WrittenJournal


async def test_one_that_is_slow_gets_a_part_and_keeps_its_bytes(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/slow", size=400_000, rate_bps=60_000))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=1)
        part = driver.folder / "slow.part"
        await driver.until(record_id, lambda _: part.exists())
        assert list((tmp_path / "state" / "journal").iterdir())
        await driver.service.pause([record_id])
        row = await driver.wait(record_id)
        kept = row.done_bytes
        assert kept > 0
    fault_server.replace(Resource(path="/slow", size=400_000))
    async with running(tmp_path) as driver:
        await driver.service.resume([record_id])
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 400_000)
        assert [path.name for path in driver.folder.iterdir()] == ["slow"]
    assert fault_server.requests("/slow")[-1].header("range") != "bytes=0-"


async def test_a_pause_before_it_has_a_part_keeps_the_bytes(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_dl.engine.checkpoint.LOOK_S", 3600.0)
    url = fault_server.add(Resource(path="/slow", size=900_000, rate_bps=60_000))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=1)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        assert not list(driver.folder.iterdir())
        await driver.service.pause([record_id])
        row = await driver.wait(record_id)
        assert row.status is Status.PAUSED
        assert row.done_bytes > 0
        assert [path.name for path in driver.folder.iterdir()] == ["slow.part"]
        fault_server.replace(Resource(path="/slow", size=900_000))
        await driver.service.resume([record_id])
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 900_000)
    assert fault_server.requests("/slow")[-1].header("range") != "bytes=0-"


async def test_bytes_that_come_while_its_name_is_taken_by_another_find_a_journal(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first journal was closed before the second was there: "tui-dl made a mistake"."""
    came, real, real_advance = threading.Event(), Witness.new_journal, Plan.advance
    made: list[str] = []

    def new_journal(witness: Witness, record: DownloadRecord, written: RangeSet) -> WrittenJournal:
        made.append(record.name or "")
        if len(made) == 1:
            Path(record.directory, "slow.part").write_bytes(b"somebody else's")
        if len(made) == 2:
            came.clear()
            assert came.wait(60)
        return real(witness, record, written)

    def advance(plan: Plan, claim: Claim, count: int) -> None:
        try:
            real_advance(plan, claim, count)
        finally:
            came.set()

    monkeypatch.setattr(Witness, "new_journal", new_journal)
    monkeypatch.setattr(Plan, "advance", advance)
    monkeypatch.setattr("tui_dl.engine.checkpoint.LOOK_S", 0.05)
    monkeypatch.setattr(disk, "QUICK_CALLS", 1 << 30)  # in the pool, as on a slow disk
    url = fault_server.add(Resource(path="/slow", size=200_000, rate_bps=60_000))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, connections=1)
        assert row.status is Status.COMPLETED, row.failure
        assert made[:2] == ["slow", "slow (1)"]
        check_file(driver.path(row), 1, 200_000)


def open_journals() -> int:
    """Return how many journals this process has open."""
    names = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]
    return sum(".journal" in name for name in names)


async def test_a_journal_that_comes_with_the_last_byte_is_not_left_behind(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was being made when the file was whole: nobody used it, and nobody removed it."""
    real, loops = Witness.new_journal, list[asyncio.AbstractEventLoop]()
    made: list[WrittenJournal] = []

    def is_given_up() -> bool:
        tasks = asyncio.all_tasks(loops[0])
        return any(task.get_name() == "checkpoints" and task.cancelling() for task in tasks)

    def new_journal(witness: Witness, record: DownloadRecord, written: RangeSet) -> WrittenJournal:
        while not is_given_up():
            time.sleep(0.005)
        made.append(real(witness, record, written))
        return made[0]

    async def find_loop(_: Core) -> None:
        loops.append(asyncio.get_running_loop())

    monkeypatch.setattr(Witness, "new_journal", new_journal)
    monkeypatch.setattr("tui_dl.engine.checkpoint.LOOK_S", 0.05)
    monkeypatch.setattr(disk, "QUICK_CALLS", 1 << 30)
    monkeypatch.setattr(journal_words, "map_is_safe", lambda _fd: False)
    url = fault_server.add(Resource(path="/slow", size=100_000, rate_bps=60_000))
    async with running(tmp_path) as driver:
        await driver.service._engine.call(find_loop)
        row = await driver.fetch(url, connections=1)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 100_000)
        assert made, "it was whole too soon"
        assert list((tmp_path / "state" / "journal").iterdir()) == []
        assert open_journals() == 0
