"""Whether a finished file is still what its source has. One request, mostly without a body.

Must not change records or files.
"""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING

from tui_dl.domain.errors import ErrorCode, ReplyRefusedError, TuiDlError
from tui_dl.domain.model import DownloadRecord, Status, Validators
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.source import LinkSource
from tui_dl.net.client import HttpClient
from tui_dl.net.cookies import job_jar
from tui_dl.net.identity import read_head, same_version
from tui_dl.storage.hashing import hash_path

if TYPE_CHECKING:
    from tui_dl.engine.job import JobTools

LONGEST_WAIT_S = 10.0
"""For the answer. The file is here; what is asked is a courtesy to the user."""

MOST_READ_AGAIN = 64 * 1024 * 1024
"""A file that somebody touched is compared with the source up to this size."""


class Place(Enum):
    """What became of a published file."""

    INTACT = "intact"
    TOUCHED = "touched"
    """Same size and date, but something was done to it: an edit can set its date back."""
    GONE = "gone"
    """Not there, or another file by its size or date."""


async def recheck(record: DownloadRecord, tools: JobTools) -> bool | None:
    """Return whether a completed download is in place and its source unchanged.

    ``None`` when the source does not tell. A file that somebody touched has to prove its
    bytes: by the digest that it once had, or byte by byte at the source.
    """
    pools = tools.pools
    place = await pools.run(pools.disk, look_at, record)
    if place is Place.GONE:
        return False
    if place is Place.TOUCHED and record.digest is not None:
        found = await pools.run(pools.hashing, _digest_of, record)
        if found != record.digest.hex:
            return False
    elif place is Place.TOUCHED:
        return await _reads_the_same(record, tools)
    return await is_same_at_source(record, tools.around.client, tools.config)


def is_in_place(record: DownloadRecord) -> bool:
    """Return whether the published file is there and nobody has written to it since."""
    return look_at(record) is Place.INTACT


def look_at(record: DownloadRecord) -> Place:
    """Look at the published file of a record; reads none of its bytes."""
    if record.status is not Status.COMPLETED or record.name is None:
        return Place.GONE
    try:
        status = _path(record).stat(follow_symlinks=False)
    except OSError:
        return Place.GONE
    if (status.st_size, status.st_mtime_ns) != (record.total_bytes, record.final_modified_ns):
        return Place.GONE
    if record.final_changed_ns in (None, status.st_ctime_ns):
        return Place.INTACT
    # A new mode is a reason for a later ctime: scripts make what they fetch executable.
    was_chmodded = S_IMODE(status.st_mode) != S_IMODE(record.final_mode or 0)
    return Place.INTACT if was_chmodded else Place.TOUCHED


def changed_ns(record: DownloadRecord) -> int | None:
    """Return the ctime of the published file, ``None`` when it cannot be had."""
    try:
        return _path(record).stat(follow_symlinks=False).st_ctime_ns
    except OSError:
        return None


def _path(record: DownloadRecord) -> Path:
    return Path(record.directory) / (record.name or "")


def _digest_of(record: DownloadRecord) -> str | None:
    assert record.digest is not None
    algorithm = record.digest.algorithm
    try:
        return hash_path(_path(record), [algorithm], lambda _: True)[algorithm]
    except TuiDlError:  # it went away since we looked
        return None


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


async def _reads_the_same(record: DownloadRecord, tools: JobTools) -> bool:
    """Return whether the source sends, byte by byte, what is in the file."""
    if record.total_bytes is None or record.total_bytes > MOST_READ_AGAIN:
        return False
    source = LinkSource(
        record.url, record.options, tools.config, record.source, job_jar(), secrets_for=record.url
    )
    pools = tools.pools
    try:
        fd = await pools.run(pools.disk, os.open, _path(record), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        reply = await tools.around.client.open(
            source.request(None, None, Validators(), LONGEST_WAIT_S)
        )
        try:
            if reply.status != 200 or reply.headers.get("content-encoding") is not None:
                return False
            compared = _Comparison(fd, tools)
            await reply.pump(compared, idle_timeout_s=LONGEST_WAIT_S)
            return compared.position == record.total_bytes
        finally:
            await reply.aclose()
    except (TuiDlError, OSError):
        return False
    finally:
        await pools.run(pools.disk, os.close, fd)


class _Comparison:
    """A sink that holds a body against a file."""

    def __init__(self, fd: int, tools: JobTools) -> None:
        self.position = 0
        self._fd = fd
        self._pools = tools.pools

    async def feed(self, data: memoryview) -> None:
        """Compare the next bytes.

        Raises:
            ReplyRefusedError: they differ.
        """
        here = await self._pools.run(self._pools.disk, os.pread, self._fd, len(data), self.position)
        if here != data:
            raise ReplyRefusedError("They differ.", code=ErrorCode.RESOURCE_CHANGED)
        self.position += len(data)
