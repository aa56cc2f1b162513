"""Where blocking work runs: one pool for disks, one for hashes, one lane for the catalog.

Must not know downloads. A write goes straight from the loop while the disk is quick (a
copy into the page cache) and through the pool until then, by measurement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from typing import Any, Protocol, TypeVar

SLOW_WRITE_S = 0.02
"""One write above this would hold up every socket: its disk is slow."""

QUICK_WRITES = 8
"""Writes in a row that must be quick before the loop trusts a disk."""

SLOW_CALL_S = 0.01
QUICK_CALLS = 8
DISTRUST_CALLS = 64
"""The same for calls that open, name and close files, which come less often."""

Result = TypeVar("Result")


class PositionalFile(Protocol):
    """The part of a part file that is written through."""

    def write_at(self, data: memoryview | bytes, offset: int) -> None:
        """Write all of ``data`` at ``offset``."""

    @property
    def takes_pipes(self) -> bool:
        """Whether its file system has taken every pipe so far."""

    def write_pipe(self, pipe: int, count: int, offset: int) -> None:
        """Write ``count`` bytes out of ``pipe`` at ``offset``."""


class Pools:
    """The engine's threads. Each kind of work has its own, so none queues behind another."""

    def __init__(self) -> None:
        self.disk = ThreadPoolExecutor(4, "tui-dl-disk")
        self.hashing = ThreadPoolExecutor(2, "tui-dl-hash")
        self.catalog = ThreadPoolExecutor(1, "tui-dl-catalog")

    async def run(
        self, pool: ThreadPoolExecutor, work: Callable[..., Result], *args: Any
    ) -> Result:
        """Run ``work`` in ``pool`` and wait for its end even when cancelled.

        A cancelled caller must not leave a thread that still writes, however often it is
        cancelled: the cancellation is raised again once the thread is done.
        """
        future = asyncio.get_running_loop().run_in_executor(pool, work, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                with suppress(asyncio.CancelledError):  # the first one is raised below
                    await asyncio.wait([future])
            if not future.cancelled():
                future.exception()
            raise

    async def call(self, pace: DiskPace, work: Callable[..., Result], *args: Any) -> Result:
        """Run short ``work`` on a disk: at once while the disk is quick, else in the pool."""
        if not pace.calls_are_quick:
            return await self.run(self.disk, _timed, pace, work, *args)
        return _timed(pace, work, *args)

    def close(self) -> None:
        """Wait for work under way, then end the threads."""
        for pool in (self.disk, self.hashing, self.catalog):
            pool.shutdown(wait=True)


class DiskPace:
    """How quick one disk takes writes, and other calls. Shared by all files on it.

    Starts distrustful. Whatever waits for the disk itself (a sync) is never counted here:
    it belongs into the pool, however quick it was so far.
    """

    def __init__(self) -> None:
        self._quick_writes = 0
        self._quick_calls = 0

    @property
    def is_quick(self) -> bool:
        """Whether the loop may write by itself."""
        return self._quick_writes >= QUICK_WRITES

    def note(self, took_s: float) -> None:
        """Count one write."""
        self._quick_writes = 0 if took_s > SLOW_WRITE_S else self._quick_writes + 1

    @property
    def calls_are_quick(self) -> bool:
        """Whether the loop may open, name, look at and close files by itself.

        A way through the pool costs ten times such a call, and a small file needs many.
        """
        return self._quick_calls >= QUICK_CALLS

    def note_call(self, took_s: float) -> None:
        """Count one call; after one that held up the loop the disk must prove itself for longer.

        In the pool a call may have waited for its turn in place of the disk.
        """
        if took_s <= SLOW_CALL_S:
            self._quick_calls += 1
        elif self.calls_are_quick:
            self._quick_calls = -DISTRUST_CALLS
        else:
            self._quick_calls = min(0, self._quick_calls)


def _timed(pace: DiskPace, work: Callable[..., Result], *args: Any) -> Result:
    began_s = perf_counter()
    try:
        return work(*args)
    finally:
        pace.note_call(perf_counter() - began_s)


class MeasuredWriter:
    """Writes one file from the loop while its disk is quick, from the pool while not."""

    def __init__(
        self,
        file: PositionalFile,
        pace: DiskPace,
        pools: Pools,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._file = file
        self._pace = pace
        self._pools = pools
        self._clock = clock

    @property
    def is_quick(self) -> bool:
        """Whether ``write_now`` may be used."""
        return self._pace.is_quick

    def write_now(self, data: memoryview, offset: int) -> None:
        """Write from the calling thread."""
        began_s = self._clock()
        self._file.write_at(data, offset)
        self._pace.note(self._clock() - began_s)

    @property
    def takes_pipes(self) -> bool:
        """Whether ``write_pipe`` may be used."""
        return self._pace.is_quick and self._file.takes_pipes

    def write_pipe(self, pipe: int, count: int, offset: int) -> None:
        """Write from the calling thread what is in a pipe."""
        began_s = self._clock()
        self._file.write_pipe(pipe, count, offset)
        self._pace.note(self._clock() - began_s)

    async def write_later(self, data: memoryview, offset: int, before: Callable[[], None]) -> None:
        """Write in the pool, right after ``before``. ``data`` must stay untouched meanwhile."""
        await self._pools.run(self._pools.disk, self._timed_write, data, offset, before)

    def _timed_write(self, data: memoryview, offset: int, before: Callable[[], None]) -> None:
        before()
        began_s = self._clock()
        self._file.write_at(data, offset)
        self._pace.note(self._clock() - began_s)
