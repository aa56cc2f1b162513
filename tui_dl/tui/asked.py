"""What was asked of downloads and not answered yet: the list shows it in the next frame.

A list of thousands, or a slow line to a remote engine, answers later than a frame. Must not
decide what is allowed: the lifecycle table does, and the answer replaces all of this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tui_dl.domain.lifecycle import Event, next_status
from tui_dl.domain.snapshot import DownloadSnapshot


class Asked:
    """The wishes that are on their way. ``on_change`` is called when there are others."""

    def __init__(self) -> None:
        self.on_change: Callable[[], object] = lambda: None
        self._wishes: list[tuple[Event, Collection[str]]] = []

    @contextmanager
    def asking(self, event: Event, ids: Collection[str]) -> Iterator[None]:
        """Show downloads as if they had taken ``event``, until the block is left."""
        wish = (event, frozenset(ids))
        self._wishes.append(wish)
        self.on_change()
        try:
            yield
        finally:
            self._wishes = [other for other in self._wishes if other is not wish]
            self.on_change()

    def seen(self, download: DownloadSnapshot) -> DownloadSnapshot:
        """Return a download as it is shown: the last wish that its status allows counts."""
        for event, ids in self._wishes:
            status = next_status(download.status, event) if download.id in ids else None
            if status is not None:
                download = replace(
                    download,
                    status=status,
                    queue_rank=None,
                    failure=None if event is Event.RESUME else download.failure,
                )
        return download
