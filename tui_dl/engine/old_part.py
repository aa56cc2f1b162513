"""How long the partial file of an older version is kept: until the new version has passed it.

Owns ``old_part`` of one job's record. Must not touch the part that is being filled, beyond
moving it out of the way.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import DownloadRecord, OldPart
from tui_dl.domain.ranges import RangeSet
from tui_dl.domain.units import format_size
from tui_dl.engine.target import FileTarget
from tui_dl.storage.claim import remove_owned
from tui_dl.storage.old_part import Settled, free_aside_name, settle_old_part

if TYPE_CHECKING:
    from tui_dl.engine.job import Job


def kept_words(record: DownloadRecord) -> str:
    """Return a sentence about what is kept of an older version; empty when nothing is."""
    old = record.old_part
    if old is None:
        return ""
    size = format_size(old.written.total)
    return f"{size} of an older version are kept as {Path(old.directory) / old.name}."


class OldPartKeeper:
    """At most one old part for each download: the one with the most bytes."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @property
    def kept_bytes(self) -> int:
        """How much the old part holds; 0 when there is none."""
        old = self._job.record.old_part
        return 0 if old is None else old.written.total

    async def settle(self) -> None:
        """Find what an earlier process left, also one that was killed on the way."""
        old = self._job.record.old_part
        if old is not None:
            try:
                await self._bring_to_place(old)
            except DiskError as error:  # it costs room at most
                self._job.note(error.message)

    async def take(self, target: FileTarget, written: RangeSet, **changes: Any) -> None:
        """Move the open part out of the way; the record takes ``changes`` in the same step.

        ``written`` is what of it is data. A smaller old part gives way.

        Raises:
            StateError, DiskError: the catalog or the folder cannot be changed.
        """
        job, record = self._job, self._job.record
        assert record.name is not None
        assert record.part is not None
        assert record.part_name is not None
        # The claim survives a power cut, so the bytes have to.
        await target.sync()
        await self.drop()
        folder = Path(record.directory)
        name = await job.tools.pools.run(job.tools.pools.disk, free_aside_name, folder, record.name)
        old = OldPart(record.directory, name, record.part_name, record.part, written)
        await job.change_durably(old_part=old, part=None, part_name=None, **changes)
        await target.let_go_of_part()
        await self._bring_to_place(old)
        job.note(kept_words(job.record) or "Nothing of the old version is left.")

    async def note_synced(self, synced: RangeSet) -> None:
        """Let the old part go once more of the new version is safe than there was of it."""
        if synced.total > self.kept_bytes:
            await self.drop()

    async def made_room(self, error: DiskError) -> bool:
        """Delete the old part when the disk is full; whether that may have helped."""
        if error.code is not ErrorCode.DISK_FULL or self._job.record.old_part is None:
            return False
        self._job.note(f"{error.message} The older version is deleted to make room.")
        return await self.drop()

    async def drop(self) -> bool:
        """Delete the old part if it is still ours; ``False`` when it cannot be deleted."""
        job, old = self._job, self._job.record.old_part
        if old is None:
            return True
        pools = job.tools.pools
        # The record forgets it next: a power cut must not bring the file back to nobody.
        remove = partial(remove_owned, durably=True)
        try:
            await pools.run(pools.disk, remove, Path(old.directory), old.name, old.part)
        except DiskError as error:
            job.note(error.message)
            return False
        job.change(old_part=None)
        return True

    async def _bring_to_place(self, old: OldPart) -> None:
        job = self._job
        pools, folder = job.tools.pools, Path(old.directory)
        at_source = job.record.part is None

        def settle(old: OldPart) -> Settled:
            return settle_old_part(old, may_be_at_source=at_source)

        while (found := await pools.run(pools.disk, settle, old)) is Settled.NAME_TAKEN:
            name = job.record.name or old.came_from
            free = await pools.run(pools.disk, free_aside_name, folder, name)
            old = replace(old, name=free)
            await job.change_durably(old_part=old)
        if found is Settled.GONE:
            job.change(old_part=None)
