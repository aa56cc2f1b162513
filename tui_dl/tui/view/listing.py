"""Which downloads are shown and in what order: tabs, filter, sort. Pure.

The engine's order is the order of the queue; a sort changes the picture only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot


class Tab(StrEnum):
    """The five views of the list, in the order of their keys 1 to 5."""

    ALL = "all"
    ACTIVE = "active"
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"


TAB_OF: dict[Status, Tab] = {
    Status.QUEUED: Tab.QUEUED,
    Status.PROBING: Tab.ACTIVE,
    Status.DOWNLOADING: Tab.ACTIVE,
    Status.PAUSING: Tab.ACTIVE,
    Status.PAUSED: Tab.QUEUED,
    Status.RETRYING: Tab.ACTIVE,
    Status.VERIFYING: Tab.ACTIVE,
    Status.COMPLETED: Tab.DONE,
    Status.FAILED: Tab.FAILED,
    Status.CANCELLED: Tab.FAILED,
}
"""Paused downloads wait with the queued; cancelled ones stand with the failed."""


class SortKey(StrEnum):
    """What the list is ordered by."""

    QUEUE = "queue"
    STATUS = "status"
    NAME = "name"
    SIZE = "size"
    RATE = "rate"
    LEFT = "time left"
    CONNECTIONS = "connections"
    ADDED = "added"


STATUS_ORDER = {
    status: rank
    for rank, status in enumerate(
        (
            Status.DOWNLOADING,
            Status.PROBING,
            Status.VERIFYING,
            Status.PAUSING,
            Status.RETRYING,
            Status.QUEUED,
            Status.PAUSED,
            Status.FAILED,
            Status.CANCELLED,
            Status.COMPLETED,
        )
    )
}

_KEYS: dict[SortKey, Callable[[DownloadSnapshot], Any]] = {
    SortKey.STATUS: lambda d: STATUS_ORDER[d.status],
    SortKey.NAME: lambda d: d.name.casefold(),
    SortKey.SIZE: lambda d: -(d.total_bytes or d.done_bytes),
    SortKey.RATE: lambda d: -d.rate_bps,
    SortKey.LEFT: lambda d: (d.eta_s is None, d.eta_s or 0.0),
    SortKey.CONNECTIONS: lambda d: -d.connections,
    SortKey.ADDED: lambda d: -d.created_at.timestamp(),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many downloads each tab holds, in the order of ``Tab``."""

    all: int = 0
    active: int = 0
    queued: int = 0
    done: int = 0
    failed: int = 0

    def of(self, tab: Tab) -> int:
        """Return the count of one tab."""
        return (self.all, self.active, self.queued, self.done, self.failed)[list(Tab).index(tab)]


def count(downloads: Sequence[DownloadSnapshot]) -> Counts:
    """Count the downloads of each tab in one pass."""
    tallies = dict.fromkeys(Tab, 0)
    for download in downloads:
        tallies[TAB_OF[download.status]] += 1
    return Counts(
        all=len(downloads),
        active=tallies[Tab.ACTIVE],
        queued=tallies[Tab.QUEUED],
        done=tallies[Tab.DONE],
        failed=tallies[Tab.FAILED],
    )


def arrange(
    downloads: Sequence[DownloadSnapshot],
    tab: Tab = Tab.ALL,
    needle: str = "",
    sort: SortKey = SortKey.QUEUE,
) -> list[DownloadSnapshot]:
    """Return the downloads of ``tab`` whose name or URL holds every word of ``needle``."""
    # Each of these passes sees ten thousand rows four times a second.
    shown = list(downloads)
    if tab is not Tab.ALL:
        shown = [download for download in shown if TAB_OF[download.status] is tab]
    if words := needle.casefold().split():
        shown = [download for download in shown if _matches(download, words)]
    key = _KEYS.get(sort)
    if key is not None:
        shown.sort(key=key)
    return shown


def drop_index(
    downloads: Sequence[DownloadSnapshot], held: DownloadSnapshot, onto: DownloadSnapshot
) -> int:
    """Return the place in the queue, from 0, of ``held`` dropped on the row of ``onto``.

    On a row that is not queued it goes before the queued ones that follow there.
    """
    if onto.queue_rank is not None:
        return onto.queue_rank - 1
    before = downloads[: downloads.index(onto)]
    return sum(1 for row in before if row.queue_rank is not None and row.id != held.id)


def _matches(download: DownloadSnapshot, words: Sequence[str]) -> bool:
    haystack = f"{download.name}\n{download.url}".casefold()
    return all(word in haystack for word in words)
