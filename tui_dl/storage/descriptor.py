"""A file descriptor that is never closed under a call in flight.

Must not know what is read or written. A cancelled coroutine does not stop the thread that
writes for it; if the descriptor were closed then, its number would go to the next file
that is opened, and the late write would land there.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

_HELD_BY_ANOTHER = frozenset({errno.EWOULDBLOCK, errno.EAGAIN})


def hold_file(fd: int) -> bool:
    """Lock out other writers of ours until ``fd`` is closed; ``False`` when one is there.

    File systems that know no locks are taken at our word.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD_BY_ANOTHER
    return True


class DrainedDescriptor:
    """An open descriptor, the number of calls that use it, and an orderly end. Thread-safe."""

    __slots__ = ("_closing", "_fd", "_idle", "_in_flight")

    def __init__(self, fd: int) -> None:
        """Take over ``fd``."""
        self._fd = fd
        self._idle = Condition()
        self._in_flight = 0
        self._closing = False

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` has begun."""
        return self._closing

    def enter(self) -> int:
        """Begin a call and return the descriptor for it; ``leave`` must follow.

        Raises:
            RuntimeError: ``close`` has begun.
        """
        with self._idle:
            if self._closing:
                raise RuntimeError("the file is closed")
            self._in_flight += 1
            return self._fd

    def leave(self) -> None:
        """End a call that ``enter`` began."""
        with self._idle:
            self._in_flight -= 1
            if self._closing and not self._in_flight:
                self._idle.notify_all()

    @contextmanager
    def in_use(self) -> Iterator[int]:
        """Give the descriptor for the length of the block.

        Raises:
            RuntimeError: ``close`` has begun.
        """
        fd = self.enter()
        try:
            yield fd
        finally:
            self.leave()

    def close(self) -> None:
        """Refuse new calls, wait until those in flight are done, close. Idempotent.

        Raises:
            OSError: the file system reported a lost write at the close.
        """
        with self._idle:
            self._closing = True
            while self._in_flight:
                self._idle.wait()
            fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
