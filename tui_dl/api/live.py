"""The list of downloads as of now: the latest picture plus the events since.

A picture is published a few times a second; a client that adds a download and lists at
once must see it, and one that deletes must not. Must not ask the engine for anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind
from tui_dl.service.contract import DownloadService


@dataclass(frozen=True, slots=True)
class _News:
    """What an event said, and the picture that was current then: any later one knows it."""

    row: DownloadSnapshot | None
    picture_version: int


class LiveRows:
    """Rows and indexes over a service. Reads are for one loop, events for any thread."""

    def __init__(self, service: DownloadService) -> None:
        self._service = service
        self._news: dict[str, _News] = {}
        self._picture: EngineSnapshot | None = None
        self._by_id: dict[str, DownloadSnapshot] = {}
        self._ids_by_gid: dict[str, str] = {}
        self._stop: Callable[[], None] = service.subscribe(self._hear)

    def close(self) -> None:
        """Stop listening. Idempotent."""
        stop, self._stop = self._stop, _nothing
        stop()

    def snapshot(self) -> EngineSnapshot:
        """Return the picture with all news in it, in queue order."""
        picture = self._refresh()
        if not self._news:
            return picture
        rows = sorted(self._rows().values(), key=lambda row: row.position)
        return replace(picture, downloads=tuple(rows))

    def rows(self) -> tuple[DownloadSnapshot, ...]:
        """Return all downloads in queue order."""
        return self.snapshot().downloads

    def find(self, id_or_gid: str) -> DownloadSnapshot | None:
        """Return the download of a whole id or gid, in any case of letters."""
        self._refresh()
        wanted = id_or_gid.lower()
        news = self._news.get(wanted)
        if news is not None:
            return news.row
        row = self._by_id.get(self._ids_by_gid.get(wanted, wanted))
        if row is None:
            fresh = (item.row for item in self._news.values())
            return next((r for r in fresh if r is not None and r.gid == wanted), None)
        news = self._news.get(row.id)
        return row if news is None else news.row

    def _refresh(self) -> EngineSnapshot:
        picture = self._service.snapshot()
        if picture is not self._picture:
            self._picture = picture
            self._by_id = {row.id: row for row in picture.downloads}
            self._ids_by_gid = {row.gid: row.id for row in picture.downloads}
        for id_, news in tuple(self._news.items()):
            if news.picture_version < picture.version and self._news.get(id_) is news:
                del self._news[id_]
        return picture

    def _rows(self) -> dict[str, DownloadSnapshot]:
        rows = dict(self._by_id)
        for id_, news in tuple(self._news.items()):
            rows.pop(id_, None)
            if news.row is not None:
                rows[id_] = news.row
        return rows

    def _hear(self, event: DownloadEvent) -> None:
        row = None if event.kind is EventKind.REMOVED else event.download
        self._news[event.download.id] = _News(row, self._service.snapshot().version)


def _nothing() -> None:
    return
