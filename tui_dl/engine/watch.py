"""Which connections are slow, and what is worth taking from them. Pure decisions.

Must not start or stop anything. Times and rates come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.engine.plan import Claim, Plan
from tui_dl.engine.worker import Worker

TICK_S = 0.1
"""Between two looks at the connections, when nothing happens."""

BRISK_TICK_S = 0.02
"""When there was nothing worth taking a moment ago: soon a straggler may show itself."""

BRISK_FOR_S = 0.5
"""So long it is looked so often; a straggler has shown what it is by then."""

SMALLEST_SHARE_BYTES = 64 * 1024
SMALLEST_SHARE_S = 0.03
"""Who is cut has nearly as much more on its way by the time it ends, which is fetched twice."""

SILENCE_S = 0.25
"""Longer than the gaps between two reads of a healthy connection on a short link."""

CRAWL_BPS = 1024.0
CRAWL_S = 4.0
"""Below that rate for so long a connection is as good as dead (trap H20)."""

HOPED_BPS = 64 * 1024.0
"""What another connection is expected to bring when nothing else gives a measure."""

YOUNG_S = 0.25
"""A reply younger than this has not shown its rate yet: the usual one is believed."""

USUAL_HALF_LIFE_S = 2.0
"""What was usual a moment ago still is, when only stragglers are left to take a measure from."""

READ_BYTES = 256 * 1024
LOSER_LAG_BYTES = 256 * 1024
MARGIN_S = 0.05

LAGGARD_AGE_S = 0.25
LAGGARD_PART = 8
"""So many times slower than its siblings at the same server: another connection is tried."""

LAGGARD_LEFT_S = 0.5
"""What ends sooner by itself is not worth a new connection."""

LEAST_SIBLINGS = 3
MOST_IN_VAIN = 3
"""Replacements that turned out as slow: after these the server is taken as it is."""


def median(values: Sequence[float]) -> float:
    """Return the value in the middle, 0 of none. ``statistics`` loads 15 modules for it."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def worth_stealing(usual_bps: float, setup_s: float) -> int:
    """Return the smallest share that pays for a new request and for what a cut costs, in bytes."""
    return max(SMALLEST_SHARE_BYTES, int(usual_bps * max(SMALLEST_SHARE_S, setup_s)))


def worth_racing(claim: Claim, rate_bps: float, usual_bps: float, setup_s: float) -> bool:
    """Return whether a second connection would probably finish the claim sooner."""
    if usual_bps <= 0:
        return False
    alone_s = claim.remaining / max(rate_bps, 1.0)
    raced_s = setup_s + claim.remaining / usual_bps
    return alone_s > 2 * raced_s + MARGIN_S


