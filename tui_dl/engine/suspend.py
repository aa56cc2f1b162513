"""Noticing that this process was not there for a while: a suspend, or a halt (trap D14).

The monotonic clock stands still in a suspend, so timeouts do not see it; the boot clock goes
on. Must not act.
"""

from __future__ import annotations

import time

ABSENT_S = 10.0


def boot_s() -> float:
    """Return seconds that go on in a suspend, where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Presence:
    """Looked at several times a second while something moves."""

    def __init__(self) -> None:
        self._looked_s = boot_s()

    def was_away(self) -> bool:
        """Return whether much time has gone by since the last look."""
        before_s, self._looked_s = self._looked_s, boot_s()
        return self._looked_s - before_s > ABSENT_S
