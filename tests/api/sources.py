"""A stand-in for the service where a test is about what is made of its pictures and events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.rows import make_row
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind
from tui_dl.service.contract import DownloadService, EventListener

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Clock:
    """A wall clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def move(self, **by: float) -> None:
        """Move on by ``hours=1`` and the like."""
        self.now += timedelta(**by)


class Source:
    """As much of a service as views need: a picture, and events."""

    def __init__(self, *rows: DownloadSnapshot) -> None:
        self.rows = {row.id: row for row in rows}
        self.version = 1
        self._listeners: list[EventListener] = []

    @property
    def service(self) -> DownloadService:
        """This, as what a view takes it for."""
        found: DownloadService = self  # type: ignore[assignment] # views use these two methods only
        return found

    def snapshot(self) -> EngineSnapshot:
        """Return the picture."""
        return EngineSnapshot(version=self.version, downloads=tuple(self.rows.values()))

    def subscribe(self, listener: EventListener) -> Any:
        """Take a listener."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, event: DownloadEvent) -> None:
        """Push an event; the picture does not know of it yet."""
        for listener in tuple(self._listeners):
            listener(event)

    def paint(self, id_: str, **fields: Any) -> DownloadSnapshot:
        """Change or add a row of the picture, without an event, and publish it."""
        known = self.rows.get(id_)
        if known is None:
            row = make_row(**({"created_at": NOW} | fields | {"id": id_, "gid": gid_of(id_)}))
        else:
            row = replace(known, version=known.version + 1, **fields)
        self.rows[id_] = row
        self.version += 1
        return row

    def happen(self, kind: EventKind, id_: str, **fields: Any) -> DownloadSnapshot:
        """Change or add a row, publish it, and push the event."""
        row = self.paint(id_, **fields)
        if kind is EventKind.REMOVED:
            del self.rows[id_]
        self.tell(DownloadEvent(kind, row, self.version))
        return row


def gid_of(id_: str) -> str:
    """Return a gid for a short test id such as ``a7``."""
    return id_.encode().hex().rjust(16, "0")
