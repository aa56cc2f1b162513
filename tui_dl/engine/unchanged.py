"""Whether a file that is here already is still the server's (``--conditional-get``).

Must not write files or change records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from os import stat_result
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.http_dates import parse_http_date
from tui_dl.domain.model import DownloadRecord, Validators
from tui_dl.domain.names import choose_name
from tui_dl.domain.urls import parse_url
from tui_dl.engine.lookup import link_beside
from tui_dl.engine.recheck import is_in_place
from tui_dl.net.identity import Head, read_head

if TYPE_CHECKING:
    from tui_dl.engine.job import Job

NOT_MODIFIED = 304


async def unchanged_name(job: Job) -> str | None:
    """Return the name of the file that is here and need not be fetched, else ``None``.

    The server is asked with the tag under which the file was fetched, if the list still
    knows it and nobody has edited the file since; else with the date of the file. A server
    that does not answer leaves the question open: then the download itself will tell.
    """
    record = job.record
    if not record.options.conditional_get or record.part is not None:
        return None
    name = choose_name(
        wanted=record.options.out or record.name,
        disposition=None,
        url_target=parse_url(record.url).target,
        fallback=f"download-{record.id[:8]}",
    )
    path = Path(record.directory) / name
    pools = job.tools.pools
    status = await pools.run(pools.disk, _status, path)
    if status is None:
        return None
    known = await pools.run(pools.disk, known_version, job.tools.past(), record.url, path)
    return name if await _is_unchanged(job, status, known) else None


def known_version(records: Iterable[DownloadRecord], url: str, path: Path) -> Validators:
    """Return the validators of the file at ``path`` if it came from ``url`` and was not edited."""
    for record in records:
        is_it = record.url == url and Path(record.directory) / (record.name or "") == path
        if is_it and is_in_place(record):
            return record.validators
    return Validators()


def _status(path: Path) -> stat_result | None:
    try:
        return path.stat() if path.is_file() else None
    except OSError:  # then nothing is here that could be kept
        return None


async def _is_unchanged(job: Job, status: stat_result, known: Validators) -> bool:
    record, tools = job.record, job.tools
    link = link_beside(record.url, record.url, record.options, tools.config, record.source)
    tag = known.etag
    request = replace(
        link.request(0, 1, Validators()),
        if_none_match=tag,
        if_modified_since=None if tag else formatdate(status.st_mtime, usegmt=True),
    )
    try:
        reply = await tools.around.client.open(request)
    except TuiDlError as error:
        job.note(f"Whether the file has changed cannot be asked: {error.message}")
        return False
    try:
        if reply.status == NOT_MODIFIED:
            return True
        if reply.status not in (200, 206):
            return False
        head = read_head(reply.status, reply.headers, reply.content_length)
        return _is_same(head, status, known)
    finally:
        await reply.aclose()


def _is_same(head: Head, status: stat_result, known: Validators) -> bool:
    """Compare what a server says that does not know conditions."""
    total = head.content_range.total if head.content_range else head.content_length
    if total != status.st_size:
        return False
    if known.etag is not None:
        return head.validators.etag == known.etag
    date = parse_http_date(head.validators.last_modified or "")
    return date is not None and date <= datetime.fromtimestamp(status.st_mtime, UTC)
