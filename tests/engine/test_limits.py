"""Rate limits on a real download: what is written never runs ahead of them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.model import Status

SIZE = 4 * 1024 * 1024
"""Takes longer at the limit than a test waits: it must have been lifted."""

RATE_BPS = 20_000
SLACK_BYTES = 5_000
"""Burst and grain of that rate; a read from the socket may bring fifty times as much."""


async def grown(driver: Driver, record_id: str, by: int) -> None:
    """Wait until ``by`` more bytes are written, never more than the limit allows by then."""
    began_s = time.monotonic()
    start = (await driver.details(record_id)).download.done_bytes
    done = start
    while done < start + by:
        done = (await driver.details(record_id)).download.done_bytes
        allowed = RATE_BPS * (time.monotonic() - began_s) + SLACK_BYTES
        assert done - start <= allowed
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("shared", [False, True], ids=["own", "global"])
@pytest.mark.parametrize("connections", [1, 8])
async def test_a_limit_holds_from_the_first_byte_and_a_change_acts_at_once(
    fault_server: FaultServer, tmp_path: Path, connections: int, *, shared: bool
) -> None:
    url = fault_server.add(Resource(path="/data.bin", size=SIZE))
    async with running(tmp_path) as driver:
        if shared:
            await driver.service.set_global_limit(RATE_BPS)
        record_id = await driver.add(
            url, connections=connections, limit_bps=None if shared else RATE_BPS
        )
        await grown(driver, record_id, 12_000)
        if shared:
            await driver.service.set_global_limit(0)
        else:
            await driver.service.set_limit(record_id, 0)
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, SIZE)
