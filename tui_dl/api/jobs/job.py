"""A download as the job queue knows it. Pure.

Seven statuses instead of ten, sizes as numbers that are never missing, and an error that
never tells a resolved address. Must not know JSON.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot

UNKNOWN_SIZE = -1
UNKNOWN_PERCENT = -1.0


class JobStatus(StrEnum):
    """The statuses of the wire."""

    PENDING = "pending"
    DOWNLOADING = "downloading"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PAUSED = "paused"

    @property
    def is_over(self) -> bool:
        """Whether the job is finished, one way or another."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


STATUS_OF = {
    Status.QUEUED: JobStatus.PENDING,
    Status.PROBING: JobStatus.DOWNLOADING,
    Status.DOWNLOADING: JobStatus.DOWNLOADING,
    Status.RETRYING: JobStatus.DOWNLOADING,
    Status.VERIFYING: JobStatus.PROCESSING,
    Status.PAUSING: JobStatus.PAUSED,
    Status.PAUSED: JobStatus.PAUSED,
    Status.COMPLETED: JobStatus.COMPLETED,
    Status.FAILED: JobStatus.FAILED,
    Status.CANCELLED: JobStatus.CANCELLED,
}

_PAUSED_BY_ITSELF = frozenset(
    {
        ErrorCode.DISK_FULL,
        ErrorCode.DISK_IO,
        ErrorCode.NOT_WRITABLE,
        ErrorCode.OFFLINE,
        ErrorCode.TARGET_LOST,
    }
)


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of the queue. Times are aware UTC."""

    id: str
    """16 hex digits."""
    url: str
    status: JobStatus
    progress: int
    """Bytes received."""
    total_size: int
    """Bytes; ``UNKNOWN_SIZE`` while unknown."""
    percent: float
    """0 to 100; ``UNKNOWN_PERCENT`` while unknown."""
    error: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


def job_of(
    row: DownloadSnapshot,
    *,
    began_at: datetime | None,
    ended_at: datetime | None,
    was_running: bool,
) -> Job:
    """Return the job of a download.

    ``began_at`` is the begin of its latest run, ``was_running`` whether it ran when it was
    cancelled. One that waits shows no bytes: its clients expect a restart, even though
    the bytes are kept.
    """
    status = STATUS_OF[row.status]
    waits = status is JobStatus.PENDING
    total = None if waits else row.total_bytes
    done = 0 if waits else row.done_bytes
    return Job(
        id=row.gid,
        url=row.url.strip(),
        status=status,
        progress=done,
        total_size=UNKNOWN_SIZE if total is None else total,
        percent=_percent(status, done, total),
        error=_error(row, status, was_running),
        created_at=row.created_at,
        started_at=None if waits else began_at,
        completed_at=ended_at if status.is_over else None,
    )


def failure_text(failure: Failure) -> str:
    """Return why a job failed, beginning with ``HTTP 404`` where a server said so.

    Which address a name led to is not for clients: they could map a network with it.
    """
    if failure.http_status is not None:
        return f"HTTP {failure.http_status}: {failure.message}"
    if failure.code in (ErrorCode.REDIRECT_REFUSED, ErrorCode.FORBIDDEN):
        return "request blocked: this address may not be fetched from here"
    return failure.message


def cancelled_text(*, was_running: bool) -> str:
    """Return what a cancelled job says of itself."""
    if was_running:
        return "cancelled while the download was running"
    return "cancelled before the download was done; it was not running"


def _percent(status: JobStatus, done: int, total: int | None) -> float:
    if status is JobStatus.COMPLETED:
        return 100.0
    if not total:
        return UNKNOWN_PERCENT
    return min(100.0, 100.0 * done / total)


def _error(row: DownloadSnapshot, status: JobStatus, was_running: bool) -> str:
    if status is JobStatus.CANCELLED:
        return cancelled_text(was_running=was_running)
    failure = row.failure
    if status is JobStatus.FAILED:
        return "download failed" if failure is None else failure_text(failure)
    if row.status is Status.PAUSED and failure is not None and failure.code in _PAUSED_BY_ITSELF:
        return failure.message
    return ""