@dataclass(slots=True)
class Pace:
    """How long a request takes to bring its first byte on this link, smoothed."""

    setup_s: float = 0.0
    least_setup_s: float = inf
    """The shortest so far: what the link takes when nobody at its ends is busy."""
    lag_s: float = 0.0
    """How late this machine is itself, of late: so long no connection can be blamed."""
    _samples: int = 0
    _crawls_since_s: float | None = None
    _usual_bps: float = 0.0
    _usual_at_s: float = 0.0
    _usual_of: int = 0
    """How many connections that was the median of."""
    _newest_at_first: int | None = None
    """Number of the newest worker when the first laggard was let go: later ones replace it."""
    _in_vain: int = 0
    _dry_since_s: float | None = None
    """Since when nothing was worth taking from the others, ``None`` while there is."""

    def usual_bps(self, workers: Iterable[Worker], now_s: float) -> float:
        """Return what one connection usually brings; call often, it remembers for a while.

        Only once some of them are done, though: many at work are the measure themselves,
        and each brings less than a lone one did where the link is full.
        """
        rates = [w.rate_bps(now_s) for w in workers if w.received_of_claim > 0]
        faded = 0.5 ** (max(0.0, now_s - self._usual_at_s) / USUAL_HALF_LIFE_S)
        if len(rates) >= self._usual_of:
            self._usual_of, self._usual_bps = len(rates), median(rates)
        else:
            self._usual_bps = max(median(rates), self._usual_bps * faded)
        self._usual_at_s = now_s
        return self._usual_bps

    def note_setup(self, took_s: float) -> None:
        """Take one measured time from asking to the head of the reply."""
        self._samples += 1
        self.least_setup_s = min(self.least_setup_s, took_s)
        self.setup_s += (took_s - self.setup_s) / min(self._samples, 8)

    def note_lag(self, lag_s: float, rest_s: float = TICK_S) -> None:
        """Take how much later than asked a timer of ``rest_s`` went off."""
        self.lag_s = max(lag_s, self.lag_s * 0.5 ** (rest_s / TICK_S))

    def rest_s(self, now_s: float) -> float:
        """Return how long nothing has to be decided, unless something happens."""
        if self._dry_since_s is None or now_s - self._dry_since_s > BRISK_FOR_S:
            return TICK_S
        return BRISK_TICK_S

    def patience_s(self) -> float:
        """Return how long a connection may be silent before it counts as slow."""
        return SILENCE_S + 3 * self.setup_s + 2 * self.lag_s

    def all_crawl(self, workers: Iterable[Worker], now_s: float) -> bool:
        """Return whether nobody has brought anything to speak of for a while."""
        if any(worker.rate_bps(now_s) >= CRAWL_BPS for worker in workers):
            self._crawls_since_s = None
        elif self._crawls_since_s is None:
            self._crawls_since_s = now_s
        return self._crawls_since_s is not None and now_s - self._crawls_since_s >= CRAWL_S

    def least_bps(self, workers: Sequence[Worker], now_s: float, *, is_limited: bool) -> float:
        """Return what to hope of one more when the only connection is as good as dead, else 0."""
        if len(workers) != 1 or is_limited:
            return 0.0
        return HOPED_BPS if self.all_crawl(workers, now_s) else 0.0

    def rate_of(
        self, workers: Iterable[Worker], usual_bps: float, now_s: float
    ) -> Callable[[Claim], float]:
        """Return a function that tells how fast a claim is being filled."""
        rates: dict[int, float] = {}
        for worker in workers:
            if worker.claim is not None:
                key = id(worker.claim)
                rates[key] = rates.get(key, 0.0) + self._rate(worker, usual_bps, now_s)
        return lambda claim: rates.get(id(claim), 0.0)

    def share(
        self, plan: Plan, workers: Sequence[Worker], now_s: float, least_bps: float
    ) -> Claim | None:
        """Return what one more connection may take of the others' work, or race on.

        ``least_bps`` is what it will surely bring, whatever the others do.
        """
        usual_bps = max(self.usual_bps(workers, now_s), least_bps)
        rate_of = self.rate_of(workers, usual_bps, now_s)
        claim = plan.steal(rate_of, usual_bps, worth_stealing(usual_bps, self.setup_s))
        if claim is None:
            setup_s = self.setup_s + self.lag_s
            claim = plan.race(rate_of, lambda c: worth_racing(c, rate_of(c), usual_bps, setup_s))
        if claim is not None:
            self._dry_since_s = None
        elif self._dry_since_s is None:
            self._dry_since_s = now_s
        return claim

    def _rate(self, worker: Worker, usual_bps: float, now_s: float) -> float:
        silence_s = now_s - worker.last_byte_s
        is_behind = self._is_behind(worker, usual_bps, now_s)
        if worker.received_of_claim == 0:
            return usual_bps if silence_s < self.patience_s() and not is_behind else 0.0
        rate_bps = worker.rate_bps(now_s)
        if now_s - worker.asked_s < YOUNG_S + self.setup_s and not is_behind:
            return max(rate_bps, usual_bps)
        if silence_s > self.patience_s():
            return min(rate_bps, READ_BYTES / silence_s / 8)
        return rate_bps

    def _is_behind(self, worker: Worker, usual_bps: float, now_s: float) -> bool:
        """Return whether a young reply is plainly slower than usual.

        Either all that is left would have been here twice by now, or it has begun and brought
        next to nothing: of the last pieces a straggler shows what it is before ``YOUNG_S``.
        """
        if worker.claim is None or usual_bps <= 0:
            return False
        late_s = now_s - worker.asked_s - 2 * (self.setup_s + self.lag_s) - MARGIN_S
        if 0 < worker.received_of_claim < usual_bps * late_s / LAGGARD_PART:
            return True
        return late_s > 2 * worker.claim.remaining / usual_bps

    def laggards(self, workers: Sequence[Worker], now_s: float) -> Iterator[Worker]:
        """Yield those far slower than their siblings, which others should replace.

        When replacements are often as slow, the server means it: no more.
        """
        for worker in workers:
            if self._in_vain >= MOST_IN_VAIN or not self._lags(worker, workers, now_s):
                continue
            if self._newest_at_first is None:
                self._newest_at_first = max(other.number for other in workers)
            self._in_vain += worker.number > self._newest_at_first
            yield worker

    def _lags(self, worker: Worker, workers: Sequence[Worker], now_s: float) -> bool:
        if worker.claim is None or worker.is_dropped or worker.claim.workers > 1:
            return False
        if now_s - worker.asked_s < LAGGARD_AGE_S + 2 * (self.setup_s + self.lag_s):
            return False
        siblings = [
            other.rate_bps(now_s)
            for other in workers
            if other.source is worker.source and other.received_of_claim > 0
        ]
        if len(siblings) < LEAST_SIBLINGS:
            return False
        rate_bps = 0.0 if now_s - worker.last_byte_s > self.patience_s() else worker.rate_bps(now_s)
        is_worth_it = worker.claim.remaining > rate_bps * LAGGARD_LEFT_S
        return is_worth_it and rate_bps * LAGGARD_PART < median(siblings)

    def losers(self, workers: Iterable[Worker], now_s: float) -> Iterator[Worker]:
        """Yield those who race on a claim and have fallen behind the other."""
        for worker in workers:
            claim = worker.claim
            if claim is None or claim.workers < 2 or worker.is_dropped:
                continue
            age_s = now_s - worker.asked_s
            behind = claim.position - worker.cursor
            if worker.received_of_claim == 0:
                if age_s > 2 * self.patience_s() and now_s - worker.last_byte_s > SILENCE_S:
                    yield worker
            elif behind > LOSER_LAG_BYTES:
                yield worker
