"""Whether a finished file is still what its source has. One request, no body.

Must not change records or files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.model import DownloadRecord, Status, Validators
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.source import LinkSource
from tui_dl.net.client import HttpClient
from tui_dl.net.cookies import job_jar
from tui_dl.net.identity import read_head, same_version

if TYPE_CHECKING:
    from tui_dl.engine.job import JobTools

LONGEST_WAIT_S = 10.0
"""For the answer. The file is here; what is asked is a courtesy to the user."""


async def recheck(record: DownloadRecord, tools: JobTools) -> bool | None:
    """Return whether a completed download is in place and its source unchanged.

    ``None`` when the source does not tell.
    """
    if not await tools.pools.run(tools.pools.disk, is_in_place, record):
        return False
    return await is_same_at_source(record, tools.around.client, tools.config)


def is_in_place(record: DownloadRecord) -> bool:
    """Return whether the published file is there and nobody has written to it since."""
    if record.status is not Status.COMPLETED or record.name is None:
        return False
    try:
        status = (Path(record.directory) / record.name).stat(follow_symlinks=False)
    except OSError:
        return False
    return status.st_size == record.total_bytes and status.st_mtime_ns == record.final_modified_ns


async def is_same_at_source(
    record: DownloadRecord, client: HttpClient, config: EngineConfig
) -> bool | None:
    """Return whether the server still has the version that was fetched.

    ``None`` when it does not say: no validators, another status, or out of reach.
    """
    source = LinkSource(
        record.url, record.options, config, record.source, job_jar(), secrets_for=record.url
    )
    try:
        reply = await client.open(source.request(0, 1, Validators(), LONGEST_WAIT_S))
    except TuiDlError:
        return None
    try:
        if reply.status not in (200, 206, 416):
            return None
        head = read_head(reply.status, reply.headers, reply.content_length)
        total = head.content_range.total if head.content_range else head.content_length
        if total is not None and total != record.total_bytes:
            return False
        same = same_version(record.validators, head.validators, rotate=False)
        if same and total is None:
            return None
        return same
    finally:
        await reply.aclose()
