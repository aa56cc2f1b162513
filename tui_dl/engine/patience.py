"""How often and how long one transfer waits without a byte to show for it.

Owns the count of tries, and how long a silent server is given before the next one: little
at first, for a connection is often dead while its server is well, and more each time. Must
not sleep or send anything.
"""

from __future__ import annotations

from math import ceil

from tui_dl.domain.errors import ErrorCode, TuiDlError
from tui_dl.engine.retry import RetryPolicy

HEAD_STEPS_S = (8.0, 14.0, 20.0, 30.0)
"""For the head of a reply. Three of them are over within a minute."""

SILENCE_STEPS_S = (10.0, 15.0, 20.0, 25.0, 30.0)
"""Inside a body that can be resumed: a new connection costs nothing that is here."""

SILENT_SHARE = 0.375
"""A server that never said a word, for ever longer waits, gets this share of the tries."""

NONSENSE_SHARE = 0.6
"""So does one that is there and sends what cannot be used: waiting mends that seldom."""

AWAY = frozenset(
    {
        ErrorCode.BUSY,
        ErrorCode.CONNECT_REFUSED,
        ErrorCode.CONNECT_FAILED,
        ErrorCode.CONNECTION_LOST,
        ErrorCode.HTTP_STATUS,
    }
)
"""What servers say, or do not, while they are overloaded or started anew: it passes."""

MORE_TRIES_WITH_BYTES = 2
"""For a server that is away and gave bytes in this run: it is known to work."""

BARREN = 2
BARREN_WITH_BYTES = 4
"""Failures in a row; silences cost so much time that two are enough.

A file that comes without a range comes from its start, so it costs again what is here.
"""

AT_ONCE_S = 0.05
"""A link that breaks but moves is tried again at once."""


class Patience:
    """Counts failures in a row; bytes that come in between renew it."""

    def __init__(self, policy: RetryPolicy, done_bytes: int, *, tries_are_own: bool) -> None:
        """``tries_are_own``: the user said how often to try, and means it in all cases."""
        self.tries = 0
        """Failures in a row without progress, and the one that came after it."""
        self.has_moved = False
        """Whether bytes came before the last failure."""
        self.is_barren = False
        """So many failures in a row that something else had better be tried, such as no range."""
        self.is_tired = False
        """The second silence in a row: whoever has another link should turn to it."""
        self._policy = policy
        self.tries_are_own = tries_are_own
        self._done_bytes = done_bytes
        self._has_gained = False
        self._barren = 0

    def failed(self, error: TuiDlError, done_bytes: int, jitter: float) -> float | None:
        """Note that nothing runs any more; return the wait in seconds, ``None`` to give up."""
        self.has_moved = done_bytes > self._done_bytes
        self._has_gained = self._has_gained or self.has_moved
        self._done_bytes = max(self._done_bytes, done_bytes)
        self.tries = 1 if self.has_moved else self.tries + 1
        self._barren = 0 if self.has_moved else self._barren + 1
        is_silent = error.code is ErrorCode.TIMEOUT
        is_dear = done_bytes > 0 and not is_silent
        self.is_barren = self._barren >= (BARREN_WITH_BYTES if is_dear else BARREN)
        self.is_tired = is_silent and self._barren >= BARREN
        most_tries = self._most_tries(error, done_bytes)
        if most_tries and self.tries >= most_tries:
            return None
        delay_s = self._policy.delay_s(error.failure(), self.tries, jitter)
        if delay_s is not None and self.has_moved and error.retry_after_s is None:
            return min(delay_s, AT_ONCE_S)
        return delay_s

    def _most_tries(self, error: TuiDlError, done_bytes: int) -> int:
        """Return how many tries this failure is worth; 0 is endless."""
        policy = self._policy
        most = policy.tries_for(error.code)
        # Who said how often to try, for all or for such a failure, means it.
        if most == 0 or self.tries_are_own or error.code in policy.tries_by_code:
            return most
        if error.code in AWAY:
            return most * policy.away_factor + MORE_TRIES_WITH_BYTES * self._has_gained
        never_spoke = error.code is ErrorCode.TIMEOUT and done_bytes == 0
        return ceil(most * (SILENT_SHARE if never_spoke else NONSENSE_SHARE))

    def renew(self) -> None:
        """Begin to count anew: another link takes over."""
        self.tries = self._barren = 0
        self.is_barren = self.is_tired = False

    def head_s(self, done_bytes: int) -> float:
        """Return how long the head of the next reply may take."""
        return HEAD_STEPS_S[self._step(done_bytes, len(HEAD_STEPS_S))]

    def silence_s(self, done_bytes: int) -> float:
        """Return how long a body that can be resumed may be silent."""
        return SILENCE_STEPS_S[self._step(done_bytes, len(SILENCE_STEPS_S))]

    def _step(self, done_bytes: int, steps: int) -> int:
        return 0 if done_bytes > self._done_bytes else min(self._barren, steps - 1)
