"""Give a download another folder, another name, or both, with what it has on the disk.

Owns which of the records' fields change and in which order: the file first, then the
record, and back again if the record cannot be saved. Must not know the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_dl.domain.errors import DiskError, ErrorCode, TuiDlError, UsageError
from tui_dl.domain.model import DownloadRecord, PartIdentity, Status
from tui_dl.domain.names import safe_name
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.job import Job, Stop
from tui_dl.storage import carry
from tui_dl.storage.carry import Carried
from tui_dl.storage.claim import PART_SUFFIX
from tui_dl.storage.folder import entry_status, opened_folder
from tui_dl.storage.space import check_space

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
            core.queue.insert(job.record.id, 0)


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
    record = job.record
    assert record.part is not None
    old = Path(record.directory) / (record.name or "")
    new = Path(wish.directory) / (wish.name or old.name)
    carried = await _begin(job, old, new, record.part, is_stopped)
    # An edit of the user since then is still one: the time of a file that was edited stays unknown.
    changes["part"] = carried.identity
    await _end(job, carried, changes)


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
    new = Path(wish.directory) / f"{name}{PART_SUFFIX}"
    await tools.pools.run(tools.pools.disk, _refuse_taken, new.with_name(name))
    carried = await _begin(job, part.part_path, new, part.identity, is_stopped)
    await _end(job, carried, {**changes, "part": carried.identity, "part_name": new.name})
    if tools.config.checkpoints:
        # The move has touched the file: a journal that does not know that would not be believed.
        await tools.new_target(job.record).settle(job.record, restored.written)


async def _begin(
    job: Job, old: Path, new: Path, identity: PartIdentity, is_stopped: Callable[[], bool]
) -> Carried:
    tools = job.tools

    def work() -> Carried:
        if _device(old.parent) != _device(new.parent):
            check_space(new.parent, old.stat().st_size, tools.config.min_free_bytes)
        return carry.begin(old, new, identity, is_stopped)

    try:
        # A copy takes its time; hashes can wait for it, writes cannot.
        return await tools.pools.run(tools.pools.hashing, work)
    except InterruptedError as error:
        raise DiskError("The move was given up.", code=ErrorCode.NOT_ALLOWED_NOW) from error
    except OSError as error:
        raise DiskError(f"{old} cannot be moved: {error.strerror}.") from error


async def _end(job: Job, carried: Carried, changes: dict[str, Any]) -> None:
    """Note the new place; take the file back if that fails."""
    disk = job.tools.pools.disk
    try:
        await _save(job, changes)
    except TuiDlError:
        await job.tools.pools.run(disk, carried.undo)
        raise
    job.note(f"Moved to {carried.new}.")
    try:
        await job.tools.pools.run(disk, carried.finish)
    except DiskError as error:
        job.note(f"The old file is still there: {error.message}")


async def _save(job: Job, changes: dict[str, Any]) -> None:
    before = {name: getattr(job.record, name) for name in changes}
    try:
        await job.change_durably(**changes)
    except TuiDlError:
        job.change(**before)
        raise


def _refuse_taken(path: Path) -> None:
    if not path.parent.is_dir():
        return
    with opened_folder(path.parent) as dir_fd:
        if entry_status(dir_fd, path.name) is not None:
            raise DiskError(
                f"{path} is there already. It was left alone.", code=ErrorCode.NAME_TAKEN
            )


def _device(folder: Path) -> int | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.stat().st_dev
