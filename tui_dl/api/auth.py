"""Who may call: the guard that compares secrets and counts wrong ones.

A secret is compared in constant time and never logged. Must not know HTTP beyond the
bearer form, and must not word refusals.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import field
from enum import StrEnum

from starlette.types import Scope

from tui_dl.api.requests import header, peer_of
from tui_dl.api.tokens import TokenStore
from tui_dl.domain.quick_dataclass import dataclass

__all__ = ["Guard", "TokenStore", "Verdict"]

_BEARER = "Bearer "


class Verdict(StrEnum):
    """What a shown secret is worth."""

    OWNER = "owner"
    """This user's own command line: it may name any folder."""
    CLIENT = "client"
    MISSING = "missing"
    WRONG = "wrong"
    LOCKED = "locked"
    """Too many different wrong secrets from this address: not even looked at."""

    @property
    def is_good(self) -> bool:
        """Whether the request may go on."""
        return self in (Verdict.OWNER, Verdict.CLIENT)


@dataclass(slots=True)
class _Guesses:
    since_s: float
    hashes: set[bytes] = field(default_factory=set)
    locked_until_s: float = 0.0


class Guard:
    """Compares secrets and locks out who guesses (trap S20).

    Only *different* wrong secrets count: a client that repeats an old one for hours, as
    browser extensions do, learns nothing and must not lock out its whole machine.
    """

    MOST_GUESSES = 20
    WINDOW_S = 600.0
    LOCK_S = 60.0
    MOST_PEERS = 1024

    def __init__(
        self,
        token: TokenStore | None,
        clock: Callable[[], float],
        owner: TokenStore | None = None,
    ) -> None:
        """``token`` ``None`` is --no-auth: every caller is a client. ``clock`` is monotonic."""
        self.token = token
        self._owner = owner
        self._clock = clock
        self._peers: OrderedDict[str, _Guesses] = OrderedDict()

    def check(self, peer: str, candidate: bytes | None) -> Verdict:
        """Judge one secret that ``peer`` showed, ``None`` when it showed none."""
        if candidate is not None and self._owner is not None and self._owner.matches(candidate):
            return Verdict.OWNER
        if self.token is None:
            return Verdict.CLIENT
        if candidate is None:
            return Verdict.MISSING
        now_s = self._clock()
        known = self._peers.get(peer)
        if known is not None and now_s < known.locked_until_s:
            return Verdict.LOCKED
        if self.token.matches(candidate):
            return Verdict.CLIENT
        self._count(peer, candidate, now_s)
        return Verdict.WRONG

    def lasting(self, *, is_owner: bool) -> Callable[[], bool]:
        """Return what tells whether a stream that is opened now may still go on.

        It ends once the token was rotated: what was told with the old one is worthless.
        """
        token = None if is_owner else self.token
        if token is None:
            return lambda: True
        shown = token.current()
        return lambda: token.current() == shown

    def check_bearer(self, scope: Scope) -> Verdict:
        """Judge the Authorization field of a request. Its scheme word is case-sensitive."""
        value = header(scope, b"authorization")
        shown = value is not None and value.startswith(_BEARER)
        candidate = value[len(_BEARER) :].encode("latin-1") if shown and value else None
        return self.check(peer_of(scope), candidate)

    def retry_after_s(self, peer: str) -> int:
        """Return how long a locked address has to wait, in whole seconds."""
        known = self._peers.get(peer)
        if known is None:
            return 0
        return max(0, int(known.locked_until_s - self._clock()) + 1)

    def _count(self, peer: str, candidate: bytes, now_s: float) -> None:
        known = self._peers.get(peer)
        if known is None or now_s - known.since_s > self.WINDOW_S:
            known = self._peers[peer] = _Guesses(now_s)
        self._peers.move_to_end(peer)
        while len(self._peers) > self.MOST_PEERS:
            self._peers.popitem(last=False)
        known.hashes.add(hashlib.sha256(candidate).digest()[:8])
        if len(known.hashes) >= self.MOST_GUESSES:
            known.locked_until_s = now_s + self.LOCK_S
            known.hashes.clear()
