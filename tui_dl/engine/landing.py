"""The end of small files: their waits for the disk are shared.

A file of at most ``SMALL_BYTES`` is whole before its folder hears of it. Its bytes are synced,
then a durable record knows it, then it gets its final name, then its folder is synced. Each
step is one call for all files that are so far, so five hundred of them wait some twenty
times. Must not know records: ``run.py`` keeps the order. Belongs to the engine's loop.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Generic, TypeVar

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.engine.disk import Pools
from tui_dl.storage.landing import land_parts, sync_parts
from tui_dl.storage.part_file import PartFile

SMALL_BYTES = 1024 * 1024
"""What a stop may cost: of a larger file the journal notes how far it came."""

GATHER_S = 0.03
"""How long a file waits for company, while others are still being fetched."""

ENOUGH = 32
"""So many wait for nobody else."""

MOST_LANDING = 64
"""So many wait for the disk without a slot: each holds a descriptor and its record."""

QUICK_SYNC_S = 0.0005
"""Above this a sync waits for a real disk, and four at once take hardly longer than one."""

SYNCS_AT_ONCE = 4

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Gathering(Generic[Item, Outcome]):
    """Does one thing to many items at once: to all that came while the last ones were done."""

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[Sequence[Outcome | Exception]]],
        expects_more: Callable[[], bool],
    ) -> None:
        """``work`` returns an outcome for each item, in order."""
        self._work = work
        self._expects_more = expects_more
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []
        self._is_enough = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Outcome:
        """Return the outcome for ``item``, or raise it.

        A caller that is cancelled leaves once nothing is done to its item any more.
        """
        turn: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        entry = (item, turn)
        self._waiting.append(entry)
        if len(self._waiting) >= ENOUGH:
            self._is_enough.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="landing")
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
                turn.cancel()
            while not turn.done():
                with suppress(asyncio.CancelledError):  # the first one is raised below
                    await asyncio.wait([turn])
            if not turn.cancelled():
                turn.exception()
            raise

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch, self._waiting = self._waiting, []
                if batch:  # they may all have left
                    await self._do(batch)
        finally:
            self._task = None

    async def _gather(self) -> None:
        self._is_enough.clear()
        if len(self._waiting) < ENOUGH and self._expects_more():
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await self._is_enough.wait()

    async def _do(self, batch: list[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - told to each; those that came meanwhile go on
            for _, turn in batch:
                turn.set_exception(error)
            return
        except BaseException:  # a cancel: the others are told, then it is raised again
            for _, turn in batch:
                turn.set_exception(RuntimeError("the landing was stopped"))
            raise
        for (_, turn), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Exception):
                turn.set_exception(outcome)
            else:
                turn.set_result(outcome)


class Landing:
    """What all downloads of an engine share at their ends."""

    def __init__(self, pools: Pools, expects_more: Callable[[], bool]) -> None:
        """``expects_more`` tells whether downloads are under way that could share a wait."""
        self.is_possible = True
        """Off once a file system could not name a file that had none."""
        self._pools = pools
        self._sync_s = 0.0
        self._syncs: Gathering[PartFile, None] = Gathering(self._sync, expects_more)
        self._names: Gathering[PartFile, os.stat_result] = Gathering(self._land, lambda: False)

    def takes(self, part: PartFile, total: int | None) -> bool:
        """Whether a new part of ``total`` bytes may stay without a name until it is whole.

        The birth of a file proves later that an inode number is not another file's. A
        part of no bytes may be one whose size nobody knows yet.
        """
        is_small = total is not None and 0 < total <= SMALL_BYTES
        return is_small and self.is_possible and not part.is_placed and part.identity.born_ns != 0

    async def sync(self, part: PartFile) -> None:
        """Bring a whole file and its metadata to stable storage.

        Raises:
            DiskError: the sync failed, which is final.
        """
        await self._syncs.do(part)

    async def land(self, part: PartFile) -> os.stat_result:
        """Give a synced file its final name, durably; return its status then.

        Raises:
            DiskError: see ``PartFile.land``; or the folder could not be synced.
        """
        with self.watching():
            return await self._names.do(part)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Let the files after this one have parts of their own when it cannot get a name."""
        try:
            yield
        except DiskError as error:
            if error.code is ErrorCode.PART_CHANGED:
                self.is_possible = False
            raise

    async def _sync(self, parts: list[PartFile]) -> list[Exception | None]:
        is_slow = self._sync_s > QUICK_SYNC_S
        step = -(-len(parts) // SYNCS_AT_ONCE) if is_slow else len(parts)
        groups = [parts[at : at + step] for at in range(0, len(parts), step)]
        began_s = perf_counter()
        found = await asyncio.gather(*(self._in_pool(sync_parts, group) for group in groups))
        self._sync_s = (perf_counter() - began_s) / step
        return [outcome for group in found for outcome in group]

    async def _land(self, parts: list[PartFile]) -> list[os.stat_result | Exception]:
        return await self._in_pool(land_parts, parts)

    async def _in_pool(
        self, work: Callable[[Sequence[PartFile]], Outcome], parts: list[PartFile]
    ) -> Outcome:
        return await self._pools.run(self._pools.disk, work, parts)
