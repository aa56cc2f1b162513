"""Downloads that stopped because their disk was full go on once there is room (trap D3).

Must not start what the user paused, nor what could not tell how much it needs: that would
fill the disk again and again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.engine.disk import Pools
from tui_dl.storage.room import Room, allocated_bytes

LOOK_S = 2.0
LONGEST_WAIT_S = 300.0
"""Between two tries of one download: a quota is full while its disk has room."""


class RoomWatch:
    """One task that sleeps until a download waits for room."""

    def __init__(
        self,
        room: Room,
        pools: Pools,
        keep_free_bytes: int,
        records: Callable[[], Iterable[DownloadRecord]],
        resume: Callable[[str], None],
    ) -> None:
        self._room = room
        self._pools = pools
        self._keep_free_bytes = keep_free_bytes
        self._records = records
        self._resume = resume
        self._wanted = asyncio.Event()
        self._delays_s: dict[str, float] = {}
        self._not_before_s: dict[str, float] = {}

    def note(self, record: DownloadRecord) -> None:
        """Take notice of a record that may have stopped for want of room."""
        if waits_for_room(record):
            self._wanted.set()

    async def run(self) -> None:
        """Look every few seconds, as long as somebody waits, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._waiting():
                await asyncio.sleep(LOOK_S)
                await self._look()

    async def _look(self) -> None:
        now_s = asyncio.get_running_loop().time()
        due = [r for r in self._waiting() if self._not_before_s.get(r.id, 0.0) <= now_s]
        fitting = await self._pools.run(self._pools.disk, self._fitting, due)
        still = {record.id for record in self._waiting()}
        for record_id in fitting:
            if record_id in still:
                delay_s = self._delays_s.get(record_id, LOOK_S)
                self._not_before_s[record_id] = now_s + delay_s
                self._delays_s[record_id] = min(2 * delay_s, LONGEST_WAIT_S)
                self._resume(record_id)

    def _waiting(self) -> list[DownloadRecord]:
        return [record for record in self._records() if waits_for_room(record)]

    def _fitting(self, waiting: Iterable[DownloadRecord]) -> list[str]:
        """Return the ids of those that fit together, in the order of the queue."""
        found: list[str] = []
        spent: dict[str, int] = {}
        for record in sorted(waiting, key=lambda r: r.position):
            directory = Path(record.directory)
            before = spent.get(record.directory, 0)
            need = missing_bytes(record)
            if self._room.fits(directory, before + need, self._keep_free_bytes):
                spent[record.directory] = before + need
                found.append(record.id)
        return found


def waits_for_room(record: DownloadRecord) -> bool:
    """Return whether a full disk stopped it, and its size says when it fits."""
    return (
        record.status is Status.PAUSED
        and record.failure is not None
        and record.failure.code is ErrorCode.DISK_FULL
        and record.total_bytes is not None
    )


def missing_bytes(record: DownloadRecord) -> int:
    """Return how much more of its disk a download with a known size will take."""
    taken = 0
    if record.part_name is not None:
        taken = allocated_bytes(Path(record.directory) / record.part_name)
    return max(0, (record.total_bytes or 0) - taken)
