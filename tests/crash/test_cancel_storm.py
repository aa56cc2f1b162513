"""Row 67: no byte of a cancelled writer lands in a file after all (trap D16)."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.model import Status
from tui_dl.engine import disk
from tui_dl.engine.core import Core
from tui_dl.storage.part_file import PartFile

KIB = 1024
FILES = 5
SIZE = 1536 * KIB
CANCELS = int(os.environ.get("CRASH_CANCELS", "1000"))
DECOYS = 40


class Decoys:
    """Files that come and go, so that numbers of descriptors are used again at once."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        self._open: list[int] = []
        folder.mkdir()

    def shuffle(self) -> None:
        """Close some, open others."""
        while self._open and self._rng.random() < 0.7:
            os.close(self._open.pop(self._rng.randrange(len(self._open))))
        while len(self._open) < DECOYS and self._rng.random() < 0.7:
            name = str(self._rng.randrange(DECOYS))
            self._open.append(os.open(self._folder / name, os.O_RDWR | os.O_CREAT))

    def check(self) -> None:
        """Raise AssertionError when anything was written to one of them."""
        for fd in self._open:
            os.close(fd)
        self._open.clear()
        written = [path.name for path in self._folder.iterdir() if path.stat().st_size]
        assert not written, f"foreign bytes in {written}"


@pytest.mark.parametrize("disk_is_quick", [False, True], ids=["slow disk", "quick disk"])
async def test_a_storm_of_cancels_leaves_every_byte_in_its_place(
    fault_server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    disk_is_quick: bool,
) -> None:
    rng = random.Random(67)
    real = PartFile.write_at
    writes: list[int] = []

    def dawdle(part: PartFile, data: memoryview | bytes, offset: int) -> None:
        writes.append(offset)
        if not disk_is_quick:
            time.sleep(rng.uniform(0, 0.01))
        real(part, data, offset)

    monkeypatch.setattr(PartFile, "write_at", dawdle)
    if not disk_is_quick:
        monkeypatch.setattr(disk, "QUICK_WRITES", 1 << 40)
    urls = [
        fault_server.add(Resource(path=f"/{n}", size=SIZE, seed=n, rate_bps=400 * KIB))
        for n in range(1, FILES + 1)
    ]
    decoys = Decoys(tmp_path / "decoys", rng)
    async with running(tmp_path, slots=FILES) as driver:
        ids = [await driver.add(url, connections=4) for url in urls]
        done = 0
        while done < CANCELS // 2:
            decoys.shuffle()
            done += await trouble(driver, rng, ids)
            await asyncio.sleep(rng.choice([0, 0, 0.01, 0.05]))
        assert len(writes) > 50, "nothing was under way: nothing was cancelled"
        for record_id in ids:
            if driver.row(record_id).status is not Status.COMPLETED:
                await driver.service.resume([record_id])
        for seed, record_id in enumerate(ids, 1):
            row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
            check_file(driver.path(row), seed, SIZE)
    decoys.check()
    left = {path.name for path in (tmp_path / "downloads").iterdir()}
    assert left == {str(seed) for seed in range(1, FILES + 1)}


async def trouble(driver: Driver, rng: random.Random, ids: list[str]) -> int:
    """Cancel one thing or several; return how many tasks were told to go."""
    record_id = rng.choice(ids)
    way = rng.randrange(4)
    if way == 0:
        await driver.service.pause([record_id])
        await driver.service.resume([record_id])
        return 1
    if way == 1:
        await driver.service.cancel([record_id])
        await driver.service.resume([record_id])
        return 1
    if way == 2:
        await driver.service.pause(ids)
        await driver.service.cancel([record_id])
        await driver.service.resume(ids)
        return len(ids)

    async def drop_workers(core: Core) -> int:
        transfer = core.jobs[record_id].transfer
        workers = [] if transfer is None else transfer.workers[1:]
        for worker in workers:
            worker.is_dropped = True
            if worker.task is not None:
                worker.task.cancel()
        return len(workers)

    return await driver.service._engine.call(drop_workers)
