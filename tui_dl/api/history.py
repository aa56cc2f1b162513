"""What ended, for longer than its record lives: one row a download, on disk.

The jobs dialect and the files dialect show it, each in its own words. Everything here
belongs to the server's loop. Must not act on downloads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tui_dl.api.hearing import hear_in_loop
from tui_dl.api.history_file import HistoryFile, Line
from tui_dl.domain.errors import Failure
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EventKind
from tui_dl.service.contract import DownloadService

KEEP_COMPLETED = timedelta(hours=24)
KEEP_OTHERS = timedelta(days=7)
MOST_ROWS = 10_000
NEXT = "next"
"""Key of the line that remembers which numbers were given away."""

_ENDS = frozenset({EventKind.COMPLETED, EventKind.FAILED, EventKind.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One download and how it ended last. Times are aware UTC."""

    number: int
    """Given once, never again."""
    id: str
    gid: str
    url: str
    created_at: datetime
    name: str = ""
    directory: str = ""
    added_by: str = ""
    label: str = ""
    """Name that a client gave for showing."""
    status: Status | None = None
    """Completed, failed or cancelled; ``None`` while it never ended."""
    failure: Failure | None = None
    total_bytes: int | None = None
    done_bytes: int = 0
    attempts: int = 0
    """How often it ended."""
    started_at: datetime | None = None
    """Begin of the last run, ``None`` when it never ran."""
    ended_at: datetime | None = None
    was_running: bool = False
    """Whether it ran when it was cancelled."""
    is_deleted: bool = False
    """A client deleted the row: it is kept so that nothing brings it back."""
    is_cleared: bool = False
    """The job queue does not list it any more."""
    last_retry_gid: str | None = None
    last_retry_at: datetime | None = None


def utc_now() -> datetime:
    """Return the wall time, aware."""
    return datetime.now(UTC)


