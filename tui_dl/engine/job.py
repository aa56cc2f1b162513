"""One download of this process: its record, its log, and the way to start and stop it.

Owns every change of the record. Must not know the queue, other jobs, or how bytes come:
``run.py`` does the work of one run.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from tui_dl.domain.errors import ErrorCode, Failure, TransferError, TuiDlError
from tui_dl.domain.lifecycle import Event, next_status
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.domain.quick_dataclass import dataclass, replaced
from tui_dl.domain.ranges import RangeSet
from tui_dl.domain.snapshot import LogLine
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.disk import Pools
from tui_dl.engine.landing import Landing
from tui_dl.engine.limiter import RateLimit
from tui_dl.engine.old_part import kept_words
from tui_dl.engine.plan import Plan
from tui_dl.engine.run import Run
from tui_dl.engine.surroundings import Surroundings
from tui_dl.engine.target import FileTarget
from tui_dl.engine.transfer import Transfer

LOG_LINES = 200

OFFLINE_SIGNS = frozenset(
    {ErrorCode.UNKNOWN_HOST, ErrorCode.CONNECT_FAILED, ErrorCode.TIMEOUT, ErrorCode.CONNECTION_LOST}
)
"""What a download dies of when the machine has lost its network."""

OFFLINE = Failure(ErrorCode.OFFLINE, "This machine has no way to the network.")

PAUSING_FAILURES = frozenset(
    {ErrorCode.DISK_FULL, ErrorCode.TARGET_LOST, ErrorCode.NOT_WRITABLE, ErrorCode.DISK_IO}
)
"""Not the download's fault, and the bytes are good: it waits instead of failing."""

logger = logging.getLogger(__name__)


class Stop(Enum):
    """Why a running job is told to end."""

    PAUSE = Event.PAUSE
    CANCEL = Event.CANCEL
    INTERRUPT = Event.INTERRUPT
    """The process ends: the job runs again at the next start."""


@dataclass(frozen=True, slots=True)
class JobTools:
    """What every job of an engine is given."""

    config: EngineConfig
    pools: Pools
    around: Surroundings
    new_target: Callable[[DownloadRecord], FileTarget]
    save: Callable[[DownloadRecord], None]
    """Note the record for the next catalog write. Never blocks."""
    save_now: Callable[[DownloadRecord], Awaitable[None]]
    """Return once the record is in the catalog: it survives a kill."""
    save_durably: Callable[[DownloadRecord], Awaitable[None]]
    """Return once the record is on stable storage: it survives a power cut."""
    report: Callable[[Job, Event], None]
    """Tell the queue about a change of status. Never blocks."""
    shared_limits: Callable[[DownloadRecord], tuple[RateLimit, ...]]
    """Limits that a download shares with others because of its host."""
    default_limit_bps: Callable[[], int]
    """Limit of downloads that name none; 0 is unlimited."""
    past: Callable[[], Sequence[DownloadRecord]]
    """All records of the list as of now."""
    out: Callable[[Job], None]
    """Tell the queue that the job's task has ended."""
    landing: Landing
    """Where small files wait together for the disk."""
    needs_slot: Callable[[Job, bool], None]
    """Tell the queue whether the job uses the network: who only waits for the disk does not."""
    asked: Callable[[Job], None]
    """Tell the queue that the job is sending a request."""
    turn: Callable[[Job], Awaitable[None]]
    """Wait, behind a small file's first reply, until no other one is at that."""


