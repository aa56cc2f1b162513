"""Who may call: the token file, and the guard that compares and counts.

A token is compared in constant time and never logged. Must not know HTTP beyond the
bearer form, and must not word refusals.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from starlette.types import Scope

from tui_dl.api.requests import header, peer_of
from tui_dl.domain.errors import DiskError, StateError

TOKEN_NAME = "token"
OWNER_NAME = "owner-key"
_BEARER = "Bearer "
_LONGEST = 4096


class TokenStore:
    """One secret in a file that only its owner can read (trap S6)."""

    def __init__(self, path: Path, text: str) -> None:
        """Take over a secret that is in ``path``. Use ``open`` instead."""
        self.path = path
        self._secret = text.encode()
        self._seen = _stamp(path)

    @staticmethod
    def open(path: Path) -> TokenStore:
        """Read the secret of ``path``, or make one of 256 bits on the first use.

        Raises:
            StateError: others can read the file, or it is empty.
            DiskError: it cannot be read or made.
        """
        with _disk_errors(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                # Somebody else may be doing the same: then theirs is the one.
                with contextlib.suppress(FileExistsError):
                    _write(path, secrets.token_urlsafe(32), replace=False)
            return TokenStore(path, read_token(path))

    @staticmethod
    def save(path: Path, text: str | None = None) -> TokenStore:
        """Replace the secret by ``text``, or by a new one of 256 bits.

        Raises:
            DiskError: it cannot be written.
        """
        fresh = secrets.token_urlsafe(32) if text is None else text
        with _disk_errors(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, fresh, replace=True)
        return TokenStore(path, fresh)

    @property
    def text(self) -> str:
        """The secret itself. Print it only when the user asks for it."""
        return self._secret.decode()

    def matches(self, candidate: bytes) -> bool:
        """Compare in constant time. A token rotated by another process counts at once."""
        self._follow()
        return hmac.compare_digest(self._secret, candidate)

    def _follow(self) -> None:
        stamp = _stamp(self.path)
        if stamp is None or stamp == self._seen:
            return
        # A file in the making, or one that others can read: the secret we know stays.
        with contextlib.suppress(OSError, StateError):
            self._secret = read_token(self.path).encode()
            self._seen = stamp


def read_token(path: Path) -> str:
    """Return the secret of a file.

    Raises:
        StateError: others can read it, or it holds no secret.
        OSError: it cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_mode & 0o077:
            raise StateError(
                f"Others can read the token in {path}; make a new one: tui-dl token --rotate"
            )
        text = os.read(fd, _LONGEST).decode("utf-8", "replace").strip()
    finally:
        os.close(fd)
    if not text:
        raise StateError(f"There is no token in {path}; make a new one: tui-dl token --rotate")
    return text


def _write(path: Path, text: str, *, replace: bool) -> None:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    # Born with its mode: a chmod afterwards would leave a moment for others (trap S6).
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            fresh.replace(path)
        else:
            path.hardlink_to(fresh)
    finally:
        fresh.unlink(missing_ok=True)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:  # gone, or out of reach: what we know stays
        return None
    return status.st_ino, status.st_mtime_ns


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskError(f"The token file {path} cannot be used: {error.strerror}.") from error


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
