"""Small files: one request, no part of their own, waits for the disk that are shared."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import AddRequest, Status
from tui_dl.engine import landing
from tui_dl.engine.governor import Governor
from tui_dl.engine.run import Run
from tui_dl.storage import claim, part_file
from tui_dl.storage import landing as storage_landing
from tui_dl.storage.catalog import Catalog
from tui_dl.storage.landing import land_parts, sync_parts
from tui_dl.storage.part_file import PartFile

COUNT = 40
SIZE = 20_000


async def add_list(driver: Driver, urls: Sequence[str]) -> list[str]:
    """Add downloads in one step, as a list does; return their ids."""
    answers = await driver.service.add(
        [AddRequest(url=url, directory=str(driver.folder)) for url in urls]
    )
    return [answer.id or "" for answer in answers]


def files(server: FaultServer, count: int = COUNT, **more: Any) -> list[str]:
    """Offer small files."""
    return [server.add(Resource(path=f"/f{n}", size=SIZE, **more)) for n in range(count)]


async def test_many_share_commits_syncs_and_connections(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[bool] = []
    save = Catalog.save

    def counted(catalog: Catalog, *args: Any, durable: bool = False, **more: Any) -> None:
        commits.append(durable)
        save(catalog, *args, durable=durable, **more)

    monkeypatch.setattr(Catalog, "save", counted)
    batches: list[int] = []
    real = land_parts

    def landed(parts: Sequence[PartFile]) -> Any:
        batches.append(len(parts))
        return real(parts)

    monkeypatch.setattr(landing, "land_parts", landed)
    async with running(tmp_path, slots=16) as driver:
        for record_id in await add_list(driver, files(fault_server)):
            row = await driver.wait(record_id)
            assert row.status is Status.COMPLETED, row.failure
            check_file(driver.path(row), 1, SIZE)
        assert len(list(driver.folder.iterdir())) == COUNT
    assert sum(batches) == COUNT
    assert len(batches) < COUNT / 2
    assert sum(commits) < COUNT, "each file had a durable commit of its own"
    assert len(fault_server.connections) <= 16 + 2
    assert all(len(fault_server.requests(f"/f{n}")) == 1 for n in range(COUNT))
    assert not (tmp_path / "state" / "journal").exists()


async def test_who_waits_for_the_disk_holds_no_slot(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    real = sync_parts

    def waits(parts: Sequence[PartFile]) -> Any:
        go_on.wait(60)
        return real(parts)

    monkeypatch.setattr(landing, "sync_parts", waits)
    async with running(tmp_path, slots=1) as driver:
        try:
            ids = await add_list(driver, files(fault_server, 3))
            for record_id in ids:
                await driver.until(record_id, lambda row: row.status is Status.VERIFYING)
        finally:
            go_on.set()
        for record_id in ids:
            assert (await driver.wait(record_id)).status is Status.COMPLETED


async def test_a_sync_that_fails_fails_one_file(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap D6: what could not be synced is not called done, and its neighbours are."""
    real = PartFile.sync_all

    def sync_all(part: PartFile) -> None:
        if part.name == "f3":
            raise DiskError("The disk is failing.", code=ErrorCode.DISK_IO)
        real(part)

    monkeypatch.setattr(PartFile, "sync_all", sync_all)
    async with running(tmp_path, slots=8) as driver:
        ids = await add_list(driver, files(fault_server, 8))
        rows = [await driver.wait(record_id) for record_id in ids]
        assert [row.status is Status.COMPLETED for row in rows] == [n != 3 for n in range(8)]
        assert rows[3].failure is not None
        assert rows[3].failure.code is ErrorCode.DISK_IO
        assert not (driver.folder / "f3").exists()


@pytest.mark.parametrize("deed", ["pause", "cancel", "close"])
async def test_who_is_stopped_while_it_gets_its_name_does_not_hang(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """The part is closed by then; it was pausing for ever."""
    named, go_on = threading.Event(), threading.Event()
    real = land_parts

    def waits(parts: Sequence[PartFile]) -> Any:
        outcomes = real(parts)
        named.set()
        go_on.wait(60)
        return outcomes

    monkeypatch.setattr(landing, "land_parts", waits)
    (url,) = files(fault_server, 1)
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        async with asyncio.timeout(60):
            await asyncio.to_thread(named.wait, 60)
            service = driver.service
            deeds = {"pause": service.pause, "cancel": service.cancel}
            if deed == "close":
                asyncio.get_running_loop().call_later(0.05, go_on.set)
            else:
                asked = asyncio.create_task(deeds[deed]([record_id]))
                await asyncio.sleep(0.05)  # whichever comes first, nothing may hang
                go_on.set()
                await asked
                stopped = await driver.wait(record_id)
                assert stopped.status in (Status.PAUSED, Status.CANCELLED, Status.COMPLETED)
    async with running(tmp_path) as driver:
        if driver.row(record_id).status is not Status.COMPLETED:
            await driver.service.resume([record_id])
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)
        assert [path.name for path in driver.folder.iterdir()] == ["f0"]
    assert len(fault_server.requests("/f0")) == 1


