"""Deleting from the list with a way back: rows vanish at once, records a little later.

Until then the service holds the download paused. If the app dies before, the row comes
back: nothing is ever lost by a key that says that it loses nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.lifecycle import Event, allowed
from tui_dl.domain.snapshot import DownloadSnapshot, EngineSnapshot
from tui_dl.service.contract import DownloadService

GRACE_S = 6.0
"""How long a deletion can be taken back; as long as its toast is shown."""

RemoveNow = Callable[[Sequence[str]], Awaitable[None]]


class Removals:
    """The downloads that the user has deleted from the list a moment ago."""

    def __init__(self, service: DownloadService, remove_now: RemoveNow) -> None:
        self._service = service
        self._remove_now = remove_now
        self._batches: list[tuple[DownloadSnapshot, ...]] = []

    def without_pending(self, snapshot: EngineSnapshot) -> EngineSnapshot:
        """Return the picture without the rows that are on their way out."""
        if not self._batches:
            return snapshot
        hidden = {download.id for batch in self._batches for download in batch}
        rows = tuple(d for d in snapshot.downloads if d.id not in hidden)
        return replace(snapshot, downloads=rows)

    def hide(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Leave downloads out of the picture from now on."""
        self._batches.append(tuple(downloads))

    async def stop(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Pause those that run or wait for their turn.

        Raises:
            TuiDlError: the engine is out of reach.
        """
        ids = [d.id for d in downloads if Event.PAUSE in allowed(d.status)]
        if ids:
            await self._service.pause(ids)

    async def undo(self) -> Sequence[DownloadSnapshot]:
        """Bring the last batch back as it was, and return it; empty when there is none."""
        if not self._batches:
            return ()
        batch = self._batches.pop()
        ids = [d.id for d in batch if Event.PAUSE in allowed(d.status)]
        if ids:
            await self._service.resume(ids)
        return batch

    async def finish_oldest(self) -> None:
        """Drop the records of the oldest batch: its time is over."""
        if self._batches:
            batch = self._batches[0]
            try:
                await self._remove_now([download.id for download in batch])
            finally:
                # Only now: a row must not flash up between hiding and removal.
                self._batches = [other for other in self._batches if other is not batch]

    async def finish_all(self) -> None:
        """Drop the records of every batch: the app ends, or a link is added again."""
        while self._batches:
            try:
                await self.finish_oldest()
            except TuiDlError:
                continue  # out of reach: the rows come back at the next start
