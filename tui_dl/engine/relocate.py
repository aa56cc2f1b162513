"""Give a download another folder, another name, or both, with what it has on the disk.

Owns which of the records' fields change and in which order: the file first, then the
record, and back again if the record cannot be saved. Must not know the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_dl.domain.errors import DiskError, ErrorCode, TuiDlError, UsageError
from tui_dl.domain.model import DownloadRecord, Moving, PartIdentity, Status
from tui_dl.domain.names import safe_name
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.carrying import carry_file, settle_move
from tui_dl.engine.job import Job, Stop
from tui_dl.engine.recheck import Place, changed_ns, look_at
from tui_dl.storage.claim import PART_SUFFIX
from tui_dl.storage.folder import entry_status, opened_folder

if TYPE_CHECKING:
    from tui_dl.engine.core import Core


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a download is to be: an absolute folder and a bare, safe name."""

    directory: str
    name: str | None
    """``None`` while nobody has named it."""
    is_named: bool
    """The user said the name."""


def wish_of(record: DownloadRecord, directory: str | None, name: str | None) -> Wish:
    """Return where a record is to be; what is ``None`` stays.

    Raises:
        UsageError: the folder is not absolute, or no name is left of ``name``.
    """
    if directory is not None and not Path(directory).is_absolute():
        raise UsageError("The target folder must be an absolute path.")
    if name is not None and not name.strip():
        raise UsageError("An empty name is none.")
    wanted = record.name if name is None else safe_name(name, fallback="download")
    return Wish(directory or record.directory, wanted, name is not None)


async def relocate_in(core: Core, record_id: str, directory: str | None, name: str | None) -> None:
    """Give a download another folder or name, with its file; a running one goes on there.

    Raises:
        UsageError: unknown id, a wrong folder or name, or it is being moved already.
        DiskError, StateError: it could not be moved; everything is as it was.
    """
    job, moves = core.job(record_id), core.moves
    wish = wish_of(job.record, directory, name)
    try:
        with moves.holding(record_id):
            await _relocate_stopped(core, job, wish)
    finally:
        core.note_change(job)
        core.fill_slots()


def settle_moves(core: Core) -> None:
    """Look for what an earlier process was moving when it was killed; nothing waits for it."""
    for job in core.jobs.values():
        if job.record.moving is not None:
            task = asyncio.create_task(_settle_one(core, job), name="settle move")
            core.moves.tasks.add(task)
            task.add_done_callback(core.moves.tasks.discard)


async def _settle_one(core: Core, job: Job) -> None:
    try:
        with core.moves.holding(job.record.id):
            await settle_move(job)
    except TuiDlError as error:
        job.note(error.message)
    core.note_change(job)
    core.fill_slots()


async def _relocate_stopped(core: Core, job: Job, wish: Wish) -> None:
    """Let a running job leave, move it, and queue it again, first of all, whatever came of it."""
    had_slot = job.is_active
    if had_slot:
        job.stop(Stop.INTERRUPT)
        await job.wait_stopped()
    try:
        await relocate(job, wish, lambda: core.moves.are_stopped)
    finally:
        if had_slot:
            core.queue.release(job.record.id)
        if had_slot and job.record.status is Status.QUEUED:
            core.queue.put_first(job.record.id)


async def relocate(job: Job, wish: Wish, is_stopped: Callable[[], bool]) -> None:
    """Move what a job that is not active has on the disk, and change its record.

    Raises:
        DiskError: the name is taken, the file is gone or not ours, or the disk failed.
        StateError: the record cannot be saved.
    """
    record = job.record
    options = replace(record.options, out=wish.name) if wish.is_named else record.options
    changes: dict[str, Any] = {"directory": wish.directory, "options": options}
    if wish.name is not None and record.name is not None:
        changes["name"] = wish.name
    await settle_move(job)
    record = job.record
    if (wish.directory, wish.name) == (record.directory, record.name) or record.part is None:
        await _save(job, changes)
        return
    if record.status is Status.COMPLETED:
        await _carry_finished(job, wish, changes, is_stopped)
    else:
        await _carry_part(job, wish, changes, is_stopped)


async def _carry_finished(
    job: Job, wish: Wish, changes: dict[str, Any], is_stopped: Callable[[], bool]
) -> None:
    record, pools = job.record, job.tools.pools
    is_intact = await pools.run(pools.disk, look_at, record) is Place.INTACT
    name = wish.name or record.name or ""
    moving = Moving(wish.directory, name, name, _file_of(record))
    # An edit of the user since then is still one: the time of a file that was edited stays unknown.
    await carry_file(job, record.name or "", moving, changes, is_stopped)
    if is_intact:  # the move itself has touched it
        job.change(final_changed_ns=await pools.run(pools.disk, changed_ns, job.record))


async def _carry_part(
    job: Job, wish: Wish, changes: dict[str, Any], is_stopped: Callable[[], bool]
) -> None:
    """Move a partial file with what is known to be in it."""
    record, tools = job.record, job.tools
    target = tools.new_target(record)
    try:
        restored = await target.restore(record)
        part = target.part
        is_published = restored.published_name is not None
    finally:
        await target.close()
    if is_published:
        raise DiskError("It is as good as done: resume it first.", code=ErrorCode.NOT_ALLOWED_NOW)
    if part is None:  # the record knew of a part that never came to be
        await _save(job, {**changes, "part": None, "part_name": None, "synced": RangeSet()})
        return
    name = wish.name or part.name
    entry = f"{name}{PART_SUFFIX}"
    await tools.pools.run(tools.pools.disk, _refuse_taken, Path(wish.directory) / name)
    if part.identity != record.part:
        job.change(part=part.identity)  # a reboot gave its disk another number
    moving = Moving(wish.directory, name, entry, part.identity)
    await carry_file(job, part.part_name, moving, {**changes, "part_name": entry}, is_stopped)
    if tools.config.checkpoints:
        # The move has touched the file: a journal that does not know that would not be believed.
        await tools.new_target(job.record).settle(job.record, restored.written)


async def _save(job: Job, changes: dict[str, Any]) -> None:
    before = {name: getattr(job.record, name) for name in changes}
    try:
        await job.change_durably(**changes)
    except TuiDlError:
        job.change(**before)
        raise


def _file_of(record: DownloadRecord) -> PartIdentity:
    assert record.part is not None
    return record.part


def _refuse_taken(path: Path) -> None:
    if not path.parent.is_dir():
        return
    with opened_folder(path.parent) as dir_fd:
        if entry_status(dir_fd, path.name) is not None:
            raise DiskError(
                f"{path} is there already. It was left alone.", code=ErrorCode.NAME_TAKEN
            )
