"""Which marks a finished file gets: the server's date, the address that it came from.

Must not write them: that is ``storage/marks.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_dl.domain.http_dates import parse_http_date
from tui_dl.domain.redaction import redacted
from tui_dl.engine.target import FileTarget

if TYPE_CHECKING:
    from tui_dl.engine.job import Job


async def mark(job: Job, target: FileTarget) -> None:
    """Mark a verified file before it gets its name; what cannot be done is a line in the log.

    The attributes are those of freedesktop.org's shared conventions; addresses go in
    without credentials and secret parameters, since attributes are copied with files.
    """
    record, config = job.record, job.tools.config
    options = record.options
    wants_time = config.remote_time if options.remote_time is None else options.remote_time
    date = record.validators.last_modified if wants_time else None
    modified = None if date is None else parse_http_date(date)
    if wants_time and modified is None:
        job.note("The server states no date that could be given to the file.")
    attributes: dict[str, str] = {}
    if config.mark_origin:
        attributes["user.xdg.origin.url"] = redacted(record.final_url or record.url)
        if options.referer:
            attributes["user.xdg.referrer.url"] = redacted(options.referer)
    if modified is None and not attributes:
        return
    problem = await target.mark(modified, attributes)
    if problem is not None:
        job.note(f"The file could not be marked: {problem}.")
