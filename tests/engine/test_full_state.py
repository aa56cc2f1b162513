"""Row 46: the disk of the list is full. It is said, nothing is lost, and it ends well (D3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import AddRequest, Status
from tui_dl.engine import room_watch
from tui_dl.service.offline import read_stored
from tui_dl.storage.catalog import Catalog

MIB = 1024 * 1024
UNLIMITED_PAGES = 1 << 30


class SmallCatalog:
    """The real catalog, whose file may not grow: SQLite itself says that the disk is full."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        self.refusals = 0
        real = Catalog._transact

        def transact(catalog: Catalog, change: object) -> None:
            connection = catalog._live()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            limit = pages if self.is_full else UNLIMITED_PAGES
            connection.execute(f"PRAGMA max_page_count = {limit}")
            try:
                real(catalog, change)  # type: ignore[arg-type] # handed on as it came
            except Exception:  # counted, then raised again
                self.refusals += 1
                raise

        patch.setattr(Catalog, "_transact", transact)


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> SmallCatalog:
    monkeypatch.setattr(room_watch, "LOOK_S", 0.05)
    return SmallCatalog(monkeypatch)


def many(driver: Driver, count: int) -> list[AddRequest]:
    long = "x" * 3000  # so that each needs a page of its own
    return [
        AddRequest(url=f"http://127.0.0.1:1/{n}/{long}", directory=str(driver.folder), paused=True)
        for n in range(count)
    ]


async def test_an_addition_that_cannot_be_kept_is_refused_whole(
    tmp_path: Path, catalog: SmallCatalog
) -> None:
    async with running(tmp_path) as driver:
        await driver.service.add(many(driver, 5))
        catalog.is_full = True
        with pytest.raises(DiskError, match="where the list of downloads is kept") as caught:
            await driver.service.add(many(driver, 40)[5:])
        assert caught.value.code is ErrorCode.DISK_FULL
        assert len(driver.service.snapshot().downloads) == 5, "nothing is shown that is not kept"
        catalog.is_full = False
        await driver.service.add(many(driver, 40)[5:])
    assert len(read_stored(tmp_path / "state").downloads) == 40


async def test_what_runs_ends_well_once_there_is_room(
    fault_server: FaultServer, tmp_path: Path, catalog: SmallCatalog
) -> None:
    # Its record grows by its reply: the name alone is a page.
    name = "n" * 200
    url = fault_server.add(Resource(path=f"/{name}", size=4 * MIB, rate_bps=8 * MIB))
    async with running(tmp_path) as driver:
        await driver.service.add(many(driver, 5))
        catalog.is_full = True
        refused = await _add_until_refused(driver)
        assert refused
        catalog.is_full = False
        record_id = await driver.add(url, connections=2)
        catalog.is_full = True
        row = await driver.until(record_id, lambda row: row.done_bytes > 0 or catalog.refusals > 3)
        catalog.is_full = False
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, 4 * MIB)
        kept = len(driver.service.snapshot().downloads)
    assert len(read_stored(tmp_path / "state").downloads) == kept


async def _add_until_refused(driver: Driver) -> bool:
    for request in many(driver, 60)[5:]:
        try:
            await driver.service.add([request])
        except DiskError:
            return True
    return False
