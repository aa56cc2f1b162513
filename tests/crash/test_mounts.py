"""Traps D2 and D5 on real file systems that are mounted, taken away and made read-only.

Needs the right to mount, and a loop device for what only a disk of its own can do; skipped
elsewhere. The file system lives in a file in memory, so that it outlives its mount.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.engine import checkpoint
from tui_dl.engine.core import Core

MIB = 1024 * 1024
SIZE = 6 * MIB
SLACK = MIB
"""What may come twice: receive buffers, and what was not synced when the disk went."""


_SHUTDOWN, _WITHOUT_FLUSH = 0x8004587D, 2
"""``FS_IOC_SHUTDOWN`` of Linux, and its flag for a log that is lost as well."""


class Disk:
    """An ext4 of its own in a file, mounted at ``place`` or not."""

    def __init__(self, image: Path, place: Path) -> None:
        self.place = place
        place.mkdir()
        with image.open("wb") as file:
            file.truncate(32 * MIB)
        self._run("mkfs.ext4", "-q", "-F", str(image))
        # One loop device for its life: it comes back under the number that it had.
        self._device = self._run("losetup", "--find", "--show", str(image)).strip()

    def mount(self) -> None:
        """Mount it, mended if that is needed."""
        subprocess.run(["fsck.ext4", "-fy", self._device], capture_output=True, check=False)
        self._run("mount", self._device, str(self.place))

    def take_away(self) -> None:
        """Take it out of the tree at once, whoever has files open on it."""
        self._run("umount", "-l", str(self.place))

    def turn_read_only(self) -> None:
        """Do what ext4 does by itself when its disk fails: writers are not asked."""
        self._run("mount", "-o", "remount,abort", str(self.place))

    def pull_out(self) -> None:
        """Cut it off from its file: what was not written back is lost, every call fails."""
        fd = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSH))
        finally:
            os.close(fd)

    def set_read_only(self, *, is_read_only: bool) -> None:
        """Do what an admin may do while no file is open for writing."""
        self._run("mount", "-o", f"remount,{'ro' if is_read_only else 'rw'}", str(self.place))

    def cover(self) -> None:
        """Mount another file system, an empty one, at the same place."""
        self._run("mount", "-t", "tmpfs", "-o", "size=16m", "none", str(self.place))

    def detach(self) -> None:
        """Let go of the loop device."""
        self._run("losetup", "--detach", self._device)

    @staticmethod
    def _run(*argv: str) -> str:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout


@pytest.fixture
def disk(tmp_path: Path, memory_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Yield a mounted disk."""
    monkeypatch.setattr(checkpoint, "LOOK_S", 0.05)
    try:
        disk = Disk(memory_folder / "image", tmp_path / "disk")
        disk.mount()
    except OSError as error:
        pytest.skip(f"no disk of its own can be mounted here: {error}")
    yield disk
    for _ in range(4):  # whatever a test left mounted there
        subprocess.run(["umount", "-l", str(disk.place)], capture_output=True, check=False)
    disk.detach()


async def half(driver: Driver, server: FaultServer, disk: Disk) -> str:
    """Return a download on the disk that has a part of its file and is at work."""
    url = server.add(Resource(path="/f", size=SIZE, rate_bps=MIB))
    record_id = await driver.add(url, folder=disk.place, connections=1)
    await driver.until(record_id, lambda row: row.done_bytes > 1.5 * MIB)
    return record_id


async def safe_half(driver: Driver, server: FaultServer, disk: Disk) -> str:
    """The same, once a checkpoint has claimed some of it."""
    record_id = await half(driver, server, disk)

    async def synced_bytes(core: Core) -> int:
        return core.job(record_id).record.synced_bytes

    while await driver.service._engine.call(synced_bytes) < MIB // 2:
        await driver.look()
    return record_id


async def finish(driver: Driver, server: FaultServer, record_id: str, kept: int) -> None:
    """Resume, and compare the file; what was kept must not be fetched again."""
    server.replace(Resource(path="/f", size=SIZE))
    sent = server.bytes_sent("/f")
    row = await driver.finish(record_id)
    check_file(driver.path(row), 1, SIZE)
    assert server.bytes_sent("/f") - sent <= SIZE - kept + SLACK


