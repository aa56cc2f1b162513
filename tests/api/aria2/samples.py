"""Rows and details for tests of the pure parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.support.rows import plain_row
from tui_dl.domain.model import Status, Validators
from tui_dl.domain.snapshot import (
    DownloadDetails,
    DownloadEvent,
    DownloadSnapshot,
    EventKind,
    SegmentSnapshot,
    SegmentState,
    WorkerSnapshot,
)

MIB = 1024 * 1024
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_ROW = plain_row(
    id="11111111-2222-4333-8444-555555555555",
    gid="00000000000000aa",
    url="http://127.0.0.1:9/dir/sp",
    name="sp",
    directory="/tmp/dl",
    status=Status.PAUSED,
    position=1,
    created_at=WHEN,
)


def row(number: int = 1, **changes: Any) -> DownloadSnapshot:
    """Return a row of its own id, gid and position, with ``changes``."""
    own: dict[str, Any] = {"id": f"id-{number}", "gid": f"{number:016x}", "position": number}
    return replace(_ROW, **(own | changes))


def details(
    of: DownloadSnapshot,
    done: tuple[tuple[int, int], ...] = (),
    workers: tuple[WorkerSnapshot, ...] = (),
    **changes: Any,
) -> DownloadDetails:
    """Return details with these written ranges."""
    segments = tuple(SegmentSnapshot(start, end, SegmentState.DONE) for start, end in done)
    made = DownloadDetails(
        download=of,
        final_url=None,
        validators=Validators(),
        ranges_supported=True,
        generation=1,
        part_path=None,
        final_path=None,
        segments=segments,
        workers=workers,
    )
    return replace(made, **changes)


def worker(number: int, host: str, rate_bps: float) -> WorkerSnapshot:
    """Return a connection to ``host``."""
    return WorkerSnapshot(number, host, 0, 0, MIB, rate_bps, 1.0, "receiving")


def event(kind: EventKind, of: DownloadSnapshot, sequence: int = 1) -> DownloadEvent:
    """Return an event."""
    return DownloadEvent(kind, of, sequence)
