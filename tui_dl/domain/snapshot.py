"""Immutable pictures of the engine for front ends. No behaviour beyond arithmetic.

A front end compares ``version`` numbers: the same number is the same picture.
Rates are bytes per second, durations seconds, times aware UTC.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum

from tui_dl.domain.errors import Failure
from tui_dl.domain.model import Assurance, Digest, DownloadOptions, Source, Status, Validators
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class DownloadSnapshot:
    """One row of the list."""

    id: str
    gid: str
    version: int
    url: str = field(repr=False)
    name: str
    """File name, or the best guess while no reply has settled it. Not display-safe."""
    directory: str
    status: Status
    position: int
    """Order in the queue; see ``queue_rank`` for what to show."""
    queue_rank: int | None
    """1-based place among the queued, ``None`` unless queued."""
    total_bytes: int | None
    done_bytes: int
    rate_bps: float
    """Smoothed over about a second; 0 unless bytes move."""
    average_bps: float
    """Over the time spent transferring."""
    eta_s: float | None
    connections: int
    retry_in_s: float | None
    """Seconds until the next try, when ``status`` is retrying."""
    failure: Failure | None
    assurance: Assurance
    digest: Digest | None
    source: Source
    options: DownloadOptions
    limit_bps: int
    """In force for this download; 0 is unlimited."""
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    elapsed_s: float
    added_by: str = ""
    loaded_in: str | None = None
    """Folder that it was asked for, when it was moved at its end."""
    remark: str = ""
    """What could not be done with a finished file, as a sentence."""

    @property
    def fraction(self) -> float | None:
        """Share done, 0.0 to 1.0; ``None`` while the size is unknown."""
        if self.status is Status.COMPLETED:
            return 1.0
        if self.total_bytes is None:
            return None
        if self.total_bytes == 0:
            return 0.0
        return min(1.0, self.done_bytes / self.total_bytes)


@dataclass(frozen=True, slots=True)
class EngineSnapshot:
    """The whole engine at one moment."""

    version: int
    downloads: tuple[DownloadSnapshot, ...] = ()
    """In queue order."""
    rate_bps: float = 0.0
    limit_bps: int = 0
    limit_until: datetime | None = None
    """When the schedule changes the limit; ``None``: never, or there is none."""
    hold: str = ""
    """Why nothing may run, one word: ``schedule``; empty: nothing is held back."""
    slots: int = 3
    free_bytes: int | None = None
    """Free space in ``directory``, ``None`` when it cannot be read."""
    directory: str = ""
    """The default target folder."""
    api_address: str | None = None
    """``host:port`` while the remote API listens."""
    stale_s: float = 0.0
    """How old the picture is; above 0 only for a remote engine that is out of reach."""


class SegmentState(StrEnum):
    """What a stretch of the file is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    RACED = "raced"
    DONE = "done"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class SegmentSnapshot:
    """A half-open stretch of the file, ``start`` to ``end``."""

    start: int
    end: int
    state: SegmentState


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """One connection at work."""

    number: int
    host: str
    start: int
    position: int
    end: int | None
    rate_bps: float
    age_s: float
    state: str
    """A word: connecting, waiting, receiving."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One sentence of a download's own log."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class DownloadDetails:
    """All that the details screen shows."""

    download: DownloadSnapshot
    final_url: str | None = field(repr=False)
    validators: Validators
    ranges_supported: bool | None
    generation: int
    part_path: str | None
    final_path: str | None
    segments: tuple[SegmentSnapshot, ...] = ()
    workers: tuple[WorkerSnapshot, ...] = ()
    log: tuple[LogLine, ...] = ()
    rate_history: tuple[float, ...] = ()
    """One sample per second, oldest first, at most 300."""
    peak_bps: float = 0.0


class EventKind(StrEnum):
    """What is pushed to subscribers. Progress is pulled, not pushed."""

    ADDED = "added"
    STARTED = "started"
    RETRYING = "retrying"
    PAUSED = "paused"
    RESUMED = "resumed"
    QUEUED = "queued"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class DownloadEvent:
    """Something happened to one download."""

    kind: EventKind
    download: DownloadSnapshot
    sequence: int
    """Grows by one with each event of this engine."""
