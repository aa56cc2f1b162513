"""How many connections one download should have. Pure: times and rates come in.

Connections are added while the sum of their rates grows, and no further. The first
steps are quick, because on a throttled server every tenth of a second alone is lost.
"""

from __future__ import annotations

from math import log2

from tui_dl.domain.quick_dataclass import dataclass

GROWTH_TO_GO_ON = 1.2
"""Doubling must bring a fifth more, else the link or the server is full."""

THROTTLED_GROWTH = 1.6
"""Nearly twice as much from twice as many: each connection has a limit of its own.

Both are for each doubling: four times as many must bring that growth twice over.
"""

RAISED_CEILING = 64
SHORTEST_STEP_S = 0.1
LONGEST_STEP_S = 2.0
FIRST_LOOK_S = 0.06
LONGEST_WAIT_S = 1.5
"""A connection without a byte after this does not hold up the others' measurement."""

FIRST_HOLD_S = 0.5
LONGEST_HOLD_S = 16.0
"""A full link is tried again: others may have left it, or a burst was taken for its rate."""

LONG_LINK_S = 0.02
"""Above this time to the first byte a lone connection is worth little: open more at once."""

BUSY_LAG_S = 0.02
"""A machine that answers its own timers later than this does not ask for more than usual."""

FULL_SHARE = 0.85
"""A thread that works so much of the time is the limit itself: more connections only cost it."""

FAST_SHARE = 0.5
FAST_BPS = 200e6
"""At such a rate half of the thread's time is enough of a limit: more connections bring less than
twice as much, and cost more for each byte. Below it other work may have taken that time."""

NEAR_LINK_S = 0.005
"""Below it the slow start of TCP is over within the first look, mostly."""

NEAR_LINK_LARGE_BYTES = 32 * 1024 * 1024
"""Where ranges turn out to be lies, each that was asked for too soon costs bytes."""

NOISE = 1.25
"""By so much two looks may differ for no reason."""

LONG_LINK_START = 4
LONG_LINK_LARGE_START = 8
LONG_LINK_SMALL_BYTES = 1024 * 1024
"""Up to this the first reply brings the file before a second connection has a byte."""

LONG_LINK_LARGE_BYTES = 16 * 1024 * 1024
"""Each cut of a claim costs bytes that were on their way: a small file is not cut so often."""

THROTTLED_FACTOR = 4
"""Times as many at each step, once it shows that each connection has a limit of its own."""

RAISES = ((1.5, THROTTLED_FACTOR), (0.8, 3), (0.5, 2))
"""With more than so many seconds to do: so many times the usual ceiling. Else each claim that is
cut, which leaves bytes that were already on their way, costs more of them than it saves time."""

FAST_ENOUGH_S = 0.4
"""A transfer that ends sooner than this needs no more connections."""


