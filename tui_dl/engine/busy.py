"""How busy the engine's own thread is: it ran, or it waited for a processor.

On a machine that others use too a thread may be the limit and yet get half of a processor.
Owns one descriptor of ``/proc``. Belongs to the thread that makes it.
"""

from __future__ import annotations

import os
import time


class BusyClock:
    """Counts seconds in which its thread had something to do; only differences mean something."""

    def __init__(self) -> None:
        try:
            self._fd = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # not Linux, or /proc is not there: its CPU time must do
            self._fd = -1

    def __call__(self) -> float:
        """Return the seconds so far."""
        if self._fd < 0:
            return time.thread_time()
        _, waited_ns, _ = os.pread(self._fd, 64, 0).split()
        return time.thread_time() + int(waited_ns) / 1e9

    def close(self) -> None:
        """Give the descriptor back. Idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