class History:
    """Notes ends as they happen. Made with one read; ``open`` it in the loop of its users."""

    def __init__(
        self,
        service: DownloadService,
        file: HistoryFile | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Without a ``file`` the history ends with the process."""
        self.now = now
        self._service = service
        self._file = file
        self._rows: dict[str, HistoryRow] = {}
        self._next = 1
        self._lines = 0
        """In the file, readable ones; many more than rows: time to rewrite it."""
        self._began: dict[str, datetime] = {}
        """Id -> begin of the latest run of this process."""
        self._running: set[str] = set()
        self._stop: Callable[[], None] | None = None
        for line in () if file is None else file.load():
            self._take_line(line)

    # -- life

    def open(self) -> None:
        """Note what ended unseen, and listen from now on. Idempotent."""
        if self._stop is not None:
            return
        self._stop = hear_in_loop(self._service, self._hear)
        known = self._service.snapshot().downloads
        for row in known:
            if row.status.is_over:
                self._note_unseen(row)
        living = {row.id for row in known}
        self._rows = {
            id_: row for id_, row in self._rows.items() if row.status is not None or id_ in living
        }
        self._drop_old()
        if self._lines > len(self._rows):
            self._rewrite()

    def close(self) -> None:
        """Stop listening and write what is waiting. Idempotent."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()
        if self._file is not None:
            self._file.close()

    # -- looking

    def rows(self) -> list[HistoryRow]:
        """Return what ended and is still kept, in the order of the numbers."""
        self._drop_old()
        found = (row for row in self._rows.values() if _is_shown(row))
        return sorted(found, key=lambda row: row.number)

    def find(self, id_: str) -> HistoryRow | None:
        """Return the row of a download, shown or not."""
        return self._rows.get(id_)

    def began_at(self, row: DownloadSnapshot) -> datetime | None:
        """Return when the latest run of a download began; ``None`` when it has yet to."""
        if row.status is Status.QUEUED:
            return None
        return self._began.get(row.id, row.started_at)

    def ended_at(self, row: DownloadSnapshot) -> datetime | None:
        """Return when a download that is over ended."""
        if not row.status.is_over:
            return None
        known = self._rows.get(row.id)
        return row.completed_at or (None if known is None else known.ended_at)

    # -- noting

    def label(self, row: DownloadSnapshot, label: str) -> None:
        """Remember the name that a client gave a download."""
        self._put(replace(self._row_of(row), label=label))

    def change(self, id_: str, **changes: Any) -> None:
        """Change flags of a row; nothing when there is none."""
        known = self._rows.get(id_)
        if known is not None:
            self._put(replace(known, **changes))

    def note_end(self, row: DownloadSnapshot, ended_at: datetime | None = None) -> None:
        """Note that a download is over, now or then."""
        before = self._row_of(row)
        # A record that was deleted while it waited is as good as cancelled.
        status = row.status if row.status.is_over else Status.CANCELLED
        self._put(
            replace(
                before,
                url=row.url,
                name=row.name,
                directory=row.directory,
                status=status,
                failure=row.failure if status is Status.FAILED else None,
                total_bytes=row.total_bytes,
                done_bytes=row.done_bytes,
                attempts=before.attempts + 1,
                started_at=self._began.get(row.id, row.started_at),
                ended_at=ended_at or row.completed_at or self.now(),
                was_running=row.id in self._running,
                is_deleted=False,
                is_cleared=False,
            )
        )
        self._running.discard(row.id)

    def _row_of(self, row: DownloadSnapshot) -> HistoryRow:
        known = self._rows.get(row.id)
        if known is not None:
            return known
        number, self._next = self._next, self._next + 1
        return HistoryRow(
            number=number,
            id=row.id,
            gid=row.gid,
            url=row.url,
            created_at=row.created_at,
            name=row.name,
            directory=row.directory,
            added_by=row.added_by,
        )

    def _hear(self, event: DownloadEvent) -> None:
        row, kind = event.download, event.kind
        if kind is EventKind.STARTED:
            self._began[row.id] = self.now()
            self._running.add(row.id)
        elif kind in _ENDS:
            self.note_end(row)
        elif kind is EventKind.PAUSED:
            self._running.discard(row.id)
        elif kind is EventKind.RESUMED:
            self._began.pop(row.id, None)
        elif kind is EventKind.REMOVED:
            if not row.status.is_over:
                self.note_end(row)
            self._began.pop(row.id, None)
            self._running.discard(row.id)

    def _note_unseen(self, row: DownloadSnapshot) -> None:
        """Take up an end that happened without us, or that a kill kept from the file."""
        known = self._rows.get(row.id)
        if known is not None and known.status is row.status:
            return
        # A failed record does not say when: this is never later than it was.
        lasted = timedelta(seconds=row.elapsed_s)
        ended_at = row.completed_at or (row.started_at or row.created_at) + lasted
        if self.now() - ended_at < _kept_for(row.status):
            self.note_end(row, ended_at)

    # -- keeping

    def _put(self, row: HistoryRow) -> None:
        self._rows[row.id] = row
        if self._file is None:
            return
        self._file.append([_line_of(row)])
        self._lines += 1
        if self._lines > 2 * len(self._rows) + 1000:
            self._drop_old()
            self._rewrite()

    def _rewrite(self) -> None:
        if self._file is None:
            return
        self._file.replace([{NEXT: self._next}, *map(_line_of, self._rows.values())])
        self._lines = len(self._rows)

    def _drop_old(self) -> None:
        now = self.now()
        old = [row.id for row in self._rows.values() if _is_old(row, now)]
        for id_ in old:
            del self._rows[id_]
        for id_ in list(self._rows)[: max(0, len(self._rows) - MOST_ROWS)]:
            del self._rows[id_]

    def _take_line(self, line: Line) -> None:
        self._lines += 1
        if isinstance(line.get(NEXT), int):
            self._next = max(self._next, line[NEXT])
            return
        known = {field.name: line[field.name] for field in fields(HistoryRow) if field.name in line}
        try:
            row = msgspec.convert(known, HistoryRow)
        except msgspec.ValidationError:  # of a later version, or damaged: one row is lost
            return
        self._rows[row.id] = row
        self._next = max(self._next, row.number + 1)


def _is_shown(row: HistoryRow) -> bool:
    return row.status is not None and not row.is_deleted


def _is_old(row: HistoryRow, now: datetime) -> bool:
    if row.status is None or row.ended_at is None:
        return False
    return now - row.ended_at >= _kept_for(row.status)


def _kept_for(status: Status) -> timedelta:
    return KEEP_COMPLETED if status is Status.COMPLETED else KEEP_OTHERS


def _line_of(row: HistoryRow) -> Line:
    line: Line = msgspec.to_builtins(row)
    return line
