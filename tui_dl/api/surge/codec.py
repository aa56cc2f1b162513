"""From downloads to Surge's objects. Pure: what is here is exactly what goes on the wire.

Whole numbers are whole numbers: Surge's Go clients drop a whole list over one ``12.5``
in an integer field. Must not hold secrets: headers and passwords never leave.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from typing import Any

from tui_dl.domain.model import Status
from tui_dl.domain.redaction import redacted
from tui_dl.domain.snapshot import DownloadSnapshot

Wire = dict[str, Any]
"""A JSON object. Its keys are another program's, so it has no type of ours."""

STATUS_WORDS = {
    Status.QUEUED: "queued",
    Status.PROBING: "downloading",
    Status.DOWNLOADING: "downloading",
    Status.RETRYING: "downloading",
    Status.VERIFYING: "downloading",
    Status.PAUSING: "pausing",
    Status.PAUSED: "paused",
    Status.COMPLETED: "completed",
    Status.FAILED: "error",
    Status.CANCELLED: "paused",  # not listed; asked for by id it can be resumed
}

_ORDER = {"downloading": 0, "pausing": 0, "queued": 1}


def listed(rows: Iterable[DownloadSnapshot]) -> list[DownloadSnapshot]:
    """Return what /list shows, in its order: running, then queued, then all others.

    Cancelled records are absent: Surge has no word for them.
    """
    shown = [row for row in rows if row.status is not Status.CANCELLED]
    shown.sort(key=lambda row: (_ORDER.get(STATUS_WORDS[row.status], 2), row.position))
    return shown


def download_status(row: DownloadSnapshot) -> Wire:
    """Return one DownloadStatus (Surge 0.11 and later: speed in bytes per second)."""
    fraction = row.fraction
    is_done = row.status is Status.COMPLETED
    wire: Wire = {
        "id": row.id,
        "url": redacted(row.url),
        "filename": row.name,
        "dest_path": final_path(row),
        "total_size": row.total_bytes or 0,
        "downloaded": row.done_bytes,
        "progress": 0.0 if fraction is None else 100.0 * fraction,
        "speed": _float(row.average_bps if is_done else row.rate_bps),
        "status": STATUS_WORDS[row.status],
        "eta": 0 if row.eta_s is None else _whole(row.eta_s),
        "connections": row.connections,
        "added_at": int(row.created_at.timestamp()),
        "time_taken": _whole(row.elapsed_s * 1000),
        "avg_speed": _float(row.average_bps),
    }
    if row.status is Status.FAILED:
        wire["error"] = failure_text(row)
    return wire | rate_limit(row)


def history(rows: tuple[DownloadSnapshot, ...]) -> list[Wire]:
    """Return the array of /history: what is completed, the latest first."""
    done = [row for row in rows if row.status is Status.COMPLETED]
    done.sort(key=lambda row: (_completed_at(row), row.id), reverse=True)
    return [download_record(row) for row in done]


def download_record(row: DownloadSnapshot) -> Wire:
    """Return one DownloadRecord of a completed download."""
    wire: Wire = {
        "id": row.id,
        "url_hash": hashlib.sha256(row.url.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        "url": redacted(row.url),
        "filename": row.name,
        "output_path": "",
        "dest_path": final_path(row),
        "total_size": row.total_bytes or 0,
        "downloaded": row.done_bytes,
        "status": STATUS_WORDS[row.status],
        "created_at": int(row.created_at.timestamp()),
        "completed_at": _completed_at(row),
        "time_taken": _whole(row.elapsed_s * 1000),
        "elapsed": elapsed_ns(row),
        "avg_speed": _float(row.average_bps),
    }
    if row.digest is not None:
        wire["file_hash"] = row.digest.hex
    if row.options.mirrors:
        wire["mirrors"] = [redacted(mirror) for mirror in row.options.mirrors]
    if row.options.connections:
        wire["workers"] = row.options.connections
    return wire | rate_limit(row)


def final_path(row: DownloadSnapshot) -> str:
    """Return where the file is, or will be."""
    return os.path.join(row.directory, row.name)  # noqa: PTH118 - str in, str out


def rate_limit(row: DownloadSnapshot) -> Wire:
    """Return the two limit fields; without a limit of its own there are none."""
    if row.options.limit_bps is None:
        return {"rate_limit": row.limit_bps} if row.limit_bps else {}
    return {"rate_limit": row.options.limit_bps, "rate_limit_set": True}


def failure_text(row: DownloadSnapshot) -> str:
    """Return why it failed, as a sentence."""
    return "download failed" if row.failure is None else row.failure.message


def elapsed_ns(row: DownloadSnapshot) -> int:
    """Return the time spent transferring in nanoseconds."""
    return _whole(row.elapsed_s * 1e9)


def _completed_at(row: DownloadSnapshot) -> int:
    return 0 if row.completed_at is None else int(row.completed_at.timestamp())


def _whole(value: float) -> int:
    return int(value) if math.isfinite(value) and value > 0 else 0


def _float(value: float) -> float:
    return float(value) if math.isfinite(value) else 0.0
