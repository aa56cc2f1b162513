"""From downloads to the objects of the files dialect. Pure.

Times are whole Unix seconds, what is not known is null. Two versions of the interface
name some keys of the history differently: both names are there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tui_dl.api.files.codes import FilesCode, code_of
from tui_dl.api.files.places import file_path
from tui_dl.api.history import HistoryRow
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted
from tui_dl.domain.snapshot import DownloadSnapshot

Wire = dict[str, Any]
"""A JSON object. Its keys are another program's, so it has no type of ours."""

STARTED = "Download started"
FAILED = "Download failed"

_STARTING = frozenset({Status.QUEUED, Status.PROBING})
_CANCELLED_TEXT = "The download was cancelled."
_BLOCKED_TEXT = "This address may not be fetched from here."
"""Where a name or a redirect led is not for clients: they could map a network with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a request to download is about, accepted or not."""

    id: str
    filename: str
    label: str
    """Of the folder."""


def result_wire(target: Target, error: FilesCode | None = None) -> Wire:
    """Return the answer to a request to download."""
    return {
        "download_id": target.id,
        "filename": target.filename,
        "path": file_path(target.label, target.filename),
        "success": error is None,
        "message": STARTED if error is None else FAILED,
        "error": None if error is None else error.value,
    }


def error_wire(code: str) -> Wire:
    """Return the object of every other refusal."""
    return {"success": False, "error": code}


def cancelled_wire(id_: str) -> Wire:
    """Return the answer to a cancellation."""
    return {"success": True, "message": "Download cancelled", "id": id_}


def progress_wire(row: DownloadSnapshot, label: str) -> Wire:
    """Return one active download. Its interface knows no pause: a paused one stands still."""
    starts = row.status in _STARTING
    return {
        "id": row.id,
        "filename": row.name,
        "file_path": file_path(label, row.name),
        "directory": label,
        "url": redacted(row.url),
        "status": "starting" if starts else "downloading",
        "current_size": 0 if starts else row.done_bytes,
        "expected_size": None if starts else row.total_bytes,
        "progress_percentage": None if starts else _percentage(row),
        "start_time": _seconds(row.created_at),
    }


def history_wire(row: HistoryRow, label: str) -> Wire:
    """Return one entry of the history, with the keys of both versions."""
    start, end = _seconds(row.created_at), _seconds(row.ended_at)
    code, text = _error(row)
    return {
        "id": row.id,
        "filename": row.name,
        "file_path": file_path(label, row.name),
        "directory": label,
        "url": redacted(row.url),
        "status": "completed" if row.status is Status.COMPLETED else "failed",
        "total_bytes": row.total_bytes,
        "file_size": row.total_bytes,
        "start_time": start,
        "end_time": end,
        "duration": None if end is None or start is None else max(0, end - start),
        "error": code,
        "error_message": text,
    }


def _error(row: HistoryRow) -> tuple[str | None, str | None]:
    if row.status is Status.COMPLETED:
        return None, None
    if row.status is Status.CANCELLED:
        return FilesCode.CANCELLED.value, _CANCELLED_TEXT
    code = code_of(row.failure)
    if code is FilesCode.DOMAIN_BLOCKED:
        return code.value, _BLOCKED_TEXT
    return code.value, FAILED if row.failure is None else row.failure.message


def _percentage(row: DownloadSnapshot) -> float | None:
    if row.status is Status.VERIFYING:
        return 100.0
    fraction = row.fraction
    return None if fraction is None else 100.0 * fraction


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
