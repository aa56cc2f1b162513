"""When written bytes become synced bytes. Owns the order: data first, then the claim.

Must not write data itself. The journal notes what is written as it happens; here every
few seconds, or some hundred MiB, the part is synced and only then the catalog is told.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.plan import Plan
from tui_dl.engine.target import FileTarget

LOOK_S = 1.0


class Claimant(Protocol):
    """Whose record says what survives a power cut."""

    async def name_part(self) -> None:
        """Give the part a name and a journal; return once it has them."""

    async def note_synced(self, synced: RangeSet) -> None:
        """Claim bytes that are on stable storage; return once the claim is there too."""


class Checkpointer:
    """The ticking part of one run."""

    def __init__(
        self, claimant: Claimant, target: FileTarget, plan: Plan, config: EngineConfig
    ) -> None:
        self._claimant = claimant
        self._target = target
        self._plan = plan
        self._config = config
        self._synced_bytes = plan.done_bytes
        self._synced_s = 0.0

    async def run(self) -> None:
        """Look each second until cancelled.

        Raises:
            DiskError: the part was lost, moved or shortened, or a sync failed.
        """
        loop = asyncio.get_running_loop()
        self._synced_s = loop.time()
        while True:
            await asyncio.sleep(LOOK_S)
            if self._target.part is None:
                continue
            if self._target.is_unnamed:  # it is not here within a moment after all
                await self._claimant.name_part()
            await self._target.check(self._plan.total)
            fresh = self._plan.done_bytes - self._synced_bytes
            late = loop.time() - self._synced_s >= self._config.sync_interval_s
            if self._config.checkpoints and fresh and (late or fresh >= self._config.sync_bytes):
                await self.commit()
                self._synced_s = loop.time()

    async def commit(self) -> None:
        """Sync what is written now, then claim it.

        Raises:
            DiskError: the sync failed: the bytes since the last one are lost.
        """
        written = self._plan.written()
        await self._target.sync()
        self._synced_bytes = written.total
        # A catalog that takes nothing now is no reason to stop: its lane tries again.
        with suppress(TuiDlError):
            await self._claimant.note_synced(written)
