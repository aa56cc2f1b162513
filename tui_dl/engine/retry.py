"""When to try again. Pure decisions: the random number comes in.

Must not sleep, and must not count: ``patience.py`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.retry_rules import NO_RULES

LONGEST_RETRY_AFTER_S = 3600.0
"""A server may ask for any wait; after an hour it is worth a look all the same."""

ABSURD_RETRY_AFTER_S = 86_400.0
"""Who names more than a day names no time: a broken clock, or a date at the end of all."""


def asked_wait_s(failure: Failure) -> float | None:
    """Return the wait that a server's Retry-After is worth (trap H28), if any."""
    asked_s = failure.retry_after_s
    if asked_s is None or asked_s > ABSURD_RETRY_AFTER_S:
        return None
    return min(asked_s, LONGEST_RETRY_AFTER_S)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of one download; ``max_tries`` 0 is endless."""

    max_tries: int = 8
    base_s: float = 0.5
    longest_s: float = 20.0
    away_factor: int = 1
    """Servers that are away get so many times ``max_tries``."""
    tries_by_code: Mapping[ErrorCode, int] = field(default_factory=lambda: NO_RULES)
    """Errors with a number of tries of their own, in place of ``max_tries``."""

    def tries_for(self, code: ErrorCode) -> int:
        """Return how many tries in a row an error is worth; 0 is endless."""
        return self.tries_by_code.get(code, self.max_tries)

    def delay_s(self, failure: Failure, tries: int, jitter: float) -> float | None:
        """Return the wait before try number ``tries + 1``, or ``None`` when none can help.

        ``tries`` counts the failures in a row, from 1. ``jitter`` is random in 0..1.
        A server's own Retry-After wins over the backoff, up to an hour.
        """
        if not failure.retryable:
            return None
        backoff_s = min(self.longest_s, self.base_s * 2.0 ** min(tries - 1, 16))
        backoff_s *= 0.5 + jitter / 2
        asked_s = asked_wait_s(failure)
        return backoff_s if asked_s is None else asked_s + jitter * min(1.0, self.base_s)
