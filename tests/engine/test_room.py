"""Trap D3: the sum of all downloads must fit on the disk, and a full one is not the end.

The disk is a real folder of which only so many bytes count as its own, so that this runs
without the right to mount; ``tests/torture`` fills a real one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import Driver, running
from tests.support.disk_faults import replace_writes
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.engine import room_watch
from tui_dl.storage import room, space

MIB = 1024 * 1024
SIZE = 4 * MIB


class SmallDisk:
    """A folder with a capacity that can be changed."""

    def __init__(self, folder: Path, capacity: int) -> None:
        self.folder = folder
        self.capacity = capacity

    def free_bytes(self, _path: Path) -> int:
        taken = sum(room.allocated_bytes(path) for path in self.folder.iterdir())
        return max(0, self.capacity - taken)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallDisk:
    folder = tmp_path / "downloads"
    folder.mkdir()
    small = SmallDisk(folder, 2 * SIZE + SIZE // 2)
    monkeypatch.setattr(space, "free_bytes", small.free_bytes)
    monkeypatch.setattr(room, "free_bytes", small.free_bytes)
    monkeypatch.setattr(room_watch, "LOOK_S", 0.05)
    return small


def is_full(row: DownloadSnapshot) -> bool:
    reason = None if row.failure is None else row.failure.code
    return row.status is Status.PAUSED and reason is ErrorCode.DISK_FULL


async def two_at_work(driver: Driver, server: FaultServer) -> list[str]:
    """Start two downloads that stay at work until ``let_finish``."""
    ids = []
    for name in "ab":
        url = server.add(Resource(path=f"/{name}", size=SIZE, rate_bps=64 * 1024))
        ids.append(await driver.add(url, connections=1))
    for record_id in ids:
        await driver.until(record_id, lambda row: row.done_bytes > 0)
    return ids


async def let_finish(driver: Driver, server: FaultServer, ids: list[str]) -> None:
    """Serve the rest quickly. Without a pause: a paused one gives up the room it was promised."""
    for name in "ab":
        server.replace(Resource(path=f"/{name}", size=SIZE))
    server.drop_connections()
    for record_id in ids:
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, SIZE)


async def test_each_fits_but_the_sum_does_not(
    fault_server: FaultServer, tmp_path: Path, disk: SmallDisk
) -> None:
    url = fault_server.add(Resource(path="/c", size=SIZE))
    async with running(tmp_path, slots=5) as driver:
        at_work = await two_at_work(driver, fault_server)
        late = await driver.add(url)
        row = await driver.wait(late)
        assert is_full(row), row
        assert row.failure is not None
        assert "other downloads still need" in row.failure.message
        assert not (disk.folder / "c.part").exists(), "nothing was taken from the others"
        await let_finish(driver, fault_server, at_work)
        assert is_full((await driver.details(late)).download), "there is still no room"
        disk.capacity = 4 * SIZE
        row = await driver.until(late, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, SIZE)


async def test_what_was_promised_is_free_again_after_a_cancel(
    fault_server: FaultServer, tmp_path: Path, disk: SmallDisk
) -> None:
    url = fault_server.add(Resource(path="/c", size=SIZE))
    async with running(tmp_path, slots=5) as driver:
        first, _ = await two_at_work(driver, fault_server)
        late = await driver.add(url)
        assert is_full(await driver.wait(late))
        await driver.service.remove([first], with_files=True)
        await driver.until(late, lambda row: row.status is Status.COMPLETED)


async def test_a_pause_by_the_user_stays_one(
    fault_server: FaultServer, tmp_path: Path, disk: SmallDisk
) -> None:
    disk.capacity = MIB
    urls = [fault_server.add(Resource(path=f"/{name}", size=SIZE)) for name in "cd"]
    async with running(tmp_path) as driver:
        kept, other = [await driver.add(url) for url in urls]
        for record_id in (kept, other):
            assert is_full(await driver.wait(record_id))
        await driver.service.pause([kept])
        disk.capacity = 4 * SIZE
        await driver.until(other, lambda row: row.status is Status.COMPLETED)
        row = (await driver.details(kept)).download
        assert (row.status, row.failure) == (Status.PAUSED, None)


async def test_a_partial_file_goes_on_after_a_restart_with_more_room(
    fault_server: FaultServer, tmp_path: Path, disk: SmallDisk
) -> None:
    url = fault_server.add(Resource(path="/c", size=SIZE, rate_bps=MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=1)
        await driver.until(record_id, lambda row: row.done_bytes > MIB // 2)
    disk.capacity = SIZE // 2
    async with running(tmp_path) as driver:
        assert is_full(await driver.until(record_id, is_full))
        assert (disk.folder / "c.part").exists()
    disk.capacity = SIZE
    sent = fault_server.bytes_sent()
    fault_server.replace(Resource(path="/c", size=SIZE))
    async with running(tmp_path) as driver:
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, SIZE)
        assert fault_server.bytes_sent() - sent < SIZE, "what was there was not fetched again"


def refusing(real: Callable[..., int], code: int, refused: list[int]) -> Callable[..., int]:
    def write(fd: int, data: Any, offset: int) -> int:
        refused.append(offset)
        raise OSError(code, os.strerror(code))

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
async def test_a_quota_is_a_full_disk_that_does_not_say_so(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """It is tried again by itself, less and less often, and ends well."""
    monkeypatch.setattr(room_watch, "LOOK_S", 0.05)
    url = fault_server.add(Resource(path="/c", size=SIZE))
    refused: list[int] = []
    async with running(tmp_path) as driver:
        with monkeypatch.context() as patch:
            replace_writes(patch, refusing(os.pwrite, code, refused))
            record_id = await driver.add(url, connections=1)
            row = await driver.until(record_id, is_full)
            assert row.failure is not None
            assert row.failure.message.startswith("Your disk quota") is (code == errno.EDQUOT)
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, SIZE)
    assert refused
