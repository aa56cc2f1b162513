"""One-use tickets for the event stream (trap S7).

An EventSource cannot send a header, and a token in a URL would be good for everything, for
ever. A ticket opens one stream, once, soon. Must not know HTTP.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

LIFETIME_S = 60.0
MOST_TICKETS = 256


class Tickets:
    """Given to who has shown the token; taken by who opens a stream."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` is monotonic, in seconds."""
        self._clock = clock
        self._good_until_s: dict[str, float] = {}

    def give(self) -> str:
        """Return a fresh ticket; with too many about, the oldest is void."""
        ticket = secrets.token_urlsafe(32)
        self._good_until_s[ticket] = self._clock() + LIFETIME_S
        while len(self._good_until_s) > MOST_TICKETS:
            del self._good_until_s[next(iter(self._good_until_s))]
        return ticket

    def take(self, ticket: str) -> bool:
        """Return whether the ticket is good, and void it."""
        # A look-up in a dict of random keys tells nothing useful by its time.
        return self._good_until_s.pop(ticket, -1.0) >= self._clock()
