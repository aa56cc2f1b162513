"""Two downloads from one host: the first one's connections are not all that there are."""

from __future__ import annotations

from pathlib import Path

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, cap_connections, check_file
from tui_dl.domain.model import Status

KIB = 1024
MOST = 3


async def test_a_late_download_does_not_wait_for_an_early_one_to_end(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Trap H35: the host bears three connections, and the first download has grown into them."""
    big = fault_server.add(
        Resource(path="/big", size=1 << 30, rate_bps=64 * KIB), cap_connections(MOST)
    )
    small = fault_server.add(Resource(path="/small", size=300 * KIB), cap_connections(MOST))
    async with running(tmp_path, slots=2) as driver:
        early = await driver.add(big)
        await driver.until(early, lambda row: row.connections == MOST)
        row = await driver.fetch(small)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 300 * KIB)
        assert driver.row(early).status in (Status.DOWNLOADING, Status.RETRYING)
        await driver.until(early, lambda row: row.connections > 0)
