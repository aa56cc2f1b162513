"""Tells the journal when the part was written last, so that a write by others can be seen.

Before a write the journal gets the wall time; soon after it the file's own time of change,
exact to the nanosecond, unless more is under way. So after a kill the least edit shows.
Must not write to the part. All calls but ``before`` belong to the engine's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, time_ns

from tui_dl.storage.journal import WrittenJournal
from tui_dl.storage.part_file import PartFile
from tui_dl.storage.tampering import was_touched_since

PAUSE_S = 0.05
"""Between two looks at the file: a look costs as much as ten notes (7 us measured), and writes
come by the thousand. Only an edit so soon behind a kill could pass for our own last write."""

FRESH_NS = 50_000_000
"""A noted time stands for the writes of so long: far less than what is allowed for a late one."""


class WriteStamps:
    """The times in one journal of one part."""

    def __init__(self) -> None:
        self._part: PartFile | None = None
        self._journal: WrittenJournal | None = None
        self._under_way = 0
        self._looked_s = 0.0
        self._noted_ns = 0
        """What the journal was told last; 0 when the next write has to be noted."""
        self._timer: asyncio.TimerHandle | None = None

    def use_part(self, part: PartFile | None) -> None:
        """Look at this file from now on."""
        self._part = part if part is not None and part.has_local_stamps else None

    def use_journal(self, journal: WrittenJournal | None) -> None:
        """Tell this journal from now on."""
        self._noted_ns = 0
        self._journal = journal

    def before(self, slack_ns: int = 0) -> None:
        """Note that a write is about to begin; one that may take long gets ``slack_ns``."""
        if self._journal is None:
            return
        now_ns = time_ns()
        if not slack_ns and self._noted_ns <= now_ns < self._noted_ns + FRESH_NS:
            return
        self._noted_ns = 0 if slack_ns else now_ns
        self._journal.note_write(now_ns + slack_ns)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Take no look during the block, and one behind it."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self.after()

    def after(self) -> None:
        """Note the file's own time of change, now or a little later."""
        if monotonic() - self._looked_s >= PAUSE_S:
            self._look()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._look_late)

    def stop(self) -> None:
        """Look no more. Idempotent."""
        timer, self._timer = self._timer, None
        self._part = self._journal = None
        if timer is not None:
            timer.cancel()

    def _look_late(self) -> None:
        self._timer = None
        self._look()

    def _look(self) -> None:
        if self._under_way or self._part is None or self._journal is None:
            return
        self._looked_s = monotonic()
        changed_ns = self._part.changed_ns()
        # Later than our own write explains: somebody else's, and not to be taken for ours.
        if not was_touched_since(changed_ns, self._journal.last_write_ns, is_exact=False):
            self._noted_ns = 0
            self._journal.note_rest(changed_ns)
