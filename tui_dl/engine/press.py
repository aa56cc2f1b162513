"""Publishes: snapshots that any thread may read, and events that are pushed.

Must not change jobs or decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from tui_dl.domain.lifecycle import Event
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, EngineSnapshot, EventKind
from tui_dl.engine import picture
from tui_dl.engine.job import Job, JobTools
from tui_dl.engine.queue import Queue
from tui_dl.engine.steward import Steward
from tui_dl.storage.space import free_bytes

TICK_S = 0.2
"""Between two pictures while something runs."""
LONGEST_REST_S = 2.0

EVENT_KINDS = {
    Event.START: EventKind.STARTED,
    Event.RETRY_LATER: EventKind.RETRYING,
    Event.PAUSED: EventKind.PAUSED,
    Event.VERIFIED: EventKind.COMPLETED,
    Event.FAIL: EventKind.FAILED,
    Event.CANCEL: EventKind.CANCELLED,
}
"""Told as soon as a job takes the event; whoever gives it tells the others."""


def rest_s(took_s: float) -> float:
    """Return how long to wait after a picture that took ``took_s`` to make.

    The loop serves sockets too: pictures of very long lists take a tenth of it at most.
    """
    return min(max(TICK_S, 9 * took_s), LONGEST_REST_S)


class Press:
    """Turns the state of the core into immutable values for the outside."""

    def __init__(
        self,
        tools: JobTools,
        publish: Callable[[EngineSnapshot], None],
        emit: Callable[[DownloadEvent], None],
    ) -> None:
        self._tools = tools
        self._publish = publish
        self._emit = emit
        self._rows = picture.RowMaker()
        self._version = 0
        self._sequence = 0
        self._free_bytes: int | None = None

    def print(
        self, jobs: Collection[Job], queue: Queue, steward: Steward, api_address: str | None
    ) -> None:
        """Publish a picture of all jobs."""
        now_s = self._tools.around.now_s()
        ranks = {record_id: n for n, record_id in enumerate(queue.waiting, 1)}
        rows = tuple(
            self._rows.row(job, ranks.get(job.record.id), now_s)
            for job in sorted(jobs, key=lambda j: j.record.position)
        )
        self._version += 1
        self._publish(
            EngineSnapshot(
                version=self._version,
                downloads=rows,
                rate_bps=sum(row.rate_bps for row in rows),
                limit_bps=self._tools.around.global_limit.rate_bps,
                limit_until=steward.next_change,
                hold="schedule" if steward.is_paused else "",
                slots=queue.slots,
                free_bytes=self._free_bytes,
                directory=str(self._tools.config.directory),
                api_address=api_address,
            )
        )

    def tell(self, kind: EventKind, job: Job, rank: int | None) -> None:
        """Push an event."""
        self._sequence += 1
        row = self._rows.row(job, rank, self._tools.around.now_s())
        self._emit(DownloadEvent(kind=kind, download=row, sequence=self._sequence))

    def details(self, job: Job, rank: int | None) -> DownloadDetails:
        """Return everything about one job."""
        now_s = self._tools.around.now_s()
        return picture.details(job, self._rows.row(job, rank, now_s), now_s)

    def forget(self, record_id: str) -> None:
        """Drop what is kept of a removed job."""
        self._rows.forget(record_id)

    async def look_at_space(self) -> None:
        """Ask the disk how much room is left."""
        pools = self._tools.pools
        self._free_bytes = await pools.run(pools.disk, free_bytes, self._tools.config.directory)
