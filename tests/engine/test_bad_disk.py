"""Traps D2, D4, D6: a disk that fails in the middle of a download, through the whole engine."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.engine.bad_disks import BreakingDisk, waits_and_goes_on
from tests.engine.driving import running
from tests.support.body import check_file
from tests.support.resource import Resource
from tests.support.server import FaultServer
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.engine import checkpoint, suspend

MIB = 1024 * 1024
FILE = Resource(path="/f", size=3 * MIB, rate_bps=2 * MIB)
HALF = MIB


def lose_all(fd: int) -> None:
    """Do what some kernels do when a sync has failed: forget pages that were never saved."""
    os.pwrite(fd, bytes(os.fstat(fd).st_size), 0)  # no hole: nothing but the error tells
    raise OSError(errno.EIO, os.strerror(errno.EIO))


async def test_a_failed_sync_is_lost_data_and_never_done(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D6: a second sync that succeeds proves nothing of what the first one lost."""
    monkeypatch.setattr(checkpoint, "LOOK_S", 0.05)
    url = fault_server.add(FILE)
    real = os.fdatasync
    syncs = iter([lose_all])
    part = tmp_path / "downloads" / "f.part"

    def sync(fd: int) -> None:
        is_part = part.exists() and os.fstat(fd).st_ino == part.stat().st_ino
        next(syncs, real)(fd) if is_part else real(fd)

    monkeypatch.setattr(os, "fdatasync", sync)
    async with running(tmp_path, sync_bytes=HALF) as driver:
        row = await driver.fetch(url, connections=1)
        assert next(syncs, None) is None, "no sync has failed"
        if row.status is not Status.COMPLETED:
            assert row.status is Status.PAUSED
            assert row.failure is not None
            assert row.failure.code is ErrorCode.DISK_IO
            row = await driver.finish(row.id)
        check_file(driver.path(row), FILE.seed, FILE.size)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EIO, ErrorCode.DISK_IO),
        (errno.EDQUOT, ErrorCode.DISK_FULL),
        (errno.EROFS, ErrorCode.NOT_WRITABLE),
        (errno.ESTALE, ErrorCode.TARGET_LOST),
    ],
    ids=lambda value: errno.errorcode.get(value, "") if isinstance(value, int) else "",
)
async def test_a_write_that_fails_says_why_waits_and_goes_on_when_asked(
    fault_server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    code: ErrorCode,
) -> None:
    """D2, D3: broken, over quota, remounted read-only, a stale handle."""
    disk = BreakingDisk(monkeypatch, number, HALF)
    async with running(tmp_path) as driver:
        await waits_and_goes_on(driver, fault_server, disk, FILE, code)


async def test_a_file_that_cannot_be_read_back_is_not_done(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D6: written and synced, and yet the disk does not give it back for its digest."""
    from tests.support.body import sha256_of
    from tui_dl.domain.model import Digest

    resource = Resource(path="/f", size=3 * MIB)
    url = fault_server.add(resource)
    digest = Digest("sha-256", sha256_of(resource.seed, resource.size))
    real = os.preadv
    is_broken = True

    def read(fd: int, buffers: Any, offset: int, *flags: int) -> int:
        if is_broken and offset >= MIB:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, buffers, offset, *flags)

    monkeypatch.setattr(os, "preadv", read)
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, digests=(digest,))
        assert row.status is Status.PAUSED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DISK_IO
        assert not driver.path(row).exists(), "it got its name all the same"
        is_broken = False
        row = await driver.finish(row.id)
        check_file(driver.path(row), resource.seed, resource.size)


async def test_after_a_suspend_no_idle_connection_is_used(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D14: servers have given up on them, and nobody was awake to hear it."""
    url = fault_server.add(Resource(path="/small", size=1000))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED
        assert fault_server.open_connections() > 0, "none is kept for reuse"
        awake_s = suspend.boot_s
        monkeypatch.setattr(suspend, "boot_s", lambda: awake_s() + 3600)
        await driver.service.set_slots(2)  # something moves again
        await fault_server.until(lambda it: it.open_connections() == 0)