class Job:
    """One download, running or not. Lives as long as its record."""

    def __init__(self, record: DownloadRecord, tools: JobTools) -> None:
        self.record = record
        self.tools = tools
        self.limit = RateLimit(self._limit_bps())
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self.retry_at_s: float | None = None
        self.changes = 0
        """Grows with each change that a picture of the job would show."""
        self.started_s: float | None = None
        """When the run under way began, monotonic."""
        self._elapsed_before_s = record.elapsed_s
        self.stopping: Stop | None = None
        self._parked_for: Failure | None = None
        self.plan: Plan | None = None
        """What is written and what is missing; outlives a run, for the chunk map."""
        self._run: Run | None = None
        self._task: asyncio.Task[None] | None = None
        self._work: asyncio.Task[None] | None = None

    # -- looking

    @property
    def is_active(self) -> bool:
        """Whether a task works on it, be it only on its way out."""
        return self._task is not None and not self._task.done()

    @property
    def transfer(self) -> Transfer | None:
        """The transfer under way."""
        return None if self._run is None else self._run.transfer

    def is_online(self) -> bool:
        """Return whether there is a way to its host; with a proxy nobody can tell."""
        if self.record.options.proxy or self.tools.config.proxy:
            return True
        return self.tools.around.world.is_online(parse_url(self.record.url).host)

    @property
    def done_bytes(self) -> int:
        """Bytes written, as far as known without opening the file."""
        if self.record.status is Status.COMPLETED:
            return self.record.total_bytes or 0
        return self.record.synced_bytes if self.plan is None else self.plan.done_bytes

    # -- steering, called in the engine's loop

    def start(self) -> None:
        """Run it. The status must allow START."""
        self.stopping = self._parked_for = None
        self.started_s = self.now_s()
        self._elapsed_before_s = self.record.elapsed_s
        self.must_apply(Event.START, failure=None, started_at=self.record.started_at or utc_now())
        # Work begins in its first turn, not in the second: the slot has just become free.
        run = self._run = Run(self, self.tools.new_target(self.record))
        name = self.record.id[:8]
        work = self._work = asyncio.create_task(run.work(), name=f"work-{name}")
        self._task = asyncio.create_task(self._live(run, work), name=f"job-{name}")
        self._task.add_done_callback(lambda _: self.tools.out(self))

    def stop(self, why: Stop) -> None:
        """Tell it to end; returns at once. ``wait_stopped`` waits."""
        is_less = why is Stop.PAUSE or self.stopping is Stop.CANCEL  # a cancel is final
        if self.stopping is None or not is_less:
            self.stopping = why
        if why is Stop.PAUSE:
            self.apply(Event.PAUSE)
        self._cancel_work()

    def park(self, failure: Failure) -> None:
        """Pause it for a reason that is not the user's; it goes on once that is over."""
        if self.stopping is None:
            self._parked_for = failure
            self.note(failure.message)
            self.stop(Stop.PAUSE)

    def _cancel_work(self) -> None:
        """Cancel the work once: a second time would interrupt what it cleans up."""
        if self._work is not None and not self._work.cancelling():
            self._work.cancel()

    async def wait_stopped(self) -> None:
        """Wait until its task is out and its state is noted."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def set_limit(self, limit_bps: int | None) -> None:
        """Change the limit at once; ``None`` is the default of the settings."""
        self.change(options=replace(self.record.options, limit_bps=limit_bps))
        self.limit.set_rate(self._limit_bps(), self.now_s())

    def renew_limit(self) -> None:
        """Take over a default that has changed."""
        self.limit.set_rate(self._limit_bps(), self.now_s())
        self.changes += 1

    def apply(self, event: Event, **changes: Any) -> bool:
        """Take an event; ``False`` when the status does not allow it."""
        status = next_status(self.record.status, event)
        if status is None:
            return False
        self.change(status=status, **changes)
        self.tools.report(self, event)
        return True

    def must_apply(self, event: Event, **changes: Any) -> None:
        """Take an event that the status allows.

        Raises:
            RuntimeError: it does not; a defect of the engine.
        """
        before = self.record.status
        if not self.apply(event, **changes):
            raise RuntimeError(f"{event} is not allowed while {before}")

    def change(self, **changes: Any) -> None:
        """Replace fields of the record and have it saved soon."""
        self.record = replaced(self.record, **changes)
        self.changes += 1
        self.tools.save(self.record)

    async def change_now(self, **changes: Any) -> None:
        """Replace fields of the record; return once it is in the catalog.

        Raises:
            StateError, DiskError: the catalog cannot be written.
        """
        self.change(**changes)
        await self.tools.save_now(self.record)

    async def change_durably(self, **changes: Any) -> None:
        """Replace fields of the record; return once a power cut cannot undo it.

        Raises:
            StateError, DiskError: the catalog cannot be written.
        """
        self.change(**changes)
        await self.tools.save_durably(self.record)

    def note(self, text: str) -> None:
        """Add a line to its log."""
        logger.debug("%s <%s> %s", self.record.id, self.record.url, text)
        self.log.append(LogLine(at=utc_now(), text=text))
        self.changes += 1

    def now_s(self) -> float:
        """Return the monotonic time."""
        return self.tools.around.now_s()

    def elapsed_s(self, now_s: float) -> float:
        """Return the time spent on it over all runs, this one included."""
        if self.started_s is None:
            return self.record.elapsed_s
        return self._elapsed_before_s + max(0.0, now_s - self.started_s)

    async def note_synced(self, synced: RangeSet) -> None:
        """Claim bytes that are on stable storage, and the time that they took so far.

        Raises:
            StateError, DiskError: the catalog cannot be written now; it is tried again.
        """
        await self.change_durably(synced=synced, elapsed_s=self.elapsed_s(self.now_s()))

    def count_time(self) -> None:
        """Close the account of this run's time."""
        if self.started_s is not None:
            elapsed_s = self.elapsed_s(self.now_s())
            self.started_s = None
            self.change(elapsed_s=elapsed_s)

    # -- one life of the task

    async def _live(self, run: Run, work: asyncio.Task[None]) -> None:
        """Wait for the work, let go of the file, then leave the status that the end calls for."""
        error = await self._outcome(work)
        self._work = None
        try:
            await run.let_go()
        except Exception as broke:  # a mistake of ours: without an end it would hang
            logger.error("job %s did not let go", self.record.id, exc_info=broke)
            error = error or broke
        self._run = None
        self.retry_at_s = None
        self.count_time()
        self._end(error)

    async def _outcome(self, work: asyncio.Task[None]) -> BaseException | None:
        """Wait for the run, as long as the options allow, and return what it died of."""
        limit_s = self.record.options.overall_timeout_s
        done, _ = await asyncio.wait([work], timeout=limit_s)
        if not done:
            self._cancel_work()
            await asyncio.wait([work])
        if not work.cancelled():
            return work.exception()
        if done or self.stopping is not None or limit_s is None:
            return None
        return TransferError(
            f"It was not done within {limit_s:g} seconds.",
            code=ErrorCode.TIMEOUT,
            retryable=False,
        )

    def _end(self, error: BaseException | None) -> None:
        status = self.record.status
        if status in (Status.PAUSED, Status.QUEUED) and self.stopping is Stop.CANCEL:
            self.must_apply(Event.CANCEL)  # paused or resumed on its way out, then given up
        if not status.is_running:
            return  # done; or resumed, perhaps paused again, while it was on its way out
        if isinstance(error, TuiDlError) and self.stopping is None:
            self._fail(error.failure())
        elif error is not None and self.stopping is None:
            logger.error("job %s broke", self.record.id, exc_info=error)
            kind = type(error).__name__
            self._fail(Failure(ErrorCode.INTERNAL, f"tui-dl made a mistake ({kind})."))
        elif status is Status.PAUSING and self.stopping is not Stop.CANCEL:
            self.must_apply(Event.PAUSED, failure=self._parked_for)
        elif self.stopping is not None:
            self.must_apply(self.stopping.value)

    def _fail(self, failure: Failure) -> None:
        self.note(failure.message)
        is_full = failure.code is ErrorCode.DISK_FULL  # it goes on once there is room
        is_offline = failure.code in OFFLINE_SIGNS and not self.is_online()
        if is_offline:
            failure = OFFLINE
        is_away = failure.code is ErrorCode.TARGET_LOST  # also before it has a part
        waits = is_full or is_offline or is_away
        if waits or (failure.code in PAUSING_FAILURES and self.record.part is not None):
            self.apply(Event.PAUSE)
            self.must_apply(Event.PAUSED, failure=failure)
        else:
            words = f"{failure.message} {kept_words(self.record)}".rstrip()
            self.must_apply(Event.FAIL, failure=replace(failure, message=words))

    def _limit_bps(self) -> int:
        limit = self.record.options.limit_bps
        return self.tools.default_limit_bps() if limit is None else limit


def utc_now() -> datetime:
    """Return the wall time, aware."""
    return datetime.now(UTC)