async def comes_back(
    driver: Driver, server: FaultServer, disk: Disk, record_id: str, kept: int
) -> None:
    """Mount the disk anew and finish: what its pages held in memory went with the old mount."""
    await asyncio.to_thread(disk.take_away)
    await asyncio.to_thread(disk.mount)
    await finish(driver, server, record_id, kept)


def refused(row: DownloadSnapshot) -> ErrorCode:
    """Return why a download waits."""
    assert row.status is Status.PAUSED, f"{row.status}: {row.failure}"
    assert row.failure is not None, "paused without a reason"
    return row.failure.code


async def paused(driver: Driver, server: FaultServer, disk: Disk) -> tuple[str, int]:
    """Return a download that the user paused, and how many bytes it has."""
    record_id = await half(driver, server, disk)
    await driver.service.pause([record_id])
    return record_id, (await driver.wait(record_id)).done_bytes


async def test_a_disk_that_turns_read_only_under_way(
    fault_server: FaultServer, tmp_path: Path, disk: Disk
) -> None:
    async with running(tmp_path, sync_bytes=MIB // 2) as driver:
        record_id = await safe_half(driver, fault_server, disk)
        await asyncio.to_thread(disk.turn_read_only)
        row = await driver.wait(record_id)
        assert refused(row) is ErrorCode.NOT_WRITABLE
        await driver.service.resume([record_id])
        row = await driver.wait(record_id)
        assert refused(row) is ErrorCode.NOT_WRITABLE, "it is read-only still"
        await comes_back(driver, fault_server, disk, record_id, row.done_bytes)


async def test_a_disk_that_is_read_only_when_it_goes_on(
    fault_server: FaultServer, tmp_path: Path, disk: Disk
) -> None:
    async with running(tmp_path) as driver:
        record_id, kept = await paused(driver, fault_server, disk)
        await asyncio.to_thread(disk.set_read_only, is_read_only=True)
        await driver.service.resume([record_id])
        row = await driver.wait(record_id)
        assert refused(row) is ErrorCode.NOT_WRITABLE
        await asyncio.to_thread(disk.set_read_only, is_read_only=False)
        await finish(driver, fault_server, record_id, kept)


@pytest.mark.parametrize("is_covered", [False, True], ids=["nothing", "another disk"])
async def test_a_disk_that_is_taken_away_under_way(
    fault_server: FaultServer, tmp_path: Path, disk: Disk, is_covered: bool
) -> None:
    async with running(tmp_path, sync_bytes=MIB // 2) as driver:
        record_id = await safe_half(driver, fault_server, disk)
        await asyncio.to_thread(disk.take_away)
        if is_covered:
            await asyncio.to_thread(disk.cover)
        row = await driver.wait(record_id)
        assert refused(row) is ErrorCode.TARGET_LOST
        await stays_lost(driver, record_id, disk)
        if is_covered:
            await asyncio.to_thread(disk.take_away)
        await asyncio.to_thread(disk.mount)
        await finish(driver, fault_server, record_id, row.done_bytes)


@pytest.mark.parametrize("is_covered", [False, True], ids=["nothing", "another disk"])
async def test_a_disk_that_is_away_when_it_goes_on(
    fault_server: FaultServer, tmp_path: Path, disk: Disk, is_covered: bool
) -> None:
    async with running(tmp_path) as driver:
        record_id, kept = await paused(driver, fault_server, disk)
        await asyncio.to_thread(disk.take_away)
        if is_covered:
            await asyncio.to_thread(disk.cover)
        await stays_lost(driver, record_id, disk)
        if is_covered:
            await asyncio.to_thread(disk.take_away)
        await asyncio.to_thread(disk.mount)
        await finish(driver, fault_server, record_id, kept)


async def taken_unsynced(driver: Driver, server: FaultServer, disk: Disk) -> str:
    """Take the disk of a download away before a byte of it was synced; return its id."""
    record_id = await half(driver, server, disk)
    await asyncio.to_thread(disk.turn_read_only)
    assert refused(await driver.wait(record_id)) is ErrorCode.NOT_WRITABLE
    await asyncio.to_thread(disk.take_away)
    return record_id


async def stays_lost(driver: Driver, record_id: str, disk: Disk) -> None:
    """Resume without the disk: nothing may come into the bare folder, or onto another disk."""
    await driver.service.resume([record_id])
    row = await driver.wait(record_id)
    assert refused(row) is ErrorCode.TARGET_LOST
    assert not [path.name for path in disk.place.iterdir()], "a stray file"


async def test_a_disk_that_is_taken_away_with_all_that_was_written(
    fault_server: FaultServer, tmp_path: Path, disk: Disk
) -> None:
    """Nothing is claimed any more, and yet the bare mount point is not the place."""
    async with running(tmp_path, sync_interval_s=3600) as driver:
        record_id = await taken_unsynced(driver, fault_server, disk)
        await stays_lost(driver, record_id, disk)
        await asyncio.to_thread(disk.mount)
        await finish(driver, fault_server, record_id, kept=0)


async def test_what_has_no_part_yet_does_not_begin_in_a_bare_mount_point(
    fault_server: FaultServer, tmp_path: Path, disk: Disk
) -> None:
    """Neither while the disk is away nor after a restart without it; then it goes on."""
    urls = [fault_server.add(Resource(path=f"/{name}", size=2 * MIB)) for name in "ab"]
    async with running(tmp_path) as driver:
        first = await driver.wait(await driver.add(urls[0], folder=disk.place / "films"))
        assert first.status is Status.COMPLETED, first.failure
        await asyncio.to_thread(disk.take_away)
        record_id = await driver.add(urls[1], folder=disk.place / "films")
        assert refused(await driver.wait(record_id)) is ErrorCode.TARGET_LOST
        await stays_lost(driver, record_id, disk)
    async with running(tmp_path) as driver:
        await stays_lost(driver, record_id, disk)
        await asyncio.to_thread(disk.mount)
        await driver.finish(record_id)
        check_file(disk.place / "films/b", 1, 2 * MIB)


async def test_what_claims_nothing_does_not_begin_there_after_a_reboot(
    fault_server: FaultServer, tmp_path: Path, disk: Disk
) -> None:
    """The part had a name and no byte was synced: only its disk tells where it belongs."""
    async with running(tmp_path, sync_interval_s=3600) as driver:
        record_id = await taken_unsynced(driver, fault_server, disk)
    for journal in (tmp_path / "state/journal").iterdir():
        journal.unlink()  # a reboot ends it
    async with running(tmp_path) as driver:
        await stays_lost(driver, record_id, disk)
        await asyncio.to_thread(disk.mount)
        await finish(driver, fault_server, record_id, kept=0)


async def test_a_disk_that_is_pulled_out_under_way(
    fault_server: FaultServer, tmp_path: Path, disk: Disk
) -> None:
    """Trap D6: what was only written is lost, what was synced is not, and nothing is done."""
    async with running(tmp_path, sync_bytes=MIB // 2) as driver:
        record_id = await safe_half(driver, fault_server, disk)
        await asyncio.to_thread(disk.pull_out)
        row = await driver.wait(record_id)
        assert refused(row) in (ErrorCode.DISK_IO, ErrorCode.TARGET_LOST)
        assert row.done_bytes >= MIB // 2
        await comes_back(driver, fault_server, disk, record_id, row.done_bytes)


def test_a_disk_that_is_pulled_out_behind_a_kill(
    fault_server: FaultServer, tmp_path: Path, disk: Disk
) -> None:
    """The journal of this boot claims what was written; the disk does not have it any more."""
    url = fault_server.add(Resource(path="/f", size=SIZE, rate_bps=4 * MIB))
    command = ("get", "-q", "-x", "2", "-d", str(disk.place), url)
    place = Place(tmp_path)
    process = place.start(*command)
    try:
        fault_server.wait_for(lambda server: server.bytes_sent() > SIZE // 2, LIMIT_S)
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)
    fault_server.wait_idle()
    disk.pull_out()
    disk.take_away()
    disk.mount()
    done = place.run(*command)
    assert done.returncode == 0, done.stderr
    check_file(disk.place / "f", 1, SIZE)
