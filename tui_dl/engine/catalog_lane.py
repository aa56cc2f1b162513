"""The engine's way to the catalog: changes are gathered and written in one transaction.

Must not block the loop: SQLite runs in a thread of its own. What was noted while a
transaction runs goes into the next one, so ten thousand small files cost few commits.
A commit survives a kill at once; within two seconds it survives a power cut as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from tui_dl.domain.model import DownloadRecord
from tui_dl.engine.disk import Pools
from tui_dl.storage.catalog import Catalog

GATHER_S = 0.2
"""How long a change without a waiter may wait for company, or for one that is waited for.

A small file changes its record at each step, and somebody waits for two of them only.
"""

DURABLE_WITHIN_S = 2.0
"""How long a commit may be lost by a power cut, if nobody asked for more."""

RETRY_S = 1.0
"""Pause after a commit that failed; what it held is tried again until it succeeds."""


class CatalogLane:
    """Gathers records by id; the latest one wins."""

    def __init__(self, catalog: Catalog, pools: Pools) -> None:
        self._catalog = catalog
        self._pools = pools
        self._dirty: dict[str, DownloadRecord] = {}
        self._urgent: set[str] = set()
        """Of the dirty, those that somebody waits for."""
        self._swept_s = 0.0
        """When all that was dirty was written last."""
        self._removed: set[str] = set()
        self._durable = False
        self._is_securing = False
        self._owed: DownloadRecord | None = None
        """Of the last commit that a power cut could still undo."""
        self._owed_until_s: float | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.last_error: Exception | None = None

    @property
    def is_securing(self) -> bool:
        """Whether somebody waits for something to survive a power cut."""
        return self._durable or self._is_securing

    def start(self) -> None:
        """Begin to write. Call in the engine's loop."""
        self._task = asyncio.create_task(self._run(), name="catalog-lane")

    def save(self, record: DownloadRecord) -> None:
        """Note a record; it is written soon."""
        self._dirty[record.id] = record
        self._removed.discard(record.id)
        self._wake.set()

    async def save_now(self, records: Iterable[DownloadRecord], *, durable: bool = False) -> None:
        """Write records; return when they are in the catalog. Others may follow a little later.

        ``durable`` waits for stable storage too: they then survive a power cut.

        Raises:
            StateError, DiskError: they could not be written; they stay noted.
        """
        for record in records:
            self.save(record)
            self._urgent.add(record.id)
        await self._flushed(durable=durable)

    async def remove(self, ids: Iterable[str]) -> None:
        """Delete records for good."""
        self.drop(ids)
        await self._flushed(durable=True)

    def drop(self, ids: Iterable[str]) -> None:
        """Delete records soon, also such as could not be written yet."""
        for record_id in ids:
            self._dirty.pop(record_id, None)
            self._removed.add(record_id)
        self._wake.set()

    async def close(self) -> None:
        """Write what is noted and stop."""
        try:
            if self._dirty or self._removed:
                self._urgent.update(self._dirty)
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
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._owed_until_s):
                    await self._wake.wait()
            if self._wake.is_set() and not self._waiters:
                with suppress(TimeoutError):  # nobody in a hurry: what has gathered goes
                    async with asyncio.timeout(GATHER_S):
                        await self._hurry.wait()
            self._wake.clear()
            self._hurry.clear()
            self._pay_if_due()
            await self._write()

    def _pay_if_due(self) -> None:
        """Make the next commit durable, and with it all before, once the oldest is due."""
        if self._owed is None or self._owed_until_s is None:
            return
        if asyncio.get_running_loop().time() >= self._owed_until_s:
            self._durable = True
            if self._owed.id not in self._removed:
                self._dirty.setdefault(self._owed.id, self._owed)
                self._urgent.add(self._owed.id)  # a commit of nothing would sync nothing

    def _owe(self, records: tuple[DownloadRecord, ...], *, durable: bool) -> None:
        if durable:
            self._owed = self._owed_until_s = None
        elif records:
            self._owed = records[-1]  # the newest version of it: a later one would be dirty
            if self._owed_until_s is None:
                self._owed_until_s = asyncio.get_running_loop().time() + DURABLE_WITHIN_S

    async def _write(self) -> None:
        dirty = self._take_dirty(sweep=not self._waiters)
        removed, self._removed = self._removed, set()
        waiters, self._waiters = self._waiters, []
        durable, self._durable = self._durable, False
        records = tuple(dirty.values())
        self._is_securing = durable
        try:
            await self._pools.run(
                self._pools.catalog, self._commit, records, tuple(removed), durable
            )
        except Exception as error:  # noqa: BLE001 - whoever waits gets it; else it is kept
            self.last_error = error
            self._dirty = {**dirty, **self._dirty}
            self._removed |= removed
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(error)
            self._is_securing = False
            await self._wait_after_failure()
            return
        self._is_securing = False
        self.last_error = None
        self._owe(records, durable=durable and bool(records or removed))
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _take_dirty(self, *, sweep: bool) -> dict[str, DownloadRecord]:
        """Return what goes into the next commit: all, or what is waited for in between."""
        now_s = asyncio.get_running_loop().time()
        urgent, self._urgent = self._urgent, set()
        if sweep or now_s - self._swept_s >= GATHER_S:
            self._swept_s = now_s
            dirty, self._dirty = self._dirty, {}
            return dirty
        dirty = {record_id: self._dirty.pop(record_id) for record_id in urgent & self._dirty.keys()}
        if self._dirty:
            self._wake.set()  # they are next, once nobody is in a hurry
        return dirty

    async def _wait_after_failure(self) -> None:
        with suppress(TimeoutError):  # somebody who waits for an answer is not kept waiting
            async with asyncio.timeout(RETRY_S):
                await self._hurry.wait()
        self._wake.set()

    def _commit(
        self, records: tuple[DownloadRecord, ...], removed: tuple[str, ...], durable: bool
    ) -> None:
        self._catalog.save(records, removed, durable=durable)
