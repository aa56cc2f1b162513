"""A way from a socket into a file past this process: a pipe in the kernel (Linux only).

``splice`` hands the pages that arrived to the pipe, and copies them once, into the file;
a read and a write copy them twice. Owns the pipe. Must not know HTTP or files.
"""

from __future__ import annotations

import errno
import os
import sys

PIPE_BYTES = 1024 * 1024
"""What an ordinary user may ask for (``/proc/sys/fs/pipe-max-size``). A page that is hardly
filled takes as much room here as a full one."""

FILL_BYTES = 256 * 1024
"""Most to take in at once, as much as a large buffer holds: a kill loses it, and what the kernel
keeps of the connection."""

_IS_KNOWN = sys.platform == "linux" and hasattr(os, "splice")
_REFUSALS = frozenset({errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP})
"""What a kernel or a sandbox says that does not splice sockets."""


class Pipe:
    """One pipe, made when it is needed. All connections of a loop share it: whoever fills it
    has it emptied within the same callback."""

    __slots__ = ("_ends", "_is_known")

    def __init__(self) -> None:
        self._ends: tuple[int, int] | None = None
        self._is_known = _IS_KNOWN

    def is_ready(self) -> bool:
        """Whether it can be filled; makes it."""
        if self._ends is None and self._is_known:
            try:
                self._ends = os.pipe2(os.O_CLOEXEC)
            except OSError:  # no descriptor is left: the usual way needs none
                return False
            self._grow(self._ends[1])
        return self._ends is not None

    def fill(self, source: int, count: int) -> int:
        """Take up to ``count`` bytes, or ``FILL_BYTES``, out of the socket ``source``.

        0 is the end of its stream, or a kernel that does not do this: then never again.
        What was taken in must be taken out before anybody else fills it.

        Raises:
            BlockingIOError: there is nothing now.
            OSError: the connection is broken.
        """
        assert self._ends is not None
        try:
            count = min(count, FILL_BYTES)
            return os.splice(source, self._ends[1], count, flags=os.SPLICE_F_NONBLOCK)
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            self._is_known = False
            self.close()
            return 0

    @property
    def way_out(self) -> int:
        """The descriptor to take from what ``fill`` took in."""
        assert self._ends is not None
        return self._ends[0]

    def close(self) -> None:
        """Drop the pipe and what is in it; ``is_ready`` makes another."""
        ends, self._ends = self._ends, None
        for end in ends or ():
            os.close(end)

    @staticmethod
    def _grow(fd: int) -> None:
        import fcntl  # not everywhere

        try:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            return  # the user has many large pipes: it stays at 64 KiB
