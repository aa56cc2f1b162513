"""How a run opens: its links, its part file with a name, the target as a transfer sees it.

Must not write bytes.
"""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_dl.domain.categories import category_of
from tui_dl.domain.content_disposition import parse_content_disposition
from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.names import choose_name
from tui_dl.domain.units import format_size
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.cookie_file import load_cookies
from tui_dl.engine.source import LinkSource
from tui_dl.engine.sources import Sources
from tui_dl.engine.target import FileTarget
from tui_dl.net.reply import Reply
from tui_dl.storage.claim import device_of_folder, set_stranger_aside
from tui_dl.storage.part_file import PartFile

if TYPE_CHECKING:
    from tui_dl.engine.job import Job


def links_of(record: DownloadRecord, config: EngineConfig) -> Sources:
    """Return the link of a record and its mirrors.

    Raises:
        UsageError: the cookie file cannot be read.
    """
    options = record.options
    cookies = load_cookies(options.cookie_file)
    return Sources(
        [
            LinkSource(url, options, config, record.source, cookies, secrets_for=record.url)
            for url in dict.fromkeys((record.url, *options.mirrors))
        ],
        has_digest=bool(options.digests or options.checksum_from or options.pieces),
    )


async def keep_cookies(job: Job, sources: Sources | None) -> None:
    """Write the cookies of a run where the user wants them."""
    path = job.record.options.save_cookies
    if path is None or sources is None:
        return
    from tui_dl.engine.cookie_file import write_cookies

    try:
        pools = job.tools.pools
        await pools.run(pools.disk, write_cookies, path, list(sources.primary.cookies))
    except OSError as error:
        job.note(f"The cookies cannot be saved in {path}: {error.strerror}.")


def name_for(record: DownloadRecord, reply: Reply) -> str:
    """Return the safe name: the user's, an earlier run's, the server's, or the URL's."""
    dispositions = reply.headers.raw("content-disposition")
    return choose_name(
        wanted=record.options.out or record.name,
        disposition=parse_content_disposition(dispositions[0]) if dispositions else None,
        url_target=parse_url(record.url).target,
        content_type=reply.headers.get("content-type"),
        fallback=f"download-{record.id[:8]}",
    )


def folder_for(record: DownloadRecord, name: str, config: EngineConfig) -> Path:
    """Return where a file goes: what was left to the default folder, by its category."""
    if record.directory == str(config.directory):
        category = category_of(name, config.categories)
        if category is not None:
            return Path(category.folder)
    return Path(record.directory)


async def make_part(
    job: Job,
    target: FileTarget,
    name: str,
    total: int | None,
    **learned: Any,
) -> None:
    """Make the part file; ``learned`` are further changes of the record.

    A small one stays without a name at first, and the record knows nothing of it.

    Raises:
        StateError, DiskError: no room, or the catalog or the folder takes nothing.
    """
    assert job.plan is not None
    folder = folder_for(job.record, name, job.tools.config)
    try:
        part = await target.prepare(folder, name, total)
    except DiskError:
        job.change(total_bytes=total)  # it does not fit: known is when it will
        raise
    learned.setdefault("total_bytes", total)
    if job.tools.landing.takes(part, total):
        job.change(directory=str(folder), name=part.name, **learned)
        target.use_unnamed(job.plan)
    else:
        await _name_part(job, target, part, folder, **learned)
        if total != 0:  # an empty part makes way for another version, which tells of itself
            _note_part(job, part, total)


async def name_part(job: Job, target: FileTarget) -> None:
    """Give a part its name that has none yet: it may not be whole for a while.

    Raises:
        StateError, DiskError: the catalog or the folder takes nothing; ``PART_CHANGED`` when
            the file system cannot name it, and its bytes are lost.
    """
    if not target.is_unnamed:
        return
    assert target.part is not None
    with job.tools.landing.watching():
        await _name_part(job, target, target.part, target.part.directory)
    _note_part(job, target.part, job.record.total_bytes)


async def _name_part(
    job: Job, target: FileTarget, part: PartFile, folder: Path, **learned: Any
) -> None:
    """Name a part in its folder once record and journal know it.

    So a kill leaves no part that nobody owns, and none that looks touched by others.
    """
    assert job.plan is not None
    is_placed = False
    while not is_placed:
        await job.change_now(
            directory=str(folder),
            name=part.name,
            part_name=part.part_name,
            part=part.identity,
            **learned,
        )
        await target.keep_journal(job.record, job.plan)
        is_placed = await target.place()


def _note_part(job: Job, part: PartFile, total: int | None) -> None:
    size = "of unknown size" if total is None else f"of {format_size(total)}"
    job.note(f"The server sends a file {size}; it grows as {part.part_name}.")


async def clear_place(job: Job, target: FileTarget) -> None:
    """Delete a part that proves nothing any more; a file that came in its place is kept aside.

    So the download gets its own name again, and nobody loses bytes.
    """
    try:
        await target.discard()
        await _make_way(job)
    except DiskError as failed:
        job.note(failed.message)


async def _make_way(job: Job) -> None:
    """Set a file aside that came in the place of the part.

    Raises:
        DiskError: the folder may not be changed.
    """
    record, pools = job.record, job.tools.pools
    folder, part_name, name = Path(record.directory), record.part_name, record.name
    if part_name is None or name is None or part_name == name:
        return
    aside = await pools.run(pools.disk, set_stranger_aside, folder, part_name, name)
    if aside is not None:
        job.note(f"What was in its place is kept as {folder / aside}.")


class Opening:
    """A file target whose ``begin`` goes through the run."""

    def __init__(
        self, target: FileTarget, begin: Callable[[Reply, int | None], Awaitable[None]]
    ) -> None:
        self._target = target
        self._begin = begin
        self.write_now = target.write_now
        self.write_pipe = target.write_pipe
        self.write_later = target.write_later
        self.read_back = target.read_back

    @property
    def takes_pipes(self) -> bool:
        """Whether ``write_pipe`` may be called."""
        return self._target.takes_pipes

    @property
    def is_quick(self) -> bool:
        """Whether ``write_now`` may be called."""
        return self._target.is_quick

    async def begin(self, reply: Reply, total: int | None) -> None:
        """Make the part file ready."""
        await self._begin(reply, total)


async def may_begin_again(job: Job, target: FileTarget, error: DiskError) -> bool:
    """Return whether losing the part costs only bytes: replaced, or deleted from its folder.

    Raises:
        DiskError: ``TARGET_LOST``: another disk is where the part was (trap D2). Its own may
            come back, and what is there now, perhaps a bare mount point, must not be filled.
    """
    # A stale handle (NFS) says nothing of the file: opened again, it may be as it was.
    is_stale = getattr(error.__cause__, "errno", None) in (errno.ESTALE, errno.ENODEV)
    is_changed = error.code is ErrorCode.PART_CHANGED
    if not is_changed and (is_stale or error.code is not ErrorCode.TARGET_LOST):
        return False
    record, pools = job.record, job.tools.pools
    device = await pools.run(pools.disk, device_of_folder, Path(record.directory))
    own_device = await pools.run(pools.disk, target.device_of_part, record)
    if device is not None and own_device is not None and device != own_device:
        raise DiskError(
            f"{record.directory} is on another disk than {record.part_name} was. "
            "Mount the right one, then resume.",
            code=ErrorCode.TARGET_LOST,
        ) from error
    return is_changed or device is not None
