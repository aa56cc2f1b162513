"""From events to Surge's server-sent frames. Pure.

Each frame carries ``type`` and snake_case for the Go clients, and PascalCase twins for
the browser extension, which reads only those. Go decodes keys without regard to case,
so twins must be equal; ``Elapsed`` and ``Speed`` mean the same in both.
"""

from __future__ import annotations

import json

from tui_dl.api.surge.codec import Wire, elapsed_ns, failure_text, final_path, rate_limit
from tui_dl.domain.display import display_text
from tui_dl.domain.model import Status
from tui_dl.domain.redaction import redacted
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EventKind

TYPES = {
    "started": 0,
    "progress": 1,
    "complete": 2,
    "paused": 3,
    "resumed": 4,
    "queued": 5,
    "removed": 6,
    "error": 7,
    "system": 11,
}

_TWINS = {
    "download_id": "DownloadID",
    "filename": "Filename",
    "url": "URL",
    "total": "Total",
    "downloaded": "Downloaded",
    "dest_path": "DestPath",
    "speed": "Speed",
    "elapsed": "Elapsed",
    "connections": "ActiveConnections",
    "avg_speed": "AvgSpeed",
    "rate_limit": "RateLimit",
    "rate_limit_set": "RateLimitSet",
    "mirrors": "Mirrors",
    "completed": "Completed",
    "error": "Err",
    "message": "Message",
}

_NAMES = {
    EventKind.ADDED: "queued",
    EventKind.QUEUED: "queued",
    EventKind.STARTED: "started",
    EventKind.PAUSED: "paused",
    EventKind.RESUMED: "resumed",
    EventKind.COMPLETED: "complete",
    EventKind.FAILED: "error",
    EventKind.CANCELLED: "removed",
    EventKind.REMOVED: "removed",
}

_STATE_NAMES = {
    Status.QUEUED: "queued",
    Status.PAUSED: "paused",
    Status.PAUSING: "paused",
    Status.COMPLETED: "complete",
    Status.FAILED: "error",
    Status.CANCELLED: "removed",
}


def frames_of(event: DownloadEvent) -> list[bytes]:
    """Return the frames that tell one event; none for what Surge does not know."""
    row = event.download
    if event.kind is EventKind.RETRYING:
        return [system_frame(f"{row.name}: trying again later. {failure_text(row)}")]
    name = _NAMES.get(event.kind)
    if name is None:
        return []
    frames = [frame(name, row)]
    if event.kind is EventKind.ADDED and row.status is Status.PAUSED:
        frames.append(frame("paused", row))
    return frames


def state_frame(row: DownloadSnapshot) -> bytes:
    """Return the frame that tells a reader who missed events how a download is now."""
    return frame(_STATE_NAMES.get(row.status, "started"), row)


def progress_frame(row: DownloadSnapshot) -> bytes:
    """Return a progress frame; speed is bytes per second, elapsed nanoseconds."""
    return frame("progress", row)


def system_frame(message: str, **extra: object) -> bytes:
    """Return a log line as a frame."""
    return _encode("system", {"message": str(display_text(message))} | extra)


def frame(name: str, row: DownloadSnapshot) -> bytes:
    """Return the frame of one of Surge's event names for a download."""
    return _encode(name, {"download_id": row.id} | _FIELDS[name](row))


def _started(row: DownloadSnapshot) -> Wire:
    return {
        "url": redacted(row.url),
        "filename": row.name,
        "total": row.total_bytes or 0,
        "dest_path": final_path(row),
    } | rate_limit(row)


def _progress(row: DownloadSnapshot) -> Wire:
    return {
        "downloaded": row.done_bytes,
        "total": row.total_bytes or 0,
        "speed": float(row.rate_bps),
        "elapsed": elapsed_ns(row),
        "connections": row.connections,
        "rate_limited": row.limit_bps > 0,
    }


def _complete(row: DownloadSnapshot) -> Wire:
    return {
        "filename": row.name,
        "elapsed": elapsed_ns(row),
        "total": row.total_bytes or 0,
        "avg_speed": float(row.average_bps),
    } | rate_limit(row)


def _paused(row: DownloadSnapshot) -> Wire:
    return {"filename": row.name, "downloaded": row.done_bytes} | rate_limit(row)


def _resumed(row: DownloadSnapshot) -> Wire:
    return {"filename": row.name}


def _queued(row: DownloadSnapshot) -> Wire:
    return {
        "filename": row.name,
        "url": redacted(row.url),
        "dest_path": final_path(row),
        "mirrors": [redacted(mirror) for mirror in row.options.mirrors],
    } | rate_limit(row)


def _removed(row: DownloadSnapshot) -> Wire:
    return {
        "filename": row.name,
        "dest_path": final_path(row),
        "completed": row.status is Status.COMPLETED,
    }


def _error(row: DownloadSnapshot) -> Wire:
    return {
        "filename": row.name,
        "dest_path": final_path(row),
        "downloaded": row.done_bytes,
        "error": failure_text(row),
    }


_FIELDS = {
    "started": _started,
    "progress": _progress,
    "complete": _complete,
    "paused": _paused,
    "resumed": _resumed,
    "queued": _queued,
    "removed": _removed,
    "error": _error,
}


def _encode(name: str, fields: Wire) -> bytes:
    twins = {_TWINS[key]: value for key, value in fields.items() if key in _TWINS}
    # ASCII escapes keep every line break of a name out of the frame.
    data = json.dumps({"type": TYPES[name]} | fields | twins, separators=(",", ":"))
    return f"event: {name}\ndata: {data}\n\n".encode("ascii")
