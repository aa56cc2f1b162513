"""Commits: who waits is written at once, others a little later, and all of it at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.records import plain_record
from tui_dl.domain.model import DownloadRecord
from tui_dl.engine import catalog_lane
from tui_dl.engine.catalog_lane import CatalogLane
from tui_dl.engine.disk import Pools
from tui_dl.storage.catalog import Catalog

RECORDS = [plain_record(n) for n in range(4)]


@asynccontextmanager
async def lane_of(path: Path) -> AsyncIterator[tuple[CatalogLane, Catalog]]:
    """Open a lane on a catalog, and close both."""
    catalog, pools = Catalog.open(path), Pools()
    lane = CatalogLane(catalog, pools)
    lane.start()
    try:
        yield lane, catalog
    finally:
        await lane.close()
        catalog.close()
        pools.close()


def stored(path: Path) -> set[str]:
    """Return what a second process would find."""
    catalog = Catalog.open(path)
    try:
        return {record.id for record in catalog.load().records}
    finally:
        catalog.close()


async def test_only_what_is_waited_for_goes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "catalog.sqlite3"
    written: list[set[str]] = []
    save = Catalog.save

    def noted(
        catalog: Catalog, records: tuple[DownloadRecord, ...], *more: object, **how: bool
    ) -> None:
        written.append({record.id for record in records})
        save(catalog, records, *more, **how)  # type: ignore[arg-type] # handed on as it came

    monkeypatch.setattr(Catalog, "save", noted)
    monkeypatch.setattr(catalog_lane, "GATHER_S", 3600.0)
    waited, *others = RECORDS
    async with lane_of(path) as (lane, _):
        lane._swept_s = asyncio.get_running_loop().time()
        for record in others:
            lane.save(record)
        await lane.save_now([waited])
        assert written == [{waited.id}]
        monkeypatch.setattr(catalog_lane, "GATHER_S", 0.0)
        await lane.save_now([replace(waited, tries=1)])
        assert written[-1] == {record.id for record in RECORDS}
    assert stored(path) == {record.id for record in RECORDS}


async def test_the_others_follow_although_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    all_there = asyncio.Event()
    loop = asyncio.get_running_loop()
    save = Catalog.save

    def noted(
        catalog: Catalog, records: tuple[DownloadRecord, ...], *more: object, **how: bool
    ) -> None:
        save(catalog, records, *more, **how)  # type: ignore[arg-type] # handed on as it came
        seen.update(record.id for record in records)
        if len(seen) == len(RECORDS):
            loop.call_soon_threadsafe(all_there.set)

    monkeypatch.setattr(Catalog, "save", noted)
    async with lane_of(tmp_path / "catalog.sqlite3") as (lane, _):
        lane._swept_s = loop.time()
        for record in RECORDS[1:]:
            lane.save(record)
        await lane.save_now(RECORDS[:1])
        async with asyncio.timeout(60):
            await all_there.wait()


async def test_a_close_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    async with lane_of(path) as (lane, _):
        lane._swept_s = asyncio.get_running_loop().time()
        for record in RECORDS:
            lane.save(record)
    assert stored(path) == {record.id for record in RECORDS}


async def test_a_debt_is_paid_by_a_commit_that_writes_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not durable becomes so in time, also when nothing else changes."""
    monkeypatch.setattr(catalog_lane, "DURABLE_WITHIN_S", 0.05)
    paid = asyncio.Event()
    loop = asyncio.get_running_loop()
    save = Catalog.save

    def noted(
        catalog: Catalog, records: tuple[DownloadRecord, ...], *more: object, durable: bool = False
    ) -> None:
        save(catalog, records, *more, durable=durable)  # type: ignore[arg-type] # as it came
        if durable and records:
            loop.call_soon_threadsafe(paid.set)

    monkeypatch.setattr(Catalog, "save", noted)
    async with lane_of(tmp_path / "catalog.sqlite3") as (lane, _):
        await lane.save_now(RECORDS[:1])
        async with asyncio.timeout(60):
            await lane.save_now([], durable=True)  # writes nothing: it must not count
            await paid.wait()
