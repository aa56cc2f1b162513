"""The two forms of the service, each ready to use, for tests that hold for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.api.serving import served
from tests.engine.driving import running
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, DownloadSnapshot, EventKind
from tui_dl.service.contract import ActionResult, DownloadService
from tui_dl.service.remote import RemoteService

WAIT_S = 30.0


@dataclass
class Bench:
    """A started service with a target folder and an ear."""

    service: DownloadService
    folder: Path
    events: list[DownloadEvent] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.stop_listening = self.service.subscribe(self._hear)

    def _hear(self, event: DownloadEvent) -> None:
        self.events.append(event)
        self._loop.call_soon_threadsafe(self._news.set)

    async def add(self, url: str, *, paused: bool = False, **options: Any) -> str:
        """Add one download and return its id."""
        request = AddRequest(url, str(self.folder), DownloadOptions(**options), paused=paused)
        (answer,) = await self.service.add([request])
        assert answer.failure is None, answer.failure
        assert answer.id is not None
        return answer.id

    def find(self, id_: str) -> DownloadSnapshot | None:
        """Return a row of the latest picture."""
        return next((row for row in self.service.snapshot().downloads if row.id == id_), None)

    async def picture(self, holds: Callable[[], bool]) -> None:
        """Wait until a picture satisfies ``holds``."""
        async with asyncio.timeout(WAIT_S):
            while True:  # pictures are pulled: there is nothing to await
                if holds():
                    return
                await asyncio.sleep(0.01)

    async def row(self, id_: str, holds: Callable[[DownloadSnapshot], bool]) -> DownloadSnapshot:
        """Wait until a row of the picture satisfies ``holds``."""
        async with asyncio.timeout(WAIT_S):
            while True:
                row = self.find(id_)
                if row is not None and holds(row):
                    return row
                await asyncio.sleep(0.01)

    async def event(self, kind: EventKind, id_: str) -> DownloadEvent:
        """Wait for an event of this kind about this download."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self.events:
                    if event.kind is kind and event.download.id == id_:
                        return event
                self._news.clear()
                await self._news.wait()

    def kinds(self, id_: str) -> list[EventKind]:
        """Return what was told of one download, in order."""
        return [event.kind for event in self.events if event.download.id == id_]

    async def details(self, id_: str) -> DownloadDetails:
        """Return everything about a download that exists."""
        found = await self.service.details(id_)
        assert found is not None
        return found


def code_of(result: ActionResult) -> ErrorCode | None:
    """Return why an action was refused."""
    return None if result.failure is None else result.failure.code


@asynccontextmanager
async def local_bench(base: Path) -> AsyncIterator[Bench]:
    """Yield the embedded form."""
    async with running(base) as driver:
        yield Bench(driver.service, driver.folder)


@asynccontextmanager
async def remote_bench(base: Path) -> AsyncIterator[Bench]:
    """Yield the remote form, over a port in front of an embedded one."""
    async with served(base) as server:
        service = RemoteService(server.base, server.owner_key)
        await service.start()
        try:
            yield Bench(service, server.driver.folder)
        finally:
            await service.close()


FORMS = {"local": local_bench, "remote": remote_bench}
