"""The time that one run may take as a whole: set by dialects that promise it."""

from __future__ import annotations

from pathlib import Path

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, check_file, status
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status

MIB = 1024 * 1024


async def test_a_slow_download_fails_and_keeps_its_bytes(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    resource = Resource(path="/slow", size=2 * MIB, rate_bps=256 * 1024)
    url = fault_server.add(resource)
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, overall_timeout_s=1.0, connections=1)
        assert row.status is Status.FAILED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.TIMEOUT
        assert not row.failure.retryable
        assert 0 < row.done_bytes < 2 * MIB

        fault_server.replace(Resource(path="/slow", size=2 * MIB))
        (answer,) = await driver.service.resume([row.id])
        assert answer.failure is None
        done = await driver.until(row.id, lambda r: r.status is Status.COMPLETED)
        check_file(driver.path(done), 1, 2 * MIB)
    assert fault_server.bytes_sent("/slow") < 3 * MIB, "the second run went on"


async def test_waits_between_tries_count(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/busy", size=1), status(500))
    async with running(tmp_path, retry_base_s=30.0, retry_max_s=30.0) as driver:
        row = await driver.fetch(url, overall_timeout_s=0.5, timeout_s=20.0)
        assert row.status is Status.FAILED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.TIMEOUT


async def test_a_pause_in_time_is_a_pause(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/slow", size=8 * MIB, rate_bps=64 * 1024))
    async with running(tmp_path) as driver:
        id_ = await driver.add(url, overall_timeout_s=30.0)
        await driver.until(id_, lambda row: row.done_bytes > 0)
        await driver.service.pause([id_])
        row = await driver.until(id_, lambda row: row.status is not Status.PAUSING)
        assert row.status is Status.PAUSED
        assert row.failure is None
