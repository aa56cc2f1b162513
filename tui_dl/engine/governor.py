"""How many connections one download should have. Pure: times and rates come in.

Connections are added while the sum of their rates grows, and no further. The first
steps are quick, because on a throttled server every tenth of a second alone is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

GROWTH_TO_GO_ON = 1.2
"""Doubling must bring a fifth more, else the link or the server is full."""

THROTTLED_GROWTH = 1.6
"""Nearly twice as much from twice as many: each connection has a limit of its own."""

RAISED_CEILING = 64
SHORTEST_STEP_S = 0.1
LONGEST_STEP_S = 2.0
FIRST_LOOK_S = 0.06
SETTLED_S = 8.0
"""After this a full link is tried again: others may have left it."""

LONG_LINK_S = 0.02
"""Above this time to the first byte a lone connection is worth little: open more at once."""

FAST_ENOUGH_S = 0.4
"""A transfer that ends sooner than this needs no more connections."""


@dataclass(slots=True)
class Governor:
    """Hill-climbing over the number of connections of one download."""

    ceiling: int
    ceiling_is_fixed: bool = False
    target: int = 1
    _level_bps: float = 0.0
    _step_began_s: float | None = None
    _bytes_at_step: int = 0
    _is_settled: bool = False

    def begin(self, now_s: float, done_bytes: int, setup_s: float) -> None:
        """Start to measure: the first reply of this run has arrived."""
        self._step_began_s = now_s
        self._bytes_at_step = done_bytes
        if setup_s > LONG_LINK_S:
            self.target = max(self.target, min(4, self.ceiling))

    def lower(self, target: int) -> None:
        """Bow to a server that takes no more connections."""
        self.target = max(1, min(self.target, target))
        self._is_settled = True

    def update(self, now_s: float, done_bytes: int, left_bytes: int, setup_s: float) -> int:
        """Return how many connections there should be now.

        ``setup_s`` is the usual time from asking to the first byte: a new connection
        shows what it brings only after a few of those.
        """
        if self._step_began_s is None:
            return self.target
        took_s = now_s - self._step_began_s
        if took_s < self._step_s(setup_s):
            return self.target
        rate_bps = (done_bytes - self._bytes_at_step) / took_s
        self._step_began_s, self._bytes_at_step = now_s, done_bytes
        growth = rate_bps / self._level_bps if self._level_bps > 0 else THROTTLED_GROWTH
        if growth < GROWTH_TO_GO_ON and not self._is_settled:
            self._is_settled = True
            return self.target
        self._is_settled = False
        self._level_bps = rate_bps
        self._raise_ceiling(growth)
        if left_bytes > rate_bps * max(FAST_ENOUGH_S, 2 * setup_s):
            self.target = min(self.ceiling, self.target * (4 if self.target == 1 else 2))
        return self.target

    def _step_s(self, setup_s: float) -> float:
        if self._is_settled:
            return SETTLED_S
        if self._level_bps == 0.0 and self.target == 1:
            return FIRST_LOOK_S
        return min(LONGEST_STEP_S, max(SHORTEST_STEP_S, 3 * setup_s))

    def _raise_ceiling(self, growth: float) -> None:
        if not self.ceiling_is_fixed and self.target >= self.ceiling and growth >= THROTTLED_GROWTH:
            self.ceiling = max(self.ceiling, min(RAISED_CEILING, self.ceiling * 2))
