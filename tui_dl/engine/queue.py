"""Who runs next. Pure order and slots: no tasks, no clock, no records.

Must not start anything: it hands out ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Queue:
    """Waiting ids in order, and the ids that hold a slot."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._waiting: list[str] = []
        self._queued: set[str] = set()
        """The same ids: most questions are about one that is not queued, of ten thousand."""
        self._running: set[str] = set()

    @property
    def waiting(self) -> tuple[str, ...]:
        """Queued ids, first one first."""
        return tuple(self._waiting)

    @property
    def running(self) -> frozenset[str]:
        """Ids that hold a slot."""
        return frozenset(self._running)

    def rank(self, record_id: str) -> int | None:
        """Return the 1-based place among the queued, ``None`` for others."""
        if record_id not in self._queued:
            return None
        if self._waiting[-1] == record_id:
            return len(self._waiting)
        return self._waiting.index(record_id) + 1

    def append(self, record_id: str) -> None:
        """Queue an id at the end, unless it is queued."""
        self.insert(record_id, None)

    def insert(self, record_id: str, index: int | None) -> None:
        """Queue an id before the one at ``index``; ``None`` is the end."""
        if record_id not in self._queued:
            self._queued.add(record_id)
            self._waiting.insert(len(self._waiting) if index is None else max(0, index), record_id)

    def leave(self, record_id: str) -> None:
        """Take an id out, wherever it is."""
        self._running.discard(record_id)
        if record_id in self._queued:
            self._queued.remove(record_id)
            self._waiting.remove(record_id)

    @property
    def is_busy(self) -> bool:
        """Whether anything holds a slot."""
        return bool(self._running)

    def take(self, record_id: str) -> None:
        """Give an id that runs already a slot, though none may be free."""
        self._running.add(record_id)

    def release(self, record_id: str) -> None:
        """Free the slot of an id."""
        self._running.discard(record_id)

    def take_next(self, is_ready: Callable[[str], bool]) -> str | None:
        """Give a free slot to the first id that is ready; ``None`` when there is none."""
        if len(self._running) >= self.slots:
            return None
        for record_id in self._waiting:
            if is_ready(record_id):
                self._waiting.remove(record_id)
                self._queued.remove(record_id)
                self._running.add(record_id)
                return record_id
        return None

    def move(self, record_ids: Sequence[str], to: str) -> None:
        """Move ids ``up``, ``down``, to the ``top`` or ``bottom``, keeping their order."""
        moving = set(record_ids)
        chosen = [i for i in self._waiting if i in moving]
        rest = [i for i in self._waiting if i not in moving]
        if to == "top":
            self._waiting = chosen + rest
        elif to == "bottom":
            self._waiting = rest + chosen
        elif to == "up":
            self._step(chosen, range(len(self._waiting)), -1)
        elif to == "down":
            self._step(chosen, range(len(self._waiting) - 1, -1, -1), 1)

    def _step(self, chosen: Sequence[str], indexes: range, by: int) -> None:
        order, moving = self._waiting, set(chosen)
        for index in indexes:
            other = index + by
            if order[index] in moving and 0 <= other < len(order) and order[other] not in moving:
                order[index], order[other] = order[other], order[index]

    def move_to_index(self, record_id: str, index: int) -> None:
        """Put a queued id at ``index``, clamped to the ends."""
        if record_id in self._queued:
            self._waiting.remove(record_id)
            self._waiting.insert(max(0, min(index, len(self._waiting))), record_id)
