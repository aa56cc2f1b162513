"""From the engine to many readers: events are pushed, progress is pulled, queues are bounded.

A reader that does not read costs a fixed amount of memory and nobody else's time
(trap S14). Must not know any dialect. Everything but ``_hear`` belongs to one loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind
from tui_dl.service.contract import DownloadService

POLL_S = 0.15
MOST_EVENTS = 1024
"""A batch is told in one go: a reader that keeps up must not lose half of five hundred."""
MOST_READERS = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """Downloads whose picture changed since this reader's last one."""

    rows: tuple[DownloadSnapshot, ...]
    snapshot: EngineSnapshot
    """The picture that they are from, with its sums."""


@dataclass(frozen=True, slots=True)
class Lost:
    """This reader was too slow and events are gone: look at ``snapshot`` again."""

    snapshot: EngineSnapshot


HubItem = DownloadEvent | Progress | Lost


class TooManyReadersError(Exception):
    """All slots for readers are taken."""


class HubClosedError(Exception):
    """The server stops: end the stream."""


class Reader:
    """One subscriber's bounded queue. Made by ``EventHub.open``; close it in a ``finally``."""

    def __init__(self, hub: EventHub, progress_s: float | None, everything: bool) -> None:
        self._hub = hub
        self._progress_s = progress_s
        self._everything = everything
        self._events: deque[DownloadEvent] = deque()
        self._rows: dict[str, DownloadSnapshot] = {}
        self._picture: EngineSnapshot | None = None
        """Set while there is progress to tell."""
        self._next_progress_s = 0.0
        self._lost = False
        self._closed = False
        self._wake = asyncio.Event()

    @property
    def wants_progress(self) -> bool:
        """Whether pictures are of any use to this reader."""
        return self._progress_s is not None and not self._closed

    async def next(self, timeout_s: float | None = None) -> HubItem | None:
        """Return what comes next; ``None`` when nothing came within ``timeout_s``.

        Events keep their order and come before progress; a row of progress is never
        older than an event of the same download that was returned before.

        Raises:
            HubClosedError: the server stops, or this reader was closed.
        """
        loop = asyncio.get_running_loop()
        deadline_s = None if timeout_s is None else loop.time() + timeout_s
        while True:
            if self._closed:
                raise HubClosedError
            item = self._take(loop.time())
            if item is not None:
                return item
            until_s = deadline_s
            if self._picture is not None:
                due_s = self._next_progress_s
                until_s = due_s if until_s is None else min(until_s, due_s)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until_s):
                    await self._wake.wait()
                continue
            now_s = loop.time()
            is_progress_due = self._picture is not None and now_s >= self._next_progress_s
            if deadline_s is not None and now_s >= deadline_s and not is_progress_due:
                return None

    def ready(self) -> list[HubItem]:
        """Return what else is there already, so that a burst can be told in one go."""
        now_s = asyncio.get_running_loop().time()
        found: list[HubItem] = []
        while not self._closed and (item := self._take(now_s)) is not None:
            found.append(item)
        return found

    def close(self) -> None:
        """Give the slot back. Idempotent."""
        self._closed = True
        self._events.clear()
        self._rows.clear()
        self._wake.set()
        self._hub.forget(self)

    def push(self, event: DownloadEvent) -> None:
        """Take one event (the hub's side)."""
        if self._closed:
            return
        self._rows.pop(event.download.id, None)
        if self._lost or len(self._events) >= MOST_EVENTS:
            self._lost = True
            self._events.clear()
        else:
            self._events.append(event)
        self._wake.set()

    def offer(self, rows: Sequence[DownloadSnapshot], picture: EngineSnapshot) -> None:
        """Take the rows that changed in the latest picture (the hub's side)."""
        if not self.wants_progress or self._lost:
            return
        wanted = [row for row in rows if self._everything or row.status.is_running]
        if not wanted and not self._everything:
            return
        if self._picture is None:
            self._wake.set()
        self._picture = picture
        self._rows.update((row.id, row) for row in wanted)

    def _take(self, now_s: float) -> HubItem | None:
        if self._lost:
            self._lost = False
            self._rows.clear()
            self._picture = None
            return Lost(self._hub.snapshot())
        if self._events:
            return self._events.popleft()
        picture = self._picture
        if picture is not None and now_s >= self._next_progress_s:
            rows, self._rows, self._picture = tuple(self._rows.values()), {}, None
            self._next_progress_s = now_s + (self._progress_s or 0.0)
            return Progress(rows, picture)
        return None


