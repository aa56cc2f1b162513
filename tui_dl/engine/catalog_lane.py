"""The engine's way to the catalog: changes are gathered and written in one transaction.

Must not block the loop: SQLite runs in a thread of its own. What was noted while a
transaction runs goes into the next one, so ten thousand small files cost few commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from tui_dl.domain.model import DownloadRecord
from tui_dl.engine.disk import Pools
from tui_dl.storage.catalog import Catalog

GATHER_S = 0.2
"""How long a change without a waiter may wait for company."""


class CatalogLane:
    """Gathers records by id; the latest one wins."""

    def __init__(self, catalog: Catalog, pools: Pools) -> None:
        self._catalog = catalog
        self._pools = pools
        self._dirty: dict[str, DownloadRecord] = {}
        self._removed: set[str] = set()
        self._durable = False
        self._waiters: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.last_error: Exception | None = None

    def start(self) -> None:
        """Begin to write. Call in the engine's loop."""
        self._task = asyncio.create_task(self._run(), name="catalog-lane")

    def save(self, record: DownloadRecord) -> None:
        """Note a record; it is written soon."""
        self._dirty[record.id] = record
        self._removed.discard(record.id)
        self._wake.set()

    async def save_now(self, records: Iterable[DownloadRecord], *, durable: bool = False) -> None:
        """Write records and all that was noted before; return when they are in the catalog.

        ``durable`` waits for stable storage too: they then survive a power cut.

        Raises:
            StateError, DiskError: they could not be written; they stay noted.
        """
        for record in records:
            self.save(record)
        await self._flushed(durable=durable)

    async def remove(self, ids: Iterable[str]) -> None:
        """Delete records for good."""
        for record_id in ids:
            self._dirty.pop(record_id, None)
            self._removed.add(record_id)
        await self._flushed(durable=True)

    async def close(self) -> None:
        """Write what is noted and stop."""
        try:
            if self._dirty or self._removed:
                await self._flushed(durable=True)
        finally:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait([self._task])

    async def _flushed(self, *, durable: bool) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._durable = self._durable or durable
        self._wake.set()
        self._hurry.set()
        await waiter

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if not self._waiters:
                with suppress(TimeoutError):  # nobody in a hurry: what has gathered goes
                    await asyncio.wait_for(self._hurry.wait(), GATHER_S)
            self._wake.clear()
            self._hurry.clear()
            await self._write()

    async def _write(self) -> None:
        dirty, self._dirty = self._dirty, {}
        removed, self._removed = self._removed, set()
        waiters, self._waiters = self._waiters, []
        durable, self._durable = self._durable, False
        try:
            await self._pools.run(
                self._pools.catalog, self._commit, tuple(dirty.values()), tuple(removed), durable
            )
        except Exception as error:  # noqa: BLE001 - whoever waits gets it; else it is kept
            self.last_error = error
            self._dirty = {**dirty, **self._dirty}
            self._removed |= removed
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(error)
            await asyncio.sleep(GATHER_S)
            return
        self.last_error = None
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _commit(
        self, records: tuple[DownloadRecord, ...], removed: tuple[str, ...], durable: bool
    ) -> None:
        self._catalog.save(records, removed, durable=durable)
