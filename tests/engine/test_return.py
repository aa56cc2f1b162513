"""A server that was away says nothing about how many connections it bears."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, cap_connections, check_file
from tui_dl.domain.model import Status

KIB = 1024
MIB = 1024 * KIB
MANY = 6


async def test_after_a_restart_there_are_as_many_connections_as_before(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H35: the last of them was refused while one other stood, so it was one for ever."""
    url = fault_server.add(Resource(path="/f", size=40 * MIB, rate_bps=300 * KIB))
    async with running(tmp_path, max_tries=0, retry_base_s=1.0, retry_max_s=1.0) as driver:
        record_id = await driver.add(url, connections=8)
        for _ in range(2):
            await fault_server.until(lambda s: s.open_connections("/f") >= MANY, 30)
            await driver.until(record_id, lambda row: row.status is Status.DOWNLOADING)
            await asyncio.to_thread(fault_server.link_down, 0.03)
            await driver.until(record_id, lambda row: row.status is Status.RETRYING)
            fault_server.link_up()
        await fault_server.until(lambda s: s.open_connections("/f") >= MANY, 30)


@pytest.mark.parametrize("how", ["503", "rst"])
async def test_a_server_that_gives_bytes_to_some_bears_no_more(
    fault_server: FaultServer, tmp_path: Path, how: str
) -> None:
    url = fault_server.add(Resource(path="/f", size=6 * MIB, rate_bps=MIB), cap_connections(2, how))
    async with running(tmp_path, retry_base_s=0.2) as driver:
        row = await driver.fetch(url, connections=8)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 6 * MIB)
    refused = [one for one in fault_server.requests("/f") if one.body_bytes_sent < KIB]
    assert len(refused) <= 10, "it learned"