class EventHub:
    """Hands the events of one service to all readers, and polls pictures while there are any."""

    def __init__(self, service: DownloadService, *, poll_s: float = POLL_S) -> None:
        self._service = service
        self._poll_s = poll_s
        self._readers: set[Reader] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._poller: asyncio.Task[None] | None = None
        self._told: dict[str, float] = {}
        """Id -> version of the row in its last event: an older picture is stale news."""
        self._version = -1

    @property
    def reader_count(self) -> int:
        """Slots in use."""
        return len(self._readers)

    def open(self, *, progress_s: float | None = POLL_S, everything: bool = False) -> Reader:
        """Return a reader that sees all events from now on.

        ``progress_s`` is the shortest time between two ``Progress`` items, ``None`` for none.
        They tell of running downloads; with ``everything`` of every change of the picture.

        Raises:
            TooManyReadersError: no slot is free.
        """
        if len(self._readers) >= MOST_READERS:
            raise TooManyReadersError
        self._loop = asyncio.get_running_loop()
        reader = Reader(self, progress_s, everything)
        self._readers.add(reader)
        if self._unsubscribe is None:
            self._unsubscribe = self._service.subscribe(self._hear)
        if self._poller is None and reader.wants_progress:
            self._begin_at(self._service.snapshot())
            self._poller = self._loop.create_task(self._poll(), name="api-progress")
        return reader

    def snapshot(self) -> EngineSnapshot:
        """Return the latest picture of the service."""
        return self._service.snapshot()

    def forget(self, reader: Reader) -> None:
        """Free the slot of a reader; the last one stops all work here."""
        self._readers.discard(reader)
        if not self._readers and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if self._poller is not None and not any(r.wants_progress for r in self._readers):
            self._poller.cancel()
            self._poller = None
            self._told.clear()
            self._version = -1

    def close(self) -> None:
        """End all streams. Idempotent; a reader opened later works as before."""
        for reader in tuple(self._readers):
            reader.close()

    def _hear(self, event: DownloadEvent) -> None:
        """Take an event on whatever thread the service has."""
        loop = self._loop
        if loop is None:
            return
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:  # a plain thread
            running = None
        if running is loop:
            self._spread(event)
            return
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody reads any more
            loop.call_soon_threadsafe(self._spread, event)

    def _spread(self, event: DownloadEvent) -> None:
        gone = event.kind is EventKind.REMOVED
        self._told[event.download.id] = float("inf") if gone else event.download.version
        for reader in tuple(self._readers):
            reader.push(event)

    def _begin_at(self, snapshot: EngineSnapshot) -> None:
        """Take the picture of now as known to all, so that only changes are told."""
        self._version = snapshot.version
        self._told = {row.id: row.version for row in snapshot.downloads}

    async def _poll(self) -> None:
        while True:
            self._look(self._service.snapshot())
            await asyncio.sleep(self._poll_s)

    def _look(self, snapshot: EngineSnapshot) -> None:
        if snapshot.version == self._version:
            return
        self._version = snapshot.version
        told: dict[str, float] = {}
        changed: list[DownloadSnapshot] = []
        for row in snapshot.downloads:
            known = self._told.get(row.id, -1)
            told[row.id] = max(known, row.version)
            if row.version > known:
                changed.append(row)
        self._told = told
        for reader in self._readers:
            reader.offer(changed, snapshot)
