"""Drive a real engine in a test: add, wait for statuses, look at what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tui_dl.domain.model import AddRequest, DownloadOptions, Source, Status
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, DownloadSnapshot
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.world import REAL_WORLD, World
from tui_dl.service.local import LocalService

WAIT_S = 60.0
STOPPED = frozenset({Status.COMPLETED, Status.FAILED, Status.PAUSED, Status.CANCELLED})


@dataclass
class Driver:
    """A running service with a folder of its own."""

    service: LocalService
    folder: Path
    events: list[DownloadEvent] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def add(
        self,
        url: str,
        *,
        paused: bool = False,
        source: Source = Source.LOCAL,
        folder: Path | None = None,
        allow_duplicate: bool = False,
        **options: Any,
    ) -> str:
        """Add one download and return its id; fails the test when it is not added."""
        request = AddRequest(
            url=url,
            directory=str(folder or self.folder),
            options=DownloadOptions(**options),
            paused=paused,
            source=source,
            allow_duplicate=allow_duplicate,
        )
        (answer,) = await self.service.add([request])
        assert answer.failure is None, answer.failure
        assert answer.id is not None
        return answer.id

    def row(self, record_id: str) -> DownloadSnapshot:
        """Return the row of a download as the last picture shows it."""
        return next(row for row in self.service.snapshot().downloads if row.id == record_id)

    async def look(self) -> None:
        """Have the engine look at once at what has changed outside."""
        await self.service._engine.call(lambda core: core.steward.look())

    async def details(self, record_id: str) -> DownloadDetails:
        """Return everything about one download, fresh."""
        found = await self.service.details(record_id)
        assert found is not None
        return found

    async def until(
        self,
        record_id: str,
        holds: Callable[[DownloadSnapshot], bool],
        timeout_s: float = WAIT_S,
    ) -> DownloadSnapshot:
        """Wait until a download's fresh row satisfies ``holds``."""
        async with asyncio.timeout(timeout_s):
            while True:
                row = (await self.details(record_id)).download
                if holds(row):
                    return row
                await asyncio.sleep(0.01)

    async def wait(self, record_id: str, timeout_s: float = WAIT_S) -> DownloadSnapshot:
        """Wait until a download has stopped by itself: done, failed or paused."""
        return await self.until(record_id, lambda row: row.status in STOPPED, timeout_s)

    async def finish(self, record_id: str) -> DownloadSnapshot:
        """Resume a download and return it completed; fails the test when it ends otherwise."""
        await self.service.resume([record_id])
        row = await self.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        return row

    async def fetch(self, url: str, timeout_s: float = WAIT_S, **options: Any) -> DownloadSnapshot:
        """Add a download and wait until it has stopped."""
        return await self.wait(await self.add(url, **options), timeout_s)

    async def log(self, record_id: str) -> str:
        """Return the download's own log as text."""
        return "\n".join(line.text for line in (await self.details(record_id)).log)

    def path(self, row: DownloadSnapshot) -> Path:
        """Return where a finished file is."""
        return Path(row.directory) / row.name


def quick_config(base: Path, **changes: Any) -> EngineConfig:
    """Return a configuration for tests: short waits, everything below ``base``."""
    folder = base / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    config = EngineConfig(
        data_dir=base / "state",
        directory=folder,
        timeout_s=5.0,
        connect_timeout_s=5.0,
        retry_base_s=0.05,
        retry_max_s=0.4,
    )
    return replace(config, **changes)


@asynccontextmanager
async def running(base: Path, world: World = REAL_WORLD, **changes: Any) -> AsyncIterator[Driver]:
    """Open an engine below ``base`` and close it at the end."""
    config = quick_config(base, **changes)
    service = LocalService(config, world)
    driver = Driver(service, config.directory)
    service.subscribe(driver.events.append)
    await service.start()
    try:
        yield driver
    finally:
        await service.close()
