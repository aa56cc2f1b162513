"""Which downloads a list shows, in which order, and which part of it. Pure but for memory.

aria2 keeps waiting and paused downloads in one line, where each has a place; the engine
has a queue of those that wait and keeps the paused ones beside it. ``WaitingLine`` joins
them and remembers the places of the paused. Must not ask the service.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

from tui_dl.api.aria2.codec import STOPPED_WORDS, WAITING_WORDS, word
from tui_dl.api.aria2.errors import RpcError
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot

Item = TypeVar("Item")


def slice_from(items: Sequence[Item], offset: int, length: int) -> list[Item]:
    """Return ``length`` items from ``offset`` on.

    A negative offset counts from the end and goes backwards: -1 is the last, then the one
    before it. An offset outside of the list is an empty list.
    """
    if offset >= 0:
        return list(items[offset : offset + length])
    first = len(items) + offset
    if first < 0:
        return []
    return list(items[first::-1][:length])


def new_index(current: int, change: int, how: str, line_length: int) -> int:
    """Return the place that changePosition means, clamped to the line.

    Raises:
        RpcError: ``how`` is none of POS_SET, POS_CUR and POS_END.
    """
    last = line_length - 1
    bases = {"POS_SET": 0, "POS_CUR": current, "POS_END": last}
    if how not in bases:
        raise RpcError("Illegal argument.")
    return max(0, min(last, bases[how] + change))


class WaitingLine:
    """The order of waiting and paused downloads, kept over calls."""

    def __init__(self) -> None:
        self._ids: list[str] = []

    def rows(self, downloads: Iterable[DownloadSnapshot]) -> list[DownloadSnapshot]:
        """Return the line as it is now.

        The queued stand in the engine's order; the paused keep their places among them. A
        newcomer stands behind all that the engine has before it.
        """
        rows = {row.id: row for row in downloads if word(row) in WAITING_WORDS}
        line = _with_newcomers([rows[id_] for id_ in self._ids if id_ in rows], rows)
        queued = sorted(
            (row for row in rows.values() if row.status is Status.QUEUED), key=_queue_order
        )
        in_order = iter(queued)
        found = [next(in_order) if one.status is Status.QUEUED else one for one in line]
        self._ids = [row.id for row in found]
        return found

    def put(self, id_: str, index: int) -> None:
        """Give one download another place; ``rows`` must have been called before."""
        if id_ in self._ids:
            self._ids.remove(id_)
        self._ids.insert(max(0, index), id_)


def _with_newcomers(
    line: Sequence[DownloadSnapshot], rows: Mapping[str, DownloadSnapshot]
) -> list[DownloadSnapshot]:
    """Put each row that is not in ``line`` behind the last one of a smaller position."""
    known = {row.id for row in line}
    fresh = sorted((row for row in rows.values() if row.id not in known), key=_position)
    # The smallest position from each place on: it only grows, so places can be looked up.
    rest = list(accumulate((row.position for row in reversed(line)), min))[::-1]
    found: list[DownloadSnapshot] = []
    end = 0
    for newcomer in fresh:
        place = bisect_left(rest, newcomer.position)
        found += [*line[end:place], newcomer]
        end = max(end, place)
    return [*found, *line[end:]]


def _position(row: DownloadSnapshot) -> int:
    return row.position


def queue_index(line: Sequence[DownloadSnapshot], id_: str, index: int) -> int:
    """Return the place in the engine's queue that ``index`` of the line means for ``id_``."""
    others = [row for row in line if row.id != id_]
    return sum(row.status is Status.QUEUED for row in others[:index])


def _queue_order(row: DownloadSnapshot) -> tuple[int, int]:
    # No rank: queued again while its old workers leave; its turn comes after the others.
    return (row.queue_rank is None, row.queue_rank or row.position)


def stopped_rows(
    downloads: Iterable[DownloadSnapshot], ends: dict[str, int]
) -> list[DownloadSnapshot]:
    """Return what is over, the oldest end first.

    ``ends`` numbers the ends that were seen; ends of earlier runs come before them, by
    their time as far as it is known.
    """
    rows = [row for row in downloads if word(row) in STOPPED_WORDS]
    return sorted(rows, key=lambda row: _end_order(row, ends))


def _end_order(row: DownloadSnapshot, ends: dict[str, int]) -> tuple[int, float, int]:
    seen = ends.get(row.id)
    if seen is not None:
        return (1, 0.0, seen)
    when = row.completed_at or row.started_at or row.created_at
    return (0, when.timestamp(), row.position)
