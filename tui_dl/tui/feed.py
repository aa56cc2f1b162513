"""When to look at the engine again: often while bytes move, seldom else, then not at all.

Owns the cadence and the hand-over of events from the engine's thread. Must not paint.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tui_dl.domain.snapshot import DownloadEvent, EngineSnapshot
from tui_dl.service.contract import DownloadService

TICK_S = 0.25
QUIET_TICKS_PER_LOOK = 4
"""While nothing moves only every fourth tick looks: once a second."""
QUIET_LOOKS_BEFORE_SLEEP = 30
EVENTS_KEPT = 512
"""Events wait here for the next message; more than this in one go are not told one by one."""


class SnapshotFeed:
    """Pull snapshots at the right moments; collect pushed events across threads.

    ``wake`` is called on the engine's thread, at most once until ``drain`` is called.
    """

    def __init__(self, service: DownloadService, wake: Callable[[], None]) -> None:
        self.latest = EngineSnapshot(version=-1)
        self._service = service
        self._wake = wake
        self._events: deque[DownloadEvent] = deque(maxlen=EVENTS_KEPT)
        self._woken = False
        self._unsubscribe: Callable[[], None] | None = None
        self._quiet_ticks = 0

    def open(self) -> None:
        """Start to listen. Idempotent."""
        if self._unsubscribe is None:
            self._unsubscribe = self._service.subscribe(self._on_event)

    def close(self) -> None:
        """Stop to listen. Idempotent."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def look(self) -> bool:
        """Take the latest snapshot; return whether it is another picture."""
        before = self.latest
        self.latest = self._service.snapshot()
        changed = self.latest.version != before.version or self.latest.stale_s != before.stale_s
        if changed:
            self._quiet_ticks = 0
        return changed

    def tick(self) -> bool:
        """Look if this tick is due; return whether there is something new to paint."""
        if not self.moving:
            self._quiet_ticks += 1
            if self._quiet_ticks % QUIET_TICKS_PER_LOOK:
                return False
        return self.look()

    @property
    def moving(self) -> bool:
        """Whether numbers change by themselves."""
        return (
            self.latest.rate_bps > 0
            or self.latest.stale_s > 0
            or any(download.status.is_running for download in self.latest.downloads)
        )

    @property
    def may_sleep(self) -> bool:
        """Whether nothing has changed for so long that only an event is worth a look."""
        return self._quiet_ticks >= QUIET_TICKS_PER_LOOK * QUIET_LOOKS_BEFORE_SLEEP

    def stir(self) -> None:
        """Begin a new quiet period: the user did something, or an event arrived."""
        self._quiet_ticks = 0

    def drain(self) -> list[DownloadEvent]:
        """Return the events that arrived since the last call, oldest first."""
        self._woken = False
        events: list[DownloadEvent] = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def _on_event(self, event: DownloadEvent) -> None:
        self._events.append(event)
        if not self._woken:
            self._woken = True
            self._wake()
