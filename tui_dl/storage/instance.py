"""One process owns a data folder. The lock is the kernel's, so a stale one cannot exist.

Must not signal the other process and must not talk to it: it only says who and where.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tui_dl import __version__
from tui_dl.domain.errors import ErrorCode, StateError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.errors import disk_errors

_LOCK_NAME = "lock"
_OWNER_NAME = "instance.json"
# A reader's probe holds the lock for an instant: try again before believing in an owner.
_ATTEMPTS = 10
_PAUSE_S = 0.02

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a data folder. ``None`` is what it did not tell."""

    pid: int | None
    host: str | None
    port: int | None
    started_at: str | None = None
    version: str | None = None
    socket: str | None = None
    """Name of a Unix socket in the folder: a ``get``, which serves other ``get`` only so long
    as it runs itself."""

    @property
    def is_reachable(self) -> bool:
        """Whether other processes can talk to it."""
        return self.socket is not None or (self.host is not None and self.port is not None)


class InstanceLock:
    """The held lock of a data folder. Made by ``InstanceLock.acquire``."""

    def __init__(self, data_dir: Path, fd: int) -> None:
        """Take over the locked descriptor. Use ``acquire`` instead."""
        self._data_dir = data_dir
        self._fd = fd
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    @staticmethod
    def acquire(data_dir: Path) -> InstanceLock:
        """Lock ``data_dir`` (made with mode 0700) for the life of this process.

        Raises:
            StateError: ``STATE_LOCKED``; the sentence names the owner.
            DiskError: the folder cannot be made or locked (some network file systems).
        """
        path = data_dir / _LOCK_NAME
        with disk_errors(doing="locking", path=path):
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(path, flags, 0o600)
            try:
                if not _lock(fd):
                    raise _locked(data_dir, _read_owner_file(data_dir))
                lock = InstanceLock(data_dir, fd)
                lock.set_address(None, None)
            except BaseException:  # a cancel too: undone, then raised again
                os.close(fd)
                raise
        return lock

    def set_address(
        self, host: str | None, port: int | None, *, unix_socket: str | None = None
    ) -> None:
        """Say where the API of this process listens, ``None`` while it does not.

        ``unix_socket`` is the name of a socket in the folder.

        Raises:
            DiskError: instance.json cannot be written.
            RuntimeError: the lock was released.
        """
        if self._fd < 0:
            raise RuntimeError("the lock was released")
        path = self._data_dir / _OWNER_NAME
        content = {
            "pid": os.getpid(),
            "host": host,
            "port": port,
            "started_at": self._started_at,
            "version": __version__,
            "socket": unix_socket,
        }
        with disk_errors(doing="writing", path=path):
            fresh = path.with_name(path.name + ".new")
            fresh.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(fresh, flags, 0o600), "w", encoding="utf-8") as file:
                json.dump(content, file)
            fresh.replace(path)

    def release(self) -> None:
        """Let go. The lock file stays: deleting it would let two processes own one folder."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        with suppress(OSError):  # a stale file without the lock means nothing to readers
            (self._data_dir / _OWNER_NAME).unlink()
        os.close(fd)


def read_owner(data_dir: Path) -> Owner | None:
    """Return who holds ``data_dir``, ``None`` when nobody does. Creates nothing.

    Raises:
        DiskError: the lock cannot be looked at.
    """
    path = data_dir / _LOCK_NAME
    with disk_errors(doing="reading", path=path):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read_owner_file(data_dir)
        finally:
            os.close(fd)  # lets go of the probe as well
    return None


def _lock(fd: int) -> bool:
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < _ATTEMPTS:
                time.sleep(_PAUSE_S)
        else:
            return True
    return False


def _read_owner_file(data_dir: Path) -> Owner:
    try:
        fields = json.loads((data_dir / _OWNER_NAME).read_bytes())
    except (OSError, ValueError):
        fields = None
    if not isinstance(fields, dict):
        return Owner(None, None, None)
    return Owner(
        pid=_kind(fields.get("pid"), int),
        host=_kind(fields.get("host"), str),
        port=_kind(fields.get("port"), int),
        started_at=_kind(fields.get("started_at"), str),
        version=_kind(fields.get("version"), str),
        socket=_kind(fields.get("socket"), str),
    )


def _kind(value: object, kind: type[_Kind]) -> _Kind | None:
    return value if isinstance(value, kind) else None


def _locked(data_dir: Path, owner: Owner) -> StateError:
    who = "Another tui-dl" if owner.version is None else f"tui-dl {owner.version}"
    if owner.pid is not None:
        who += f" (process {owner.pid})"
    where = "its API is off"
    if owner.socket is not None:
        where = "it is a get, and ends with its downloads"
    elif owner.host is not None and owner.port is not None:
        where = f"it listens on {owner.host}:{owner.port}"
    return StateError(
        f"{who} is running with the data folder {data_dir}; {where}.",
        code=ErrorCode.STATE_LOCKED,
    )
