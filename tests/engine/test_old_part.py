"""What is here of an older version is kept until the new one has passed it (traps H1, H7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.support.body import Body
from tests.support.fault_server import (
    Exchange,
    FaultServer,
    Resource,
    changed,
    check_file,
    cut_after,
    status,
)
from tui_dl.domain.model import Status
from tui_dl.storage import space

MIB = 1024 * 1024
SIZE = 6 * MIB
OLD = Resource(path="/f", size=SIZE, rate_bps=2 * MIB)
NEW = changed(OLD, 2)


class Fate:
    """A script whose next version gives one reply of 1 MiB and is gone then."""

    def __init__(self) -> None:
        self.is_new = False
        self._asked = 0

    async def __call__(self, x: Exchange) -> None:
        """Take part in one exchange."""
        if not self.is_new:
            return
        self._asked += 1
        if self._asked > 2:  # the first is the one that finds out
            await status(404)(x)
            return
        x.answer_for(NEW)
        await cut_after(MIB)(x)


async def half_of_it(
    driver: Driver, server: FaultServer, script: Fate | None = None, **options: object
) -> str:
    """Fetch about half of the old version and pause."""
    record_id = await driver.add(server.add(OLD, script), **options)  # type: ignore[arg-type] # options by name
    await driver.until(record_id, lambda row: row.done_bytes > SIZE // 2)
    await driver.service.pause([record_id])
    await driver.wait(record_id)
    return record_id


def check_old(path: Path) -> None:
    """Raise AssertionError unless the first bytes are those of the old version."""
    with path.open("rb") as file:
        assert file.read(64 * 1024) == Body(1, SIZE).read(0, 64 * 1024)


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_kept_until_the_new_version_has_more(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    async with running(tmp_path, sync_interval_s=0.0) as driver:
        record_id = await half_of_it(driver, fault_server, connections=1)
        fault_server.replace(changed(Resource(path="/f", size=SIZE, rate_bps=MIB), 2))
        await driver.service.resume([record_id])
        aside = driver.folder / "f.part.old-1"
        row = await driver.until(record_id, lambda row: aside.exists() and row.done_bytes > 0)
        assert row.done_bytes < SIZE // 2, "the old bytes are no progress"
        check_old(aside)
        row = await driver.until(record_id, lambda _: not aside.exists())
        assert row.done_bytes > SIZE // 2
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 2, SIZE)
        assert names_in(driver.folder) == ["f"]


async def test_kept_and_told_of_when_the_new_version_cannot_be_had(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    fate = Fate()
    async with running(tmp_path) as driver:
        record_id = await half_of_it(driver, fault_server, fate)
        (driver.folder / "f.part.old-1").write_text("mine")
        fate.is_new = True
        await driver.service.resume([record_id])
        row = await driver.wait(record_id)
        assert row.status is Status.FAILED
        assert row.failure is not None
        assert "f.part.old-2" in row.failure.message
        check_old(driver.folder / "f.part.old-2")
        assert (driver.folder / "f.part.old-1").read_text() == "mine"
        await driver.service.remove([record_id], with_files=True)
        assert names_in(driver.folder) == ["f.part.old-1"]


async def test_it_gives_way_where_there_is_no_room_for_both(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap D3: without the old part the new version fits."""

    def free_bytes(folder: Path) -> int:
        used = sum(path.stat().st_blocks * 512 for path in folder.iterdir())
        return SIZE + MIB - used

    monkeypatch.setattr(space, "free_bytes", free_bytes)
    async with running(tmp_path) as driver:
        record_id = await half_of_it(driver, fault_server)
        fault_server.replace(NEW)
        row = await driver.finish(record_id)
        check_file(driver.path(row), 2, SIZE)
        assert "to make room" in await driver.log(record_id)
        assert names_in(driver.folder) == ["f"]


async def test_a_later_start_cleans_up(fault_server: FaultServer, tmp_path: Path) -> None:
    fate = Fate()
    async with running(tmp_path) as driver:
        record_id = await half_of_it(driver, fault_server, fate)
        fate.is_new = True
        await driver.service.resume([record_id])
        assert (await driver.wait(record_id)).status is Status.FAILED
        assert names_in(driver.folder) == ["f.part", "f.part.old-1"]
    fate.is_new = False
    fault_server.replace(NEW)
    async with running(tmp_path) as driver:
        row = await driver.finish(record_id)
        check_file(driver.path(row), 2, SIZE)
        assert names_in(driver.folder) == ["f"]
