"""From jobs to the objects of the wire, and to frames of the stream. Pure.

Keys that have nothing to say are left out; nothing is ever null, and whole numbers are
whole: the clients are strict about both.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tui_dl.api.history import HistoryRow
from tui_dl.api.jobs.job import (
    UNKNOWN_SIZE,
    Job,
    cancelled_text,
    failure_text,
)
from tui_dl.api.json_text import encode_json
from tui_dl.domain.model import Status
from tui_dl.domain.redaction import redacted

Wire = dict[str, Any]
"""A JSON object. Its keys are another program's, so it has no type of ours."""

SOURCE = "download"
PAGE_SIZE = 50


def job_wire(job: Job) -> Wire:
    """Return the object of one job."""
    wire: Wire = {
        "id": job.id,
        "url": redacted(job.url),
        "status": job.status.value,
        "progress": job.progress,
        "totalSize": job.total_size,
        "progressPercent": job.percent,
    }
    if job.error:
        wire["error"] = job.error
    wire["createdAt"] = rfc3339(job.created_at)
    if job.started_at is not None:
        wire["startedAt"] = rfc3339(job.started_at)
    if job.completed_at is not None:
        wire["completedAt"] = rfc3339(job.completed_at)
    wire["source"] = SOURCE
    return wire


def init_frame(jobs: Iterable[Job]) -> bytes:
    """Return the first frame of a stream. Plugin actions do not exist here."""
    return _frame("init", {"jobs": [job_wire(job) for job in jobs], "actionJobs": []})


def event_frame(kind: str, job: Job) -> bytes:
    """Return the frame of ``added``, ``updated`` or ``removed``, with the whole job."""
    return _frame(kind, {"type": kind, "job": job_wire(job)})


def history_wire(row: HistoryRow) -> Wire:
    """Return the object of one row of the durable history."""
    wire: Wire = {
        "id": row.number,
        "jobId": row.gid,
        "url": redacted(row.url),
        "name": shown_name(row),
        "status": "" if row.status is None else row.status.value,
    }
    error = history_error(row)
    if error:
        wire["error"] = error
    wire["totalSize"] = UNKNOWN_SIZE if row.total_bytes is None else row.total_bytes
    wire["progress"] = row.done_bytes
    wire["attempts"] = row.attempts
    wire["createdAt"] = rfc3339(row.created_at)
    if row.started_at is not None:
        wire["startedAt"] = rfc3339(row.started_at)
    if row.ended_at is not None:
        wire["completedAt"] = rfc3339(row.ended_at)
    if row.last_retry_gid is not None:
        wire["lastRetryJobId"] = row.last_retry_gid
    if row.last_retry_at is not None:
        wire["lastRetryAt"] = rfc3339(row.last_retry_at)
    return wire


def shown_name(row: HistoryRow) -> str:
    """Return the name that the client gave, else the file's."""
    return row.label or row.name or redacted(row.url)


def history_error(row: HistoryRow) -> str:
    """Return why it did not complete; empty when it did."""
    if row.status is Status.CANCELLED:
        return cancelled_text(was_running=row.was_running)
    if row.status is Status.FAILED:
        return "download failed" if row.failure is None else failure_text(row.failure)
    return ""


def rfc3339(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _frame(name: str, content: Wire) -> bytes:
    # JSON has no raw line breaks, so one data line is enough.
    return b"event: " + name.encode("ascii") + b"\ndata: " + encode_json(content) + b"\n\n"
