"""Who runs next. Pure order and slots: no tasks, no clock, no records.

What waits is in classes: all of a higher priority stand before all of a lower one, and
whatever is put or moved somewhere stays within its class. Must not start anything: it
hands out ids.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence


class Queue:
    """Waiting ids in order, and the ids that hold a slot."""

    def __init__(self, slots: int, priority: Callable[[str], int] = lambda _: 0) -> None:
        self.slots = slots
        self._priority = priority
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
        """Queue an id at the end of its class, unless it is queued."""
        self.insert(record_id, None)

    def insert(self, record_id: str, index: int | None) -> None:
        """Queue an id before the one at ``index``, but in its class; ``None`` is its end."""
        if record_id not in self._queued:
            self._queued.add(record_id)
            self._waiting.insert(self._within(record_id, index), record_id)

    def put_first(self, record_id: str) -> None:
        """Queue an id before all others: it had a slot a moment ago, and shall have it again."""
        if record_id not in self._queued:
            self._queued.add(record_id)
            self._waiting.insert(0, record_id)

    def sort(self) -> None:
        """Bring ids whose priority is another now into their classes.

        Each stays as near as it can to where it was: raised, it is the last of its equals;
        lowered, the first.
        """
        self._waiting.sort(key=self._class_of)

    def _class_of(self, record_id: str) -> int:
        return -self._priority(record_id)

    def _within(self, record_id: str, index: int | None) -> int:
        """Return the place in the class of an id that is nearest to ``index``."""
        own = self._class_of(record_id)
        if not self._waiting or self._class_of(self._waiting[-1]) <= own:
            end = len(self._waiting)  # nearly always: ten thousand are added without a search
        else:
            end = bisect_right(self._waiting, own, key=self._class_of)
        if index is None or index >= end:
            return end
        return max(index, bisect_left(self._waiting, own, key=self._class_of))

    def leave(self, record_id: str) -> None:
        """Take an id out, wherever it is."""
        self._running.discard(record_id)
        if record_id in self._queued:
            self._queued.remove(record_id)
            self._waiting.remove(record_id)

    @property
    def has_waiting(self) -> bool:
        """Whether anything waits for a slot."""
        return bool(self._waiting)

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
        """Move ids ``up``, ``down``, to the ``top`` or ``bottom`` of their classes.

        Those of one class keep their order.
        """
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
        self.sort()  # who has passed one of another class goes back

    def _step(self, chosen: Sequence[str], indexes: range, by: int) -> None:
        order, moving = self._waiting, set(chosen)
        for index in indexes:
            other = index + by
            if order[index] in moving and 0 <= other < len(order) and order[other] not in moving:
                order[index], order[other] = order[other], order[index]

    def move_to_index(self, record_id: str, index: int) -> None:
        """Put a queued id at ``index``, clamped to the ends of its class."""
        if record_id in self._queued:
            self._waiting.remove(record_id)
            self._waiting.insert(self._within(record_id, index), record_id)
