"""The other half of ``test_machine``: a real service in a process that may be killed.

Takes orders through a pipe and watches every write for a second writer on the same bytes.
Must not judge files: the parent does.
"""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.crash.set_clock import SetClock
from tests.engine.driving import quick_config
from tests.support.disk_faults import replace_writes
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.model import AddRequest, DownloadOptions, Status
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.engine import checkpoint, room_watch
from tui_dl.service.local import LocalService
from tui_dl.storage.part_file import PartFile


@dataclass(frozen=True, slots=True)
class Seen:
    """What the parent is told of one download."""

    id: str
    url: str
    status: Status
    path: Path
    failure: str | None


@dataclass
class Writes:
    """All writes of this process, by file; each byte may be written once for each life of it."""

    conflicts: list[str] = field(default_factory=list)
    _taken: dict[int, tuple[PartFile, RangeSet]] = field(default_factory=dict)
    """By identity; the part is held so that no other one gets the same."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the engine and its part files."""
        patch.setattr(PartFile, "write_at", self._around_write(PartFile.write_at))
        patch.setattr(PartFile, "write_pipe", self._around_pipe(PartFile.write_pipe))
        patch.setattr(PartFile, "set_size", self._around_size(PartFile.set_size))

    def _around_write(self, real: Callable[..., None]) -> Callable[..., None]:
        def write(part: PartFile, data: memoryview | bytes, offset: int) -> None:
            with self._taking(part, Range(offset, offset + len(data))):
                real(part, data, offset)

        return write

    def _around_pipe(self, real: Callable[..., None]) -> Callable[..., None]:
        def write(part: PartFile, pipe: int, count: int, offset: int) -> None:
            with self._taking(part, Range(offset, offset + count)):
                real(part, pipe, count, offset)

        return write

    @contextmanager
    def _taking(self, part: PartFile, stretch: Range) -> Iterator[None]:
        span = RangeSet([stretch])
        with self._lock:
            _, taken = self._taken.get(id(part), (part, RangeSet()))
            twice = taken.intersect(span)
            if twice:
                self.conflicts.append(f"{part.part_path}: {twice} written twice")
            self._taken[id(part)] = part, taken.union(span)
        try:
            yield
        except BaseException:  # a cancel too: undone, then raised again
            with self._lock:  # it may be tried again
                self._taken[id(part)] = part, self._taken[id(part)][1].subtract(span)
            raise

    def _around_size(self, real: Callable[..., None]) -> Callable[..., None]:
        def set_size(part: PartFile, size: int) -> None:
            with self._lock:
                if size == 0:  # all of it is given up
                    self._taken[id(part)] = part, RangeSet()
            real(part, size)

        return set_size


class FullDisk:
    """Refuses writes of parts on demand, some of them in the middle."""

    def __init__(self) -> None:
        self.is_full = False
        self._real = os.pwrite

    def write(self, fd: int, data: Any, offset: int) -> int:
        """Write half, or nothing, while the disk is full."""
        if not self.is_full:
            return self._real(fd, data, offset)
        if len(data) > 1 and offset % 2 == 0:
            return self._real(fd, memoryview(data)[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Machine:
    """Carries out orders: each public coroutine is one."""

    def __init__(self, base: Path, patch: pytest.MonkeyPatch) -> None:
        self._clock = SetClock(base / "clock.json")
        config = quick_config(base, sync_interval_s=0.1, slots=2)
        self.service = LocalService(config, self._clock.install(patch))
        self._folder = base / "downloads"
        self._writes = Writes()
        self._disk = FullDisk()
        self._writes.install(patch)
        replace_writes(patch, self._disk.write)
        patch.setattr(checkpoint, "LOOK_S", 0.05)
        patch.setattr(room_watch, "LOOK_S", 0.05)

    async def add(self, url: str, connections: int, *, is_later: bool) -> str:
        """Add one download, perhaps for tomorrow, and return its id."""
        start_at = self._clock.now() + timedelta(days=1) if is_later else None
        options = DownloadOptions(connections=connections, start_at=start_at)
        request = AddRequest(
            url=url, directory=str(self._folder), options=options, allow_duplicate=True
        )
        (answer,) = await self.service.add([request])
        assert answer.id is not None, answer.failure
        return answer.id

    async def pause(self, record_id: str) -> None:
        """Pause; a status that does not allow it is no mistake."""
        await self.service.pause([record_id])

    async def resume(self, record_id: str) -> None:
        """Resume."""
        await self.service.resume([record_id])

    async def cancel(self, record_id: str) -> None:
        """Cancel."""
        await self.service.cancel([record_id])

    async def set_url(self, record_id: str, url: str) -> None:
        """Give another link."""
        await self.service.set_url(record_id, url)

    async def fill_disk(self, is_full: bool) -> None:
        """Fill the disk, or empty it."""
        self._disk.is_full = is_full

    async def jump(self, by_ns: int) -> None:
        """Let the wall clock jump, forward or back."""
        self._clock.put(by_ns)

    async def look(self) -> tuple[list[Seen], list[str]]:
        """Return all downloads, and what was written twice or is a number that cannot be."""
        rows = [
            Seen(
                row.id,
                row.url,
                row.status,
                Path(row.directory) / row.name,
                None if row.failure is None else row.failure.message,
            )
            for row in self.service.snapshot().downloads
        ]
        strange = [
            f"{row.name}: {number}"
            for row in self.service.snapshot().downloads
            for number in (row.eta_s, row.rate_bps, row.retry_in_s, row.elapsed_s)
            if number is not None and not 0 <= number < float("inf")
        ]
        return rows, [*self._writes.conflicts, *strange]


def serve(pipe: Connection, base: Path) -> None:
    """Open the service below ``base``, take orders until ``stop``."""
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(_serve(pipe, Machine(base, patch)))


async def _serve(pipe: Connection, machine: Machine) -> None:
    await machine.service.start()
    pipe.send(None)
    while True:
        order, *args = await asyncio.to_thread(pipe.recv)
        if order == "stop":
            break
        try:
            options = args.pop() if args and isinstance(args[-1], dict) else {}
            answer = await getattr(machine, order)(*args, **options)
        except TuiDlError:
            answer = None  # refused: the parent looks at what came of it
        pipe.send(answer)
    await machine.service.close()
    pipe.send(await machine.look())
