"""The secrets of the port as files: made once, readable by their owner only (trap S6).

Must not know HTTP: commands that only print or show a token load this and no server.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from tui_dl.domain.errors import DiskError, StateError

TOKEN_NAME = "token"
"""What other programs are given."""
OWNER_NAME = "owner-key"
"""What this user's own command line shows: made anew by each server, told to nobody."""
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

    def current(self) -> bytes:
        """Return the secret as of now, to notice that it was rotated. Never show it."""
        self._follow()
        return self._secret

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
