"""Downloads whose bytes go into the file through a pipe, through the whole engine."""

from __future__ import annotations

import errno
import os
import sys
import time
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
from tui_dl.engine import disk
from tui_dl.net import connection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has splice")

MIB = 1024 * 1024
FILE = Resource(path="/f", size=24 * MIB)


class Pipes:
    """Counts what goes from pipes into files."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.moved_bytes = 0
        self.slow_s = 0.0
        self._real = os.splice
        patch.setattr(os, "splice", self._splice)
        patch.setattr(connection, "SMALL_BUFFER_BYTES", 4096)  # so that each one soon looks fast
        patch.setattr(disk, "QUICK_WRITES", 1)

    def _splice(self, src: int, dst: int, count: int, **more: Any) -> int:
        moved = self._real(src, dst, count, **more)
        if "offset_dst" in more:
            self.moved_bytes += moved
            time.sleep(self.slow_s)
        return moved


@pytest.fixture
def pipes(monkeypatch: pytest.MonkeyPatch) -> Pipes:
    """Watch the pipes of this test."""
    return Pipes(monkeypatch)


@pytest.mark.parametrize("connections", [1, 4])
async def test_a_fast_download_goes_through_the_pipe(
    fault_server: FaultServer, tmp_path: Path, pipes: Pipes, connections: int
) -> None:
    url = fault_server.add(FILE)
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, connections=connections)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), FILE.seed, FILE.size)
    assert pipes.moved_bytes > 0


async def test_a_pause_in_the_middle_keeps_what_went_through_the_pipe(
    fault_server: FaultServer, tmp_path: Path, pipes: Pipes
) -> None:
    url = fault_server.add(Resource(path="/f", size=FILE.size, rate_bps=12 * MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=2)
        await driver.until(record_id, lambda row: row.done_bytes > 6 * MIB)
        assert pipes.moved_bytes > 0
        await driver.service.pause([record_id])
        row = await driver.wait(record_id)
        kept, sent = row.done_bytes, fault_server.bytes_sent("/f")
        assert kept > 6 * MIB
        await driver.service.resume([record_id])
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), FILE.seed, FILE.size)
        assert fault_server.bytes_sent("/f") - sent < FILE.size - kept + 2 * MIB


async def test_a_limit_leads_the_bytes_past_the_pipe(
    fault_server: FaultServer, tmp_path: Path, pipes: Pipes
) -> None:
    """What a pipe holds could not be paid for byte by byte."""
    url = fault_server.add(Resource(path="/f", size=2 * MIB))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, connections=1, limit_bps=8 * MIB)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), FILE.seed, 2 * MIB)
    assert pipes.moved_bytes == 0


async def test_a_disk_that_turns_slow_gets_no_more_from_the_loop(
    fault_server: FaultServer, tmp_path: Path, pipes: Pipes
) -> None:
    """One slow write is noticed; from then on the pool writes, and no pipe is filled."""
    pipes.slow_s = 2 * disk.SLOW_WRITE_S
    url = fault_server.add(FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "QUICK_WRITES", 4)
        async with running(tmp_path) as driver:
            row = await driver.fetch(url, connections=1)
            assert row.status is Status.COMPLETED, row.failure
            check_file(driver.path(row), FILE.seed, FILE.size)
    assert 0 < pipes.moved_bytes < FILE.size // 2


async def test_a_disk_that_fails_under_the_pipe_waits_and_goes_on_when_asked(
    fault_server: FaultServer, tmp_path: Path, pipes: Pipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = BreakingDisk(monkeypatch, errno.EIO, 8 * MIB)
    async with running(tmp_path) as driver:
        kept = await waits_and_goes_on(driver, fault_server, broken, FILE, ErrorCode.DISK_IO)
    assert kept <= 8 * MIB + 1024 * 1024
