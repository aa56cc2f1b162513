"""Speed, time left and the speed curve, from byte counts and moments.

The caller brings the clock: every ``now_s`` is a monotonic time in seconds. Must not
read a clock, keep anything that grows, or ever answer with a negative number.
One thread at a time: reading moves the window too.
"""

from __future__ import annotations

BUCKETS = 10
"""The window moves in steps of a tenth, so the rate has no visible jumps."""

RESET_GAP_S = 10.0
"""A silence this long was a suspend or a dead link: what came before says nothing."""

SLOWEST_BPS = 1.0
"""Below one byte per second there is no honest time left."""


class RateMeter:
    """Bytes per second over a sliding window. Constant memory, cheap to feed.

    The window is a ring of ``BUCKETS`` counters and the one being filled. After the last
    byte the rate falls and is exactly 0 once the window and one bucket have passed.
    """

    __slots__ = ("_bucket_s", "_counts", "_index", "_last_s", "_origin_s", "_sum")

    def __init__(self, window_s: float = 1.0) -> None:
        """Make a meter that has seen nothing.

        Raises:
            ValueError: the window is not a positive time.
        """
        if not window_s > 0:
            raise ValueError(f"not a window: {window_s}")
        self._bucket_s = window_s / BUCKETS
        self._counts = [0] * (BUCKETS + 1)
        self._sum = 0
        self._index = 0
        self._last_s: float | None = None
        self._origin_s = 0.0

    def add(self, now_s: float, count: int) -> None:
        """Note that ``count`` bytes have arrived by ``now_s``.

        Raises:
            ValueError: the count is negative.
        """
        if count < 0:
            raise ValueError(f"not a count: {count}")
        self._move_to(now_s)
        self._counts[self._index % (BUCKETS + 1)] += count
        self._sum += count

    def rate_bps(self, now_s: float) -> float:
        """Return the bytes per second up to ``now_s``; 0.0 before the first byte.

        A meter younger than its window divides by its age, but by no less than a quarter
        of the window: one early block must not look like a thousand times the line.
        """
        if self._last_s is None:
            return 0.0
        now_s = self._move_to(now_s)
        if self._sum == 0:
            return 0.0
        covered_s = now_s - (self._index - BUCKETS) * self._bucket_s
        smallest_s = self._bucket_s * BUCKETS / 4
        return self._sum / max(min(covered_s, now_s - self._origin_s), smallest_s)

    def _move_to(self, now_s: float) -> float:
        """Drop the buckets that have left the window; return the time that counts.

        Time never runs back here: an earlier ``now_s`` is taken as the latest known one.
        """
        last_s = self._last_s
        if last_s is None or now_s - last_s > RESET_GAP_S:
            self._counts = [0] * (BUCKETS + 1)
            self._sum = 0
            self._index = int(now_s // self._bucket_s)
            self._last_s = self._origin_s = now_s
            return now_s
        if now_s <= last_s:
            return last_s
        self._last_s = now_s
        index = int(now_s // self._bucket_s)
        for stale in range(self._index + 1, min(index, self._index + BUCKETS + 1) + 1):
            slot = stale % (BUCKETS + 1)
            self._sum -= self._counts[slot]
            self._counts[slot] = 0
        self._index = index
        return now_s


class EtaMeter:
    """Time left, from a rate over five seconds so that the figure stays readable.

    Feed it like a ``RateMeter``.
    """

    __slots__ = ("_meter",)

    def __init__(self, window_s: float = 5.0) -> None:
        self._meter = RateMeter(window_s)

    def add(self, now_s: float, count: int) -> None:
        """Note that ``count`` bytes have arrived by ``now_s``."""
        self._meter.add(now_s, count)

    def eta_s(self, remaining_bytes: int, now_s: float) -> float | None:
        """Return the seconds left, ``None`` when nothing moves. Never negative (trap D15)."""
        if remaining_bytes <= 0:
            return 0.0
        rate_bps = self._meter.rate_bps(now_s)
        return None if rate_bps < SLOWEST_BPS else remaining_bytes / rate_bps


class RateHistory:
    """The last five minutes as a curve: one sample for each second with a call, and the peak.

    Seconds without a call (paused, suspended) leave no sample.
    """

    __slots__ = ("_next", "_peak_bps", "_samples", "_second")

    LENGTH = 300

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._next = 0
        self._second: int | None = None
        self._peak_bps = 0.0

    def add(self, now_s: float, rate_bps: float) -> None:
        """Take a sample if this second has none yet; call as often as convenient.

        Time that runs back is ignored; a negative rate counts as 0.
        """
        second = int(now_s // 1)
        if self._second is not None and second <= self._second:
            return
        self._second = second
        sample = max(0.0, rate_bps)
        self._peak_bps = max(self._peak_bps, sample)
        if len(self._samples) < self.LENGTH:
            self._samples.append(sample)
        else:
            self._samples[self._next] = sample
            self._next = (self._next + 1) % self.LENGTH

    def samples(self) -> tuple[float, ...]:
        """Return the samples in bytes per second, oldest first, at most ``LENGTH``."""
        return (*self._samples[self._next :], *self._samples[: self._next])

    @property
    def peak_bps(self) -> float:
        """The highest sample ever taken, also when it has left the curve."""
        return self._peak_bps
