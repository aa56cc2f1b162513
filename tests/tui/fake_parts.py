"""What the fake service is made of: a blank row, a map and workers that follow its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support.rows import plain_row
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Source, Status, Validators
from tui_dl.domain.snapshot import (
    DownloadDetails,
    DownloadSnapshot,
    LogLine,
    SegmentSnapshot,
    SegmentState,
    WorkerSnapshot,
)

FOLDER = "/home/ada/Downloads"


def blank(number: int, name: str, now: datetime) -> DownloadSnapshot:
    """Return a queued download of which nothing is known yet."""
    return plain_row(
        id=f"00000000-0000-4000-8000-{number:012x}",
        gid=f"{number:016x}",
        url=f"https://files.example.org/{number}/file",
        name=name,
        directory=FOLDER,
        position=number,
        source=Source.LOCAL,
        created_at=now + timedelta(seconds=number),
    )


def segments(row: DownloadSnapshot) -> tuple[SegmentSnapshot, ...]:
    """Cut the file into ten stretches, each as far as the whole."""
    if not row.total_bytes:
        return ()
    if row.status is Status.COMPLETED:
        return (SegmentSnapshot(0, row.total_bytes, SegmentState.DONE),)
    found: list[SegmentSnapshot] = []
    share = row.fraction or 0.0
    active = SegmentState.RUNNING if row.status is Status.DOWNLOADING else SegmentState.WAITING
    for part in range(10):
        start, end = part * row.total_bytes // 10, (part + 1) * row.total_bytes // 10
        done = start + int((end - start) * share)
        edge = min(end, done + (end - start) // 6)
        state = SegmentState.RACED if active is SegmentState.RUNNING and part == 7 else active
        for a, b, kind in (
            (start, done, SegmentState.DONE),
            (done, edge, state),
            (edge, end, SegmentState.WAITING),
        ):
            if a < b:
                found.append(SegmentSnapshot(a, b, kind))
    return tuple(found)


def workers(row: DownloadSnapshot) -> tuple[WorkerSnapshot, ...]:
    """Return one worker for each connection, each as far as the whole."""
    if row.status is not Status.DOWNLOADING or not row.total_bytes or not row.connections:
        return ()
    step = row.total_bytes // row.connections
    return tuple(
        WorkerSnapshot(
            number=number + 1, host="cdn.example.org", start=number * step,
            position=number * step + int(step * (row.fraction or 0.0)), end=(number + 1) * step,
            rate_bps=row.rate_bps / row.connections, age_s=63.0 + number, state="receiving",
        )
        for number in range(row.connections)
    )  # fmt: skip


@dataclass
class Script:
    """What a test decided about one download, beyond its snapshot."""

    speed_bps: float = 0.0
    """How fast it moves when ``advance`` is called."""
    ranges_supported: bool | None = True
    history: list[float] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)


def details_of(row: DownloadSnapshot, script: Script) -> DownloadDetails:
    """Return all about one download, with a map that follows its bytes."""
    return DownloadDetails(
        download=row,
        final_url=row.url,
        validators=Validators(etag='"5f3c-61a"'),
        ranges_supported=script.ranges_supported,
        generation=1,
        part_path=f"{row.directory}/{row.name}.part",
        final_path=f"{row.directory}/{row.name}" if row.status is Status.COMPLETED else None,
        segments=segments(row),
        workers=workers(row),
        log=tuple(script.log),
        rate_history=tuple(script.history),
        peak_bps=max(script.history, default=row.rate_bps),
    )


def unknown() -> Failure:
    """Return the answer for an id that is not there."""
    return Failure(ErrorCode.UNKNOWN_DOWNLOAD, "This download is not in the list any more.")


def not_now(done: str, status: Status) -> Failure:
    """Return the answer for an action that the status does not allow."""
    return Failure(
        ErrorCode.NOT_ALLOWED_NOW, f"A download that is {status.value} cannot be {done}."
    )
