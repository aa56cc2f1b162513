"""A wall clock that is put forward and back while files keep the times that they got.

The kernel stamps files by the clock that is put; here the clock of tests is put beside it,
and the stamps of parts are read by the same rule. Must not touch the monotonic clock.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui_dl.engine import restored, steward, witness, write_stamps
from tui_dl.engine.world import World
from tui_dl.storage import tampering
from tui_dl.storage.part_file import PartFile

SECOND_NS = 1_000_000_000


class SetClock:
    """All times that the clock was put; kept in a file, so that a killed process finds them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._puts: list[tuple[int, int]] = []
        """Real moments, and how far the clock is ahead since then; nanoseconds."""
        if path.exists():
            self._puts = [(at, ahead) for at, ahead in json.loads(path.read_text())]

    def put(self, by_ns: int) -> None:
        """Put the clock forward, or back."""
        now_ns = time.time_ns()
        self._puts.append((now_ns, self._ahead(now_ns) + by_ns))
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._puts))
        fresh.replace(self._path)

    def shown(self, real_ns: int) -> int:
        """Return what the clock showed at a real moment."""
        return real_ns + self._ahead(real_ns)

    def _ahead(self, real_ns: int) -> int:
        return next((ahead for at, ahead in reversed(self._puts) if at <= real_ns), 0)

    def now(self) -> datetime:
        """Return the time as the clock shows it."""
        return datetime.fromtimestamp(self._now_ns() / SECOND_NS, UTC)

    def _now_ns(self) -> int:
        return self.shown(time.time_ns())

    def install(self, patch: pytest.MonkeyPatch) -> World:
        """Have stamps and notes read by this clock; return the world for an engine."""
        changed_ns, boot_ns = PartFile.changed_ns, tampering._boot_time_ns

        def booted() -> int | None:
            real_ns = boot_ns()
            return None if real_ns is None else real_ns + self._ahead(time.time_ns())

        for module in (witness, restored, write_stamps):
            patch.setattr(module, "time_ns", self._now_ns)
        patch.setattr(PartFile, "changed_ns", lambda part: self.shown(changed_ns(part)))
        patch.setattr(tampering, "_boot_time_ns", booted)
        patch.setattr(steward, "LONGEST_SLEEP_S", 0.05)
        return World(now=self.now)
