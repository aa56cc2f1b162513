"""Where a finished file goes, and its way there before the download counts as completed.

What cannot be moved stays where it is and is done all the same; the record says why.
Must not touch files itself: ``carrying.py`` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.errors import DiskError, ErrorCode, TuiDlError
from tui_dl.domain.model import DownloadRecord, Moving
from tui_dl.engine.carrying import carry_file
from tui_dl.storage.publish import numbered_names

if TYPE_CHECKING:
    from tui_dl.engine.config import EngineConfig
    from tui_dl.engine.job import Job


def folder_of_finished(record: DownloadRecord, config: EngineConfig) -> str | None:
    """Return the folder that a finished file goes to, ``None`` when it stays.

    The download's own word comes first, then that of the category whose folder it is in,
    then the setting, which is about the default folder.
    """
    wanted = record.options.move_to
    if wanted is None:
        own = (c.move_to for c in config.categories if c.folder == record.directory and c.move_to)
        of_default = config.move_to if record.directory == str(config.directory) else None
        wanted = next(own, of_default)
    return wanted if wanted and wanted != record.directory else None


async def deliver(job: Job) -> None:
    """Move a published file to where finished ones go. Never replaces: it takes a free name.

    A pause or the end of the process gives a copy up; the next run begins it again.
    """
    record = job.record
    wanted = folder_of_finished(record, job.tools.config)
    if wanted is None or record.loaded_in or record.part is None or record.name is None:
        return
    job.note(f"Moving it to {wanted}.")
    try:
        for name in numbered_names(record.name):
            try:
                await carry_file(
                    job,
                    record.name,
                    Moving(wanted, name, name, record.part),
                    {"loaded_in": record.directory},
                    lambda: job.stopping is not None,
                )
            except DiskError as error:
                if error.code is not ErrorCode.NAME_TAKEN:
                    raise
            else:
                return
    except TuiDlError as error:
        if job.record.moving is not None:
            raise  # nobody knows yet where it is
        job.change(remark=f"It stays in {Path(record.directory)}: {error.message}")
        job.note(job.record.remark)
