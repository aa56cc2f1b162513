"""How many connections one host bears, learned and shared by all downloads (trap H35).

Owns the count, the learned limit, and the pauses that a server asked for (trap H28). Must
not open connections or read replies: the engine tells what it met.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from weakref import WeakValueDictionary

RAISE_AFTER_S = 60.0
"""Quiet time after which a lowered limit is tried one higher."""

MOST_BLANK = 256
"""Gates of hosts that taught nothing; an engine that runs for months meets many hosts."""

Clock = Callable[[], float]


class HostGate:
    """Lets connections to one host through, first come, first served. One loop's own.

    A party is whoever may hold several places at once: a download. Its places are counted,
    so that one that came first can leave some to those that came later.
    """

    def __init__(self, ceiling: int, clock: Clock) -> None:
        self.limit = ceiling
        """Connections that the host seems to bear; starts at the ceiling."""
        self.in_use = 0
        self.hold_reason = ""
        """Why everybody waits, in words, while ``held_for_s`` is above 0."""
        self._ceiling = ceiling
        self._clock = clock
        self._changed_at_s = clock()
        self._held_until_s = 0.0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._held: Counter[object] = Counter()
        self._waiting: Counter[object] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody stands in line for want of a place."""
        return self._first_in_line() is not None and self.held_for_s() == 0

    @property
    def is_blank(self) -> bool:
        """Whether a new one would be the same: nothing learned, held, or waited for."""
        is_idle = not (self.in_use or self._waiters or self._held or self._waiting)
        return is_idle and self.limit == self._ceiling and self.held_for_s() == 0

    def held_by(self, party: object) -> int:
        """Return how many places a party has."""
        return self._held[party]

    def share(self, party: object) -> int:
        """Return how many places a party may have when all want as many as they can get."""
        parties = self._held.keys() | self._waiting.keys() | {party}
        return max(1, self.limit // len(parties))

    def try_acquire(self, party: object = None) -> bool:
        """Take a place if one is free now and nobody stands in line."""
        if self._first_in_line() is not None or not self._has_room():
            return False
        self.in_use += 1
        self._held[party] += 1
        return True

    async def acquire(self, party: object = None) -> None:
        """Wait for a place. Cancelling leaves the line, or passes the place on."""
        if self.try_acquire(party):
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._waiting[party] += 1
        self._admit()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                raise
            self._held[party] += 1  # the place came in the same moment
            self.release(party)
            raise
        finally:
            _take_one(self._waiting, party)
        self._held[party] += 1

    def release(self, party: object = None) -> None:
        """Give a place back; who is first in line takes it."""
        self.in_use -= 1
        _take_one(self._held, party)
        self.raise_slowly()
        self._admit()

    def lower(self, seen: int) -> None:
        """Learn that the host refused a connection while it had ``seen`` others."""
        self.limit = max(1, min(self.limit, seen))
        self._changed_at_s = self._clock()

    def raise_slowly(self) -> None:
        """Try one more connection, a minute after the last change of the limit."""
        now_s = self._clock()
        if self.limit < self._ceiling and now_s - self._changed_at_s >= RAISE_AFTER_S:
            self.limit += 1
            self._changed_at_s = now_s
            self._admit()

    def hold(self, seconds: float, reason: str) -> None:
        """Let nobody in for ``seconds``, as Retry-After asked; a longer hold stands."""
        until_s = self._clock() + max(0.0, seconds)
        if until_s > self._held_until_s:
            self._held_until_s = until_s
            self.hold_reason = reason

    def held_for_s(self, now: float | None = None) -> float:
        """Return how long nobody is let in; 0 when the gate is open."""
        return max(0.0, self._held_until_s - (self._clock() if now is None else now))

    def _has_room(self) -> bool:
        return self.in_use < self.limit and self.held_for_s() == 0

    def _first_in_line(self) -> asyncio.Future[None] | None:
        """Return who is next, after those who were cancelled have left the line."""
        while self._waiters and self._waiters[0].done():
            self._waiters.popleft()
        return self._waiters[0] if self._waiters else None

    def _admit(self) -> None:
        """Let in who stands in line, as far as there is room; look again after a hold."""
        while self._has_room() and (waiter := self._first_in_line()) is not None:
            self._waiters.popleft()
            self.in_use += 1
            waiter.set_result(None)
        if self._waiters and self._timer is None and self.held_for_s() > 0:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.held_for_s(), self._after_hold)

    def _after_hold(self) -> None:
        self._timer = None
        self._admit()


def _take_one(counts: Counter[object], party: object) -> None:
    counts[party] -= 1
    if not counts[party]:
        del counts[party]


class HostGates:
    """One gate for each host and port."""

    def __init__(self, ceiling: int, clock: Clock) -> None:
        """``ceiling`` is the most connections that any host gets; ``clock`` is monotonic."""
        self._ceiling = ceiling
        self._clock = clock
        self._kept: dict[tuple[str, int], HostGate] = {}
        self._alive: WeakValueDictionary[tuple[str, int], HostGate] = WeakValueDictionary()
        """All that somebody still has, so that no host ever has two."""

    def gate(self, host: str, port: int) -> HostGate:
        """Return the gate, the same one each time as long as it knows or holds anything."""
        gate = self._alive.get((host, port))
        if gate is None:
            if len(self._kept) >= MOST_BLANK:
                self._kept = {key: kept for key, kept in self._kept.items() if not kept.is_blank}
            gate = self._kept[host, port] = self._alive[host, port] = HostGate(
                self._ceiling, self._clock
            )
        return gate
