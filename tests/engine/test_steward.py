"""What holds downloads back by itself and lets them go: time, hosts, space, network."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file, status
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.host_limits import parse_host_limits
from tui_dl.domain.model import Status
from tui_dl.domain.retry_rules import parse_retry_rules
from tui_dl.domain.schedule import parse_schedule
from tui_dl.domain.snapshot import EventKind
from tui_dl.engine.world import World

MIB = 1024 * 1024
SLOW = Resource(path="/slow.bin", size=64 * MIB, rate_bps=64 * 1024)
OFFICE = parse_schedule("07:00-23:00 1M; mon-fri 09:00-17:00 pause")


@dataclass
class Outside:
    """A wall clock and a network that a test holds the strings of."""

    moment: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    """A Monday."""
    online: bool = True
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(
            now=lambda: self.moment,
            wall=lambda moment: moment.replace(tzinfo=None),
            is_online=lambda _: self.online,
        )

    async def at(self, clock: str, driver: Driver) -> None:
        """Put the clock and have the engine look at it."""
        hour, minute = map(int, clock.split(":"))
        self.moment = self.moment.replace(hour=hour, minute=minute)
        await driver.look()


async def test_a_schedule_sets_the_limit_and_says_until_when(tmp_path: Path) -> None:
    outside = Outside()
    async with running(tmp_path, outside.world, schedule=OFFICE, limit_bps=5_000) as driver:
        picture = driver.service.snapshot()
        assert picture.limit_bps == MIB
        assert picture.limit_until == outside.moment.replace(hour=9)
        await outside.at("23:30", driver)
        picture = driver.service.snapshot()
        assert picture.limit_bps == 5_000, "no rule fits: the ordinary limit"
        assert picture.limit_until == outside.moment.replace(day=3, hour=7, minute=0)


async def test_a_limit_set_by_hand_holds_until_the_next_change(tmp_path: Path) -> None:
    outside = Outside()
    async with running(tmp_path, outside.world, schedule=OFFICE) as driver:
        await driver.service.set_global_limit(7_000)
        await outside.at("08:30", driver)
        assert driver.service.snapshot().limit_bps == 7_000
        await outside.at("18:00", driver)
        assert driver.service.snapshot().limit_bps == MIB


async def test_a_pause_by_schedule_parks_what_runs_and_it_goes_on_afterwards(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    outside = Outside()
    url = fault_server.add(SLOW)
    async with running(tmp_path, outside.world, schedule=OFFICE, slots=1) as driver:
        first = await driver.add(url)
        second = await driver.add(fault_server.add(Resource(path="/b", size=10)))
        await driver.until(first, lambda row: row.done_bytes > 0)
        await outside.at("09:00", driver)
        row = await driver.until(first, lambda row: row.status is Status.QUEUED)
        assert driver.service.snapshot().hold == "schedule"
        assert row.queue_rank == 1, "it keeps its place before the second"
        assert driver.row(second).status is Status.QUEUED

        fault_server.replace(Resource(path="/slow.bin", size=64 * MIB))
        await driver.service.resume([second])
        done = await driver.wait(second)
        assert done.status is Status.COMPLETED, "asked for by hand, it runs all the same"
        assert driver.row(first).status is Status.QUEUED

        await outside.at("17:00", driver)
        assert driver.service.snapshot().hold == ""
        await driver.until(first, lambda row: row.status is Status.DOWNLOADING)


async def test_another_schedule_acts_at_once(fault_server: FaultServer, tmp_path: Path) -> None:
    outside = Outside()
    async with running(tmp_path, outside.world) as driver:
        await driver.service.set_schedule("08:00-09:00 pause")
        record_id = await driver.add(fault_server.add(Resource(path="/a", size=10)))
        assert driver.row(record_id).status is Status.QUEUED
        await driver.service.set_schedule("")
        assert (await driver.wait(record_id)).status is Status.COMPLETED
        assert driver.service.snapshot().limit_until is None


async def test_a_start_time_is_waited_for_over_a_restart(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    outside = Outside()
    start_at = outside.moment + timedelta(hours=2)
    url = fault_server.add(Resource(path="/later", size=10))
    async with running(tmp_path, outside.world) as driver:
        record_id = await driver.add(url, start_at=start_at)
        await driver.look()
        assert driver.row(record_id).status is Status.QUEUED
    async with running(tmp_path, outside.world) as driver:
        await outside.at("09:59", driver)
        assert driver.row(record_id).status is Status.QUEUED
        assert fault_server.requests("/later") == []
        await outside.at("10:00", driver)
        assert (await driver.wait(record_id)).status is Status.COMPLETED


async def test_resume_does_not_wait_for_a_start_time(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    outside = Outside()
    url = fault_server.add(Resource(path="/later", size=10))
    async with running(tmp_path, outside.world) as driver:
        record_id = await driver.add(url, start_at=outside.moment + timedelta(hours=2))
        await driver.service.resume([record_id])
        assert (await driver.wait(record_id)).status is Status.COMPLETED


async def test_resumed_before_its_time_it_waits_for_a_slot_and_for_nothing_else(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    outside = Outside()
    busy, url = fault_server.add(SLOW), fault_server.add(Resource(path="/later", size=10))
    async with running(tmp_path, outside.world, slots=1) as driver:
        first = await driver.add(busy)
        await driver.until(first, lambda row: row.done_bytes > 0)
        record_id = await driver.add(url, start_at=outside.moment + timedelta(hours=2))
        await driver.service.resume([record_id])
        row = (await driver.details(record_id)).download
        assert row.status is Status.QUEUED
        assert row.options.start_at is None, "the list would say that it waits for its time"
        await driver.service.pause([first])
        assert (await driver.wait(record_id)).status is Status.COMPLETED


async def test_resumed_before_its_time_it_goes_on_after_a_restart(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    outside = Outside()
    url = fault_server.add(SLOW)
    async with running(tmp_path, outside.world) as driver:
        record_id = await driver.add(url, start_at=outside.moment + timedelta(hours=2))
        await driver.service.resume([record_id])
        await driver.until(record_id, lambda row: row.done_bytes > 0)
    fault_server.replace(Resource(path="/slow.bin", size=64 * MIB))
    async with running(tmp_path, outside.world) as driver:
        assert (await driver.wait(record_id)).status is Status.COMPLETED


async def test_a_host_with_one_slot_gets_one_download_and_others_pass(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    limits = parse_host_limits("127.0.0.1 slots=1")
    fault_server.add(SLOW)
    port = fault_server.url("/").split(":")[-1].strip("/")
    async with running(tmp_path, host_limits=limits) as driver:
        first = await driver.add(fault_server.url("/slow.bin"))
        fault_server.add(Resource(path="/b", size=10))
        second = await driver.add(fault_server.url("/b"))
        other = await driver.add(f"http://localhost:{port}/b")
        assert (await driver.wait(other)).status is Status.COMPLETED
        assert driver.row(second).status is Status.QUEUED
        await driver.service.pause([first])
        assert (await driver.wait(second)).status is Status.COMPLETED


async def test_downloads_of_one_host_share_its_limit(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    rate_bps = 20_480
    limits = parse_host_limits(f"127.0.0.1 limit={rate_bps}")
    urls = [fault_server.add(Resource(path=f"/{n}", size=4 * MIB)) for n in range(2)]
    async with running(tmp_path, host_limits=limits) as driver:
        began_s = time.monotonic()
        ids = [await driver.add(url) for url in urls]
        done = [0, 0]
        while min(done) < 4_000:
            done = [(await driver.details(id_)).download.done_bytes for id_ in ids]
            assert sum(done) <= rate_bps * (time.monotonic() - began_s) + 5_000
            await asyncio.sleep(0.01)


async def test_a_full_disk_pauses_and_space_lets_it_go_on(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fault_server.add(SLOW)
    free = [10**12]
    monkeypatch.setattr("tui_dl.engine.steward.free_bytes", lambda _: free[0])
    async with running(tmp_path, min_free_bytes=MIB) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        free[0] = MIB - 1
        await driver.look()
        row = await driver.wait(record_id)
        assert row.status is Status.PAUSED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DISK_FULL
        free[0] = 10**12
        fault_server.replace(Resource(path="/slow.bin", size=64 * MIB))
        done = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(done), 1, 64 * MIB)


async def test_a_pause_by_the_user_is_not_undone_by_space(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    async with running(tmp_path, min_free_bytes=1) as driver:
        record_id = await driver.add(fault_server.add(SLOW))
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        await driver.service.pause([record_id])
        await driver.wait(record_id)
        await driver.look()
        assert driver.row(record_id).status is Status.PAUSED


async def test_without_a_network_it_waits_and_then_goes_on(tmp_path: Path) -> None:
    outside = Outside(online=False)
    async with running(tmp_path, outside.world, max_tries=1) as driver:
        row = await driver.fetch("http://no-such-host.invalid/file")
        assert row.status is Status.PAUSED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.OFFLINE
        await driver.look()
        assert driver.row(row.id).status is Status.PAUSED
        outside.online = True
        await driver.look()
        failed = await driver.until(row.id, lambda row: row.status is Status.FAILED)
        assert failed.failure is not None
        assert failed.failure.code is ErrorCode.UNKNOWN_HOST, "a network that knows no such host"
        assert EventKind.RESUMED in [event.kind for event in driver.events]


async def test_a_class_of_errors_has_its_own_number_of_tries(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/bad", size=1), status(500))
    rules = parse_retry_rules("server=2 dns=9")
    async with running(tmp_path, max_tries=7, tries_by_code=rules) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.FAILED
        by_setting = len(fault_server.requests("/bad"))
        row = await driver.fetch(url, max_tries=4, out="again")
        assert row.status is Status.FAILED
        by_flag = len(fault_server.requests("/bad")) - by_setting
    assert by_setting < by_flag
