"""Rate limits by debt: bytes are taken as they come, the taker then waits.

Must not sleep or read a clock: the caller passes the time and does the waiting.
"""

from __future__ import annotations

BURST_S = 0.05
"""Unused time that may be saved up: enough for timer slack, too little to be a burst."""

GRAIN_S = 0.05
"""What all connections of a download may write at once, in seconds of its limit."""

LEAST_GRAIN_BYTES = 64


class RateLimit:
    """A limit in bytes per second that many connections share; 0 is unlimited."""

    def __init__(self, rate_bps: int = 0) -> None:
        self._rate_bps = rate_bps
        self._paid_until_s = 0.0

    @property
    def rate_bps(self) -> int:
        """The limit in force."""
        return self._rate_bps

    def set_rate(self, rate_bps: int, now_s: float) -> None:
        """Change the limit; debt in bytes is kept, so a change acts at once."""
        owed_bytes = max(0.0, self._paid_until_s - now_s) * self._rate_bps
        self._rate_bps = rate_bps
        self._paid_until_s = now_s + (owed_bytes / rate_bps if rate_bps > 0 else 0.0)

    def take(self, count: int, now_s: float) -> float:
        """Take ``count`` bytes and return how many seconds to wait before more."""
        if self._rate_bps <= 0:
            return 0.0
        start_s = max(self._paid_until_s, now_s - BURST_S)
        self._paid_until_s = start_s + count / self._rate_bps
        return max(0.0, self._paid_until_s - now_s)


class Limits:
    """The limits that hold for one download: its own and those that it shares."""

    def __init__(self, *limits: RateLimit) -> None:
        self._limits = limits

    def grain_bytes(self, connections: int) -> int:
        """Return how much one of so many connections may write at once; 0 is no limit.

        Small, so that the file grows evenly and a changed limit acts at once; a read
        from the socket may hold the allowance of many seconds.
        """
        rates = [limit.rate_bps for limit in self._limits if limit.rate_bps > 0]
        if not rates:
            return 0
        return max(LEAST_GRAIN_BYTES, int(min(rates) * GRAIN_S) // max(1, connections))

    def take(self, count: int, now_s: float) -> float:
        """Take ``count`` bytes from each and return how many seconds to wait for them."""
        return max(limit.take(count, now_s) for limit in self._limits)
