"""How fast requests are taken in: a client that runs away waits, the engine does not (S20, L5).

Pure: the caller passes the time and does the waiting.
"""

from __future__ import annotations

import math

PER_S = 2000.0
BURST = 500.0


class Pace:
    """Requests by debt, for all clients together: on a loopback port they share an address."""

    def __init__(self, per_s: float = PER_S, burst: float = BURST) -> None:
        self._per_s = per_s
        self._burst_s = burst / per_s
        self._paid_until_s = -math.inf

    def take(self, now_s: float) -> float:
        """Take one request and return how many seconds it has to wait."""
        start_s = max(self._paid_until_s, now_s - self._burst_s)
        self._paid_until_s = start_s + 1 / self._per_s
        return max(0.0, self._paid_until_s - now_s)