async def test_a_folder_that_cannot_be_synced_is_told_and_tried_again(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(errno.EIO, "the folder is lost")

    (url,) = files(fault_server, 1)
    async with running(tmp_path) as driver:
        with monkeypatch.context() as patch:
            patch.setattr(storage_landing, "sync_folder", fails)
            row = await driver.fetch(url)
        assert row.status is Status.PAUSED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DISK_IO
        await driver.service.resume([row.id])
        row = await driver.wait(row.id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)


async def test_a_mistake_of_ours_at_the_end_of_a_run_is_told_and_hangs_nothing(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(_: Run) -> None:
        raise RuntimeError("the file is closed")

    url = fault_server.add(Resource(path="/slow", size=400_000, rate_bps=60_000))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=1)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        with monkeypatch.context() as patch:
            patch.setattr(Run, "let_go", breaks)
            await driver.service.pause([record_id])
            assert (await driver.wait(record_id)).status is Status.PAUSED


async def test_a_mistake_of_ours_at_the_end_of_a_run_costs_no_byte(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part stayed open and locked: the next run took it for somebody else's."""

    def breaks(_: PartFile) -> None:
        raise RuntimeError("a mistake")

    url = fault_server.add(Resource(path="/slow", size=4_000_000, rate_bps=600_000))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=1)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        with monkeypatch.context() as patch:
            patch.setattr(PartFile, "sync", breaks)
            await driver.service.pause([record_id])
            assert (await driver.wait(record_id)).status is Status.PAUSED
        fault_server.replace(Resource(path="/slow", size=4_000_000))
        await driver.service.resume([record_id])
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 4_000_000)
    assert all(r.header("range") != "bytes=0-" for r in fault_server.requests("/slow")[1:])


async def test_a_gathering_survives_work_that_breaks_and_items_that_leave() -> None:
    done: list[list[int]] = []
    began, go_on = asyncio.Event(), asyncio.Event()

    async def work(items: list[int]) -> list[int]:
        done.append(items)
        began.set()
        if items == [1]:
            await go_on.wait()
            raise RuntimeError("broken")
        return items

    gathering: landing.Gathering[int, int] = landing.Gathering(work, lambda: True)
    async with asyncio.timeout(60):
        first = asyncio.create_task(gathering.do(1))
        await began.wait()
        second = asyncio.create_task(gathering.do(2))
        third = asyncio.create_task(gathering.do(3))
        await asyncio.sleep(0)
        third.cancel()
        go_on.set()
        with pytest.raises(RuntimeError, match="broken"):
            await first
        assert await second == 2, "it came while the broken one was under way"
        with pytest.raises(asyncio.CancelledError):
            await third
        leaving = asyncio.create_task(gathering.do(4))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert await gathering.do(5) == 5
    assert done == [[1], [2], [5]]


async def test_a_disk_that_cannot_name_it_gets_a_part_from_the_start(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap D18: O_TMPFILE without a way to link it, as where /proc is missing."""
    for module in (claim, part_file):
        monkeypatch.setattr(module, "give_name", lambda *_: False)
    async with running(tmp_path, slots=4) as driver:
        for record_id in await add_list(driver, files(fault_server, 6)):
            row = await driver.wait(record_id)
            assert row.status is Status.COMPLETED, row.failure
            check_file(driver.path(row), 1, SIZE)
        assert len(list(driver.folder.iterdir())) == 6


async def test_two_that_want_one_name_get_two(fault_server: FaultServer, tmp_path: Path) -> None:
    """Trap N5: neither has claimed it while both are fetched."""
    urls = [
        fault_server.add(Resource(path=f"/{n}/same.bin", size=SIZE, seed=n)) for n in range(1, 5)
    ]
    async with running(tmp_path, slots=4) as driver:
        ids = await add_list(driver, urls)
        rows = [await driver.wait(record_id) for record_id in ids]
        assert len({row.name for row in rows}) == 4
        for seed, row in enumerate(rows, 1):
            assert row.status is Status.COMPLETED, row.failure
            check_file(driver.path(row), seed, SIZE)


def test_a_small_file_on_a_long_link_is_asked_for_once() -> None:
    """A second connection needs two round trips before its first byte; the first has it all."""
    small, larger = Governor(16), Governor(16)
    small.begin(0.0, 0, 0.08, 64 * 1024)
    larger.begin(0.0, 0, 0.08, 8 * 1024 * 1024)
    assert (small.target, larger.target) == (1, 4)
