"""The last step of a download: its file has its name, and its record says so; or it is wrong.

Must not write, verify or publish bytes.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.engine.delivery import deliver
from tui_dl.engine.old_part import OldPartKeeper
from tui_dl.engine.target import FileTarget

if TYPE_CHECKING:
    from tui_dl.engine.job import Job


async def complete(
    job: Job, old: OldPartKeeper, assurance: Assurance, status: os.stat_result | None = None
) -> None:
    """Move the file where finished ones go, and say completed once the catalog has it.

    What is kept of ``old`` goes before. ``status`` is that of the file under its
    name, if somebody has looked already.

    Raises:
        StateError, DiskError: the catalog cannot be written, or the file is not there.
    """
    landed_in = job.record.directory
    await deliver(job)
    await old.drop()
    if status is None or job.record.directory != landed_in:
        final = Path(job.record.directory) / (job.record.name or "")
        status = await job.tools.pools.run(job.tools.pools.disk, final.stat)
    job.count_time()
    completed = replace(
        job.record,
        status=Status.COMPLETED,
        total_bytes=status.st_size,
        synced=RangeSet([Range(0, status.st_size)]),
        assurance=assurance,
        failure=None,
        completed_at=datetime.now(UTC),
        final_modified_ns=status.st_mtime_ns,
        final_changed_ns=status.st_ctime_ns,
        final_mode=status.st_mode,
    )
    await job.tools.save_now(completed)
    job.note("Completed.")
    job.must_apply(
        Event.VERIFIED,
        total_bytes=completed.total_bytes,
        synced=completed.synced,
        assurance=assurance,
        failure=None,
        completed_at=completed.completed_at,
        final_modified_ns=completed.final_modified_ns,
        final_changed_ns=completed.final_changed_ns,
        final_mode=completed.final_mode,
    )


async def quarantine(job: Job, target: FileTarget) -> None:
    """Put bytes aside that a digest refuses, so that nothing of them is taken for the file.

    Raises:
        DiskError: the part cannot be renamed.
    """
    aside = await target.put_aside()
    job.note(f"The bytes that do not agree were put aside as {aside}.")
    job.plan = None
    job.change(part=None, part_name=None, synced=RangeSet())
