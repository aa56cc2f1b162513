"""The client's copy of a remote engine's picture. Pure: no clock, no connection.

Owns how news is laid into the copy, and which events a gap in the news amounts to.
"""

from __future__ import annotations

from dataclasses import replace

from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind

_KINDS = {
    Status.QUEUED: EventKind.QUEUED,
    Status.PROBING: EventKind.STARTED,
    Status.DOWNLOADING: EventKind.STARTED,
    Status.RETRYING: EventKind.RETRYING,
    Status.PAUSED: EventKind.PAUSED,
    Status.COMPLETED: EventKind.COMPLETED,
    Status.FAILED: EventKind.FAILED,
    Status.CANCELLED: EventKind.CANCELLED,
}


class RemotePicture:
    """All rows by id, and the latest ``EngineSnapshot`` made of them."""

    def __init__(self) -> None:
        self.snapshot = EngineSnapshot(version=0)
        self._rows: dict[str, DownloadSnapshot] = {}
        self._sequence = 0

    def row(self, id_: str) -> DownloadSnapshot | None:
        """Return one download as last heard of."""
        return self._rows.get(id_)

    def replace_all(self, whole: EngineSnapshot) -> list[DownloadEvent]:
        """Take a whole picture; return what must have happened since the last one."""
        before, self._rows = self._rows, {row.id: row for row in whole.downloads}
        self._publish(whole, in_order=False)
        return self._between(before, self._rows)

    def update(self, part: EngineSnapshot) -> None:
        """Take a picture whose rows are only those that changed."""
        in_order = True
        for row in part.downloads:
            known = self._rows.get(row.id)
            if known is not None and known.version > row.version:
                continue
            in_order = in_order and known is not None and known.position == row.position
            self._rows[row.id] = row
        self._publish(part, in_order=in_order)

    def tell(self, event: DownloadEvent) -> DownloadEvent:
        """Take an event; return it as the listeners of this copy see it."""
        row = event.download
        known = self._rows.get(row.id)
        if event.kind is EventKind.REMOVED:
            self._rows.pop(row.id, None)
        elif known is None or known.version <= row.version:
            self._rows[row.id] = row
        self._publish(self.snapshot, in_order=False)
        return self._numbered(event.kind, row)

    def touch(self, stale_s: float) -> None:
        """Say how old the picture is."""
        self.snapshot = replace(self.snapshot, version=self.snapshot.version + 1, stale_s=stale_s)

    def some_row(self) -> DownloadEvent | None:
        """Return an event about nothing much, to make who sleeps look; ``None`` without rows."""
        row = next(iter(self._rows.values()), None)
        return None if row is None else self._numbered(EventKind.CHANGED, row)

    def _publish(self, source: EngineSnapshot, *, in_order: bool) -> None:
        if not in_order:
            ordered = sorted(self._rows.values(), key=lambda row: row.position)
            self._rows = {row.id: row for row in ordered}
        self.snapshot = replace(
            source,
            version=self.snapshot.version + 1,
            downloads=tuple(self._rows.values()),
            stale_s=0.0,
        )

    def _between(
        self, before: dict[str, DownloadSnapshot], after: dict[str, DownloadSnapshot]
    ) -> list[DownloadEvent]:
        events = [
            self._numbered(EventKind.REMOVED, row)
            for id_, row in before.items()
            if id_ not in after
        ]
        for id_, row in after.items():
            known = before.get(id_)
            if known is None:
                events.append(self._numbered(EventKind.ADDED, row))
            if known is None or known.status is not row.status:
                kind = _KINDS.get(row.status)
                if kind is not None and (known is not None or kind is not EventKind.QUEUED):
                    events.append(self._numbered(kind, row))
        return events

    def _numbered(self, kind: EventKind, row: DownloadSnapshot) -> DownloadEvent:
        self._sequence += 1
        return DownloadEvent(kind, row, self._sequence)
