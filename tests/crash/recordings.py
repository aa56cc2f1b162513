"""Real downloads, recorded: each scenario is one life of one download up to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.crash.disk_log import DiskLog
from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, chunked
from tests.support.server import Script
from tui_dl.domain.model import Digest, Status
from tui_dl.engine import checkpoint, disk
from tui_dl.storage import publish

SIZE = 3 * 1024 * 1024 + 517
PATH = "/film.bin"
FIRST, SECOND = 1, 2
"""Seeds of the two versions of the resource."""


def version(seed: int, rate_bps: float = 0) -> Resource:
    """Return a version of the resource; its ETag tells the seed."""
    return Resource(path=PATH, size=SIZE, seed=seed, etag=f'"v{seed}"', rate_bps=rate_bps)


@dataclass(frozen=True, slots=True)
class Recording:
    """What happened to the disk."""

    log: DiskLog
    url: str


Life = Callable[[Driver, FaultServer, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way to download, and what is unusual about its machine."""

    name: str
    live: Life
    prepare: Callable[[pytest.MonkeyPatch], None] = lambda _patch: None
    script: Script = None
    is_new_version: bool = False
    is_all_or_nothing: bool = False
    """Its bytes cannot be resumed: a claim on some of them is worth nothing."""


async def record(
    scenario: Scenario, server: FaultServer, base: Path, *, syncs_are_lies: bool = False
) -> Recording:
    """Let a scenario happen below ``base`` and return what its disk saw."""
    url = server.add(version(FIRST, rate_bps=SIZE / 2), scenario.script)
    folder = base / "downloads"
    folder.mkdir(parents=True)
    log = DiskLog(folder, syncs_are_lies=syncs_are_lies)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "LOOK_S", 0.05)
        scenario.prepare(patch)
        with log.recording():
            async with running(base, sync_interval_s=0.1, resume_running=True) as driver:
                await scenario.live(driver, server, url)
    assert log.steps
    return Recording(log, url)


async def _straight(driver: Driver, server: FaultServer, url: str) -> None:
    await _finish(driver, await driver.add(url, connections=4))


async def _with_digest(driver: Driver, server: FaultServer, url: str) -> None:
    digest = Digest("sha256", sha256(version(FIRST).body.read(0, SIZE)).hexdigest())
    await _finish(driver, await driver.add(url, connections=4, digests=(digest,)))


async def _with_pauses(driver: Driver, server: FaultServer, url: str) -> None:
    record_id = await driver.add(url, connections=3)
    for share in (0.3, 0.7):
        await driver.until(record_id, lambda row, s=share: row.done_bytes > s * SIZE)  # type: ignore[misc] # bound now
        await driver.service.pause([record_id])
        await driver.wait(record_id)
        await driver.service.resume([record_id])
    await _finish(driver, record_id)


async def _with_a_new_version(driver: Driver, server: FaultServer, url: str) -> None:
    record_id = await driver.add(url, connections=3)
    await driver.until(record_id, lambda row: row.done_bytes > 0.6 * SIZE)
    server.replace(version(SECOND, rate_bps=SIZE / 2))
    server.drop_connections()
    await _finish(driver, record_id)


async def _finish(driver: Driver, record_id: str) -> None:
    row = await driver.wait(record_id)
    assert row.status is Status.COMPLETED, row.failure


def _slow_disk(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(disk, "QUICK_WRITES", 1 << 40)


def _no_renameat2(patch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any) -> bool:
        return False

    patch.setattr(publish, "rename_unless_exists", refuse)


SCENARIOS = [
    Scenario("straight", _straight),
    Scenario("pauses on a slow disk", _with_pauses, _slow_disk),
    Scenario("new version", _with_a_new_version, is_new_version=True),
    Scenario("digest, link and unlink", _with_digest, _no_renameat2),
    Scenario("unknown length", _straight, script=chunked(hide_ranges=True), is_all_or_nothing=True),
]
