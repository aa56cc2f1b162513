"""Rows of ``ls``: out of a live picture or out of the stored list, and how they are printed.

Pure but for the two readers of rows. Must not know streams or flags.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tui_dl.domain.errors import Failure
    from tui_dl.domain.model import Assurance
    from tui_dl.domain.snapshot import DownloadSnapshot
    from tui_dl.service.offline import StoredDownload

_SHORT_ID = 8
_LABEL_CELLS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One download as ``ls`` shows it."""

    id: str
    gid: str
    status: Status
    name: str
    """Empty until it is known."""
    directory: str
    url: str
    """Without its secrets."""
    done_bytes: int
    total_bytes: int | None
    fraction: float | None
    assurance: Assurance
    failure: Failure | None
    created_at: datetime
    completed_at: datetime | None
    rate_bps: float = 0.0
    eta_s: float | None = None
    connections: int = 0
    start_at: datetime | None = None
    """Before it the download does not start by itself."""
    remark: str = ""
    """What could not be done with a finished file."""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """The list at one moment."""

    rows: tuple[Row, ...]
    is_live: bool
    """Whether an engine told it: then there are rates."""
    damaged: int = 0
    """Stored records that could not be read."""
    is_stale: bool = False
    """Whether the engine is out of reach."""
    schedule: str = ""
    """What the schedule says now, in words."""


def live_row(download: DownloadSnapshot) -> Row:
    """Return the row of a download in a picture."""
    from tui_dl.domain.redaction import redacted

    return Row(
        download.id,
        download.gid,
        download.status,
        download.name,
        download.directory,
        redacted(download.url),
        download.done_bytes,
        download.total_bytes,
        download.fraction,
        download.assurance,
        download.failure,
        download.created_at,
        download.completed_at,
        download.rate_bps,
        download.eta_s,
        download.connections,
        download.options.start_at,
        download.remark,
        download.options.priority,
    )


def stored_listing(data_dir: Path) -> Listing:
    """Return what is stored in ``data_dir``.

    Raises:
        StateError, DiskError: the state cannot be read.
    """
    from tui_dl.service.offline import read_stored

    stored = read_stored(data_dir)
    rows = tuple(_stored_row(download) for download in stored.downloads)
    return Listing(rows, is_live=False, damaged=stored.damaged)


def _stored_row(download: StoredDownload) -> Row:
    from tui_dl.domain.redaction import redacted

    record = download.record
    return Row(
        record.id,
        record.gid,
        record.status,
        record.name or record.options.out or "",
        record.directory,
        redacted(record.url),
        download.done_bytes,
        record.total_bytes,
        download.fraction,
        record.assurance,
        record.failure,
        record.created_at,
        record.completed_at,
        start_at=record.options.start_at,
        remark=record.remark,
        priority=record.options.priority,
    )


def as_json(row: Row) -> dict[str, object]:
    """Return the object of ``--json``; the keys are the same for live and stored rows."""
    failure = row.failure
    return {
        "id": row.id,
        "gid": row.gid,
        "status": row.status.value,
        "name": row.name,
        "directory": row.directory,
        "url": row.url,
        "done_bytes": row.done_bytes,
        "total_bytes": row.total_bytes,
        "rate_bps": int(row.rate_bps),
        "eta_s": None if row.eta_s is None else int(row.eta_s),
        "connections": row.connections,
        "priority": row.priority,
        "assurance": row.assurance.value,
        "code": None if failure is None else failure.code.value,
        "message": None if failure is None else failure.message,
        "start_at": None if row.start_at is None else row.start_at.isoformat(),
        "created_at": row.created_at.isoformat(),
        "completed_at": None if row.completed_at is None else row.completed_at.isoformat(),
    }


def table(rows: Sequence[Row], *, with_rate: bool) -> list[str]:
    """Return a heading and aligned lines; the last column is as wide as it is.

    Priorities have a column once one is not the usual one.
    """
    from tui_dl.domain.characters import cell_width

    head = ("ID", "STATUS", "SIZE", "DONE", "RATE", "PRIO", "NAME")
    shown = [0, 1, 2, 3, *([4] if with_rate else []), 6]
    if any(row.priority for row in rows):
        shown.insert(-1, 5)
    cells = [tuple(one[column] for column in shown) for one in (head, *map(_cells, rows))]
    widths = [max(cell_width(one[column]) for one in cells) for column in range(len(cells[0]) - 1)]
    lines = []
    for one in cells:
        padded = []
        for column, (text, width) in enumerate(zip(one, widths, strict=False)):
            space = " " * (width - cell_width(text))
            padded.append(text + space if column < 2 else space + text)
        lines.append("  ".join([*padded, one[-1]]).rstrip())
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    from tui_dl.domain.units import UNKNOWN, format_rate

    reason = f"  {row.failure.message}" if row.failure is not None else ""
    if row.start_at is not None and row.status is Status.QUEUED:
        reason += f"  not before {row.start_at.astimezone():%Y-%m-%d %H:%M}"
    rate = format_rate(row.rate_bps) if row.rate_bps > 0 else UNKNOWN
    done = _done(row)
    label, name = row.id[:_SHORT_ID], _name(row) + reason
    return (label, row.status.value, _size(row), done, rate, str(row.priority), name)


def portrait(row: Row) -> list[str]:
    """Return all about one download, a line a fact."""
    from tui_dl.domain.units import format_duration, format_rate, format_size

    facts = [
        ("id", row.id),
        ("status", row.status.value),
        ("file", os.path.join(row.directory, row.name or "?")),  # noqa: PTH118 - str in, str out
        ("url", row.url),
        ("size", _size(row)),
        ("done", f"{_done(row)}, {format_size(row.done_bytes)}"),
    ]
    if row.status.is_running:
        left = "" if row.eta_s is None else f", {format_duration(row.eta_s)} left"
        facts.append(("rate", f"{format_rate(row.rate_bps)}{left}, connections: {row.connections}"))
    if row.priority:
        facts.append(("priority", str(row.priority)))
    if row.start_at is not None:
        facts.append(("not before", f"{row.start_at.astimezone():%Y-%m-%d %H:%M:%S}"))
    facts.append(("added", f"{row.created_at.astimezone():%Y-%m-%d %H:%M:%S}"))
    if row.completed_at is not None:
        facts.append(("completed", f"{row.completed_at.astimezone():%Y-%m-%d %H:%M:%S}"))
    if row.failure is not None:
        facts.append(("reason", row.failure.message))
    if row.remark:
        facts.append(("remark", row.remark))
    return [f"{label:{_LABEL_CELLS}} {text}" for label, text in facts]


def _size(row: Row) -> str:
    from tui_dl.domain.units import UNKNOWN, format_size

    size_bytes = row.total_bytes if row.total_bytes is not None else row.done_bytes
    is_known = row.total_bytes is not None or row.done_bytes > 0
    return format_size(size_bytes) if is_known else UNKNOWN


def _done(row: Row) -> str:
    from tui_dl.cli.sentences import percent
    from tui_dl.domain.units import UNKNOWN

    return UNKNOWN if row.fraction is None else percent(row.fraction)


def _name(row: Row) -> str:
    return row.name or row.url
