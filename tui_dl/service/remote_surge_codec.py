"""From Surge's objects to our rows. Pure. Takes whatever a Surge of any age sends."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Assurance, DownloadOptions, Source, Status
from tui_dl.domain.snapshot import DownloadSnapshot, EventKind

STATUSES = {
    "queued": Status.QUEUED,
    "downloading": Status.DOWNLOADING,
    "pausing": Status.PAUSING,
    "paused": Status.PAUSED,
    "completed": Status.COMPLETED,
    "complete": Status.COMPLETED,
    "error": Status.FAILED,
    "failed": Status.FAILED,
}

EVENT_KINDS = {
    "queued": EventKind.ADDED,
    "started": EventKind.STARTED,
    "complete": EventKind.COMPLETED,
    "paused": EventKind.PAUSED,
    "resumed": EventKind.RESUMED,
    "removed": EventKind.REMOVED,
    "error": EventKind.FAILED,
}

_STATUS_AFTER = {
    EventKind.COMPLETED: Status.COMPLETED,
    EventKind.PAUSED: Status.PAUSED,
    EventKind.FAILED: Status.FAILED,
}


def row_of(wire: dict[str, Any], position: int, version: int) -> DownloadSnapshot:
    """Return the row of one DownloadStatus; the list's own order is the queue's."""
    id_ = _text(wire, "id")
    status = STATUSES.get(_text(wire, "status"), Status.QUEUED)
    path = _text(wire, "dest_path")
    total = _whole(wire, "total_size")
    limit_bps = _whole(wire, "rate_limit")
    error = _text(wire, "error")
    is_done = status is Status.COMPLETED
    eta_s = _number(wire, "eta")
    return DownloadSnapshot(
        id=id_,
        gid=id_.replace("-", "").lower()[:16].rjust(16, "0"),
        version=version,
        url=_text(wire, "url"),
        name=_text(wire, "filename") or os.path.basename(path),  # noqa: PTH119 - a remote path
        directory=os.path.dirname(path),  # noqa: PTH120 - a path of another machine
        status=status,
        position=position,
        queue_rank=None,
        total_bytes=total or None,
        done_bytes=_whole(wire, "downloaded"),
        rate_bps=0.0 if is_done else _number(wire, "speed"),
        average_bps=_number(wire, "avg_speed"),
        eta_s=eta_s or None,
        connections=_whole(wire, "connections"),
        retry_in_s=None,
        failure=Failure(ErrorCode.INTERNAL, error) if error else None,
        assurance=Assurance.UNVERIFIED if is_done else Assurance.PENDING,
        digest=None,
        source=Source.API,
        options=DownloadOptions(limit_bps=limit_bps if wire.get("rate_limit_set") else None),
        limit_bps=limit_bps,
        created_at=datetime.fromtimestamp(_whole(wire, "added_at"), UTC),
        started_at=None,
        completed_at=None,
        elapsed_s=_number(wire, "time_taken") / 1000,
    )


def progress_row(row: DownloadSnapshot, wire: dict[str, Any], version: int) -> DownloadSnapshot:
    """Return the row with what a progress frame says; older Surges write other keys."""
    return replace(
        row,
        version=version,
        status=Status.DOWNLOADING,
        done_bytes=_whole(wire, "downloaded", "Downloaded"),
        total_bytes=_whole(wire, "total", "Total") or row.total_bytes,
        rate_bps=_number(wire, "speed", "Speed"),
        connections=_whole(wire, "connections", "ActiveConnections"),
        elapsed_s=_number(wire, "elapsed", "Elapsed") / 1e9,
    )


def event_row(row: DownloadSnapshot, kind: EventKind) -> DownloadSnapshot:
    """Return the row with the status that an event means: Surge's list may lag behind it."""
    return replace(row, status=_STATUS_AFTER.get(kind, row.status))


def _value(wire: dict[str, Any], keys: tuple[str, ...]) -> object:
    return next((wire[key] for key in keys if wire.get(key) is not None), None)


def _text(wire: dict[str, Any], *keys: str) -> str:
    value = _value(wire, keys)
    return value if isinstance(value, str) else ""


def _number(wire: dict[str, Any], *keys: str) -> float:
    value = _value(wire, keys)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return max(0.0, float(value)) if is_number and isinstance(value, int | float) else 0.0


def _whole(wire: dict[str, Any], *keys: str) -> int:
    value = _value(wire, keys)
    # Not through a float: sizes go beyond 2^53.
    return max(0, value) if isinstance(value, int) else int(_number(wire, *keys))