@dataclass(slots=True)
class Governor:
    """Hill-climbing over the number of connections of one download."""

    ceiling: int
    ceiling_is_fixed: bool = False
    target: int = 1
    _level_bps: float = 0.0
    """What the connections before the last step brought together."""
    _level_target: int = 1
    _step_began_s: float | None = None
    _bytes_at_step: int = 0
    _waiting_since_s: float | None = None
    _is_holding: bool = False
    _is_retrial: bool = False
    has_several_links: bool = False
    _looks_throttled: bool = False
    _hold_s: float = FIRST_HOLD_S
    _is_busy_here: bool = False
    _busy_at_step_s: float = 0.0
    _busy_share: float = 0.0
    """How much of the last step the engine's thread had something to do."""

    def begin(
        self,
        now_s: float,
        done_bytes: int,
        setup_s: float,
        left_bytes: int | None = None,
        *,
        busy_s: float = 0.0,
    ) -> None:
        """Start to measure: the first reply of this run has arrived."""
        self._step_began_s = now_s
        self._bytes_at_step = done_bytes
        self._busy_at_step_s = busy_s
        if setup_s > LONG_LINK_S and (left_bytes is None or left_bytes > LONG_LINK_SMALL_BYTES):
            is_large = (left_bytes or 0) >= LONG_LINK_LARGE_BYTES
            start = LONG_LINK_LARGE_START if is_large else LONG_LINK_START
            self.target = max(self.target, min(start, self.ceiling))

    def lower(self, target: int) -> None:
        """Bow to a server that takes no more connections."""
        self.target = self._level_target = max(1, min(self.target, target))
        self.ceiling = max(1, min(self.ceiling, target))
        self.ceiling_is_fixed = True

    def update(
        self,
        now_s: float,
        done_bytes: int,
        left_bytes: int,
        setup_s: float,
        *,
        least_setup_s: float | None = None,
        lag_s: float = 0.0,
        busy_s: float = 0.0,
        all_receive: bool = True,
    ) -> int:
        """Return how many connections there should be now.

        ``setup_s`` is the usual time from asking to the first byte: a new connection
        shows what it brings only after a few of those. ``least_setup_s`` is the shortest
        so far, which tells better how near the server is. ``lag_s`` is how late this machine
        itself is: when it is busy, many connections only fill its buffers. ``busy_s`` is how
        long the engine's thread has had something to do so far. ``all_receive`` tells whether
        each connection has had its first bytes: before that nothing can be compared.
        """
        if self._step_began_s is None:
            return self.target
        self._is_busy_here = lag_s > BUSY_LAG_S
        if all_receive or self._is_holding:
            self._waiting_since_s = None
        elif self._waiting_since_s is None or now_s - self._waiting_since_s < LONGEST_WAIT_S:
            self._waiting_since_s = self._waiting_since_s or now_s
            self._step_began_s, self._bytes_at_step = now_s, done_bytes
            self._busy_at_step_s = busy_s
            return self.target
        took_s = now_s - self._step_began_s
        if took_s < self._step_s(setup_s):
            return self.target
        rate_bps = (done_bytes - self._bytes_at_step) / took_s
        full_share = FULL_SHARE if rate_bps < FAST_BPS else FAST_SHARE
        self._busy_share = (busy_s - self._busy_at_step_s) / took_s
        is_full_here = self._busy_share > full_share
        self._step_began_s, self._bytes_at_step = now_s, done_bytes
        self._busy_at_step_s = busy_s
        if is_full_here:
            self._is_holding = True
        elif self._is_holding or self._level_bps == 0.0:
            self._is_retrial = self._is_holding
            self._climb(rate_bps, left_bytes, setup_s)
        elif self._has_grown(rate_bps, GROWTH_TO_GO_ON):
            # The first look at a lone connection may have met its slow start: no proof then.
            # With another link beside the first, more may just be what that one has.
            nearness_s = setup_s if least_setup_s is None else least_setup_s
            is_settled = self._level_target > 1 or (
                left_bytes >= NEAR_LINK_LARGE_BYTES and self._was_at_speed(rate_bps, nearness_s)
            )
            is_proof = is_settled and not self.has_several_links
            self._looks_throttled = is_proof and self._has_grown(rate_bps, THROTTLED_GROWTH)
            self._hold_s = FIRST_HOLD_S
            self._is_retrial = False
            self._climb(rate_bps, left_bytes, setup_s)
        else:
            self._hold()
        return self.target

    def _climb(self, rate_bps: float, left_bytes: int, setup_s: float) -> None:
        self._level_bps, self._level_target = rate_bps, self.target
        self._is_holding = False
        may_raise = not self.ceiling_is_fixed and not self._is_busy_here
        if self._looks_throttled and may_raise and self.target >= self.ceiling:
            self._raise_ceiling(left_bytes / max(rate_bps, 1.0))
        if left_bytes > rate_bps * max(FAST_ENOUGH_S, 2 * setup_s):
            is_steep = self.target == 1 or self._looks_throttled
            self.target = min(self.ceiling, self.target * (THROTTLED_FACTOR if is_steep else 2))
        if self.target == self._level_target:
            self._hold()

    def _was_at_speed(self, rate_bps: float, setup_s: float) -> bool:
        """Return whether the lone connection had its full rate: n bring no more than n times it."""
        together_bps = self._level_bps * self.target / self._level_target
        return setup_s < NEAR_LINK_S and rate_bps <= together_bps * NOISE

    def _raise_ceiling(self, left_s: float) -> None:
        """Allow more than the usual connections, as far as there is time to gain by them.

        And as far as the thread can serve them: what waits in their buffers when a claim is cut
        is fetched twice.
        """
        factor = next((factor for least_s, factor in RAISES if left_s > least_s), 1)
        if self._busy_share > 0.0:
            factor = min(factor, max(2, int(FULL_SHARE / self._busy_share)))
        self.ceiling = max(self.ceiling, min(RAISED_CEILING, self.ceiling * factor))

    def _has_grown(self, rate_bps: float, per_doubling: float) -> bool:
        doublings: float = log2(max(2.0, self.target / self._level_target))
        needed_bps: float = self._level_bps * per_doubling**doublings
        return rate_bps >= needed_bps

    def _hold(self) -> None:
        """More did not bring more: look again after a while.

        The first time what was opened stays open: the rate before may have been a burst,
        as servers with a limit give one to each new connection. After a second look the
        connections that brought nothing go.
        """
        if self._is_retrial:
            self.target = self._level_target
            self._looks_throttled = False
            self._hold_s = min(LONGEST_HOLD_S, self._hold_s * 2)
        self._is_holding = True

    def _step_s(self, setup_s: float) -> float:
        if self._is_holding:
            return self._hold_s
        if self._level_bps == 0.0 and self.target == 1:
            return FIRST_LOOK_S
        return min(LONGEST_STEP_S, max(SHORTEST_STEP_S, setup_s))
