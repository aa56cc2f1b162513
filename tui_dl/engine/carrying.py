"""One file of a download on its way to another place: noted first, then done, then noted again.

A kill in between leaves a note that ``settle_move`` follows. Must not choose places, and must
not stop or start jobs: ``relocate.py`` moves for users, ``delivery.py`` what is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_dl.domain.errors import DiskError, ErrorCode, TuiDlError
from tui_dl.domain.model import Moving, PartIdentity
from tui_dl.storage import carry
from tui_dl.storage.carry import Copy, MoveStoppedError
from tui_dl.storage.space import check_space

if TYPE_CHECKING:
    from tui_dl.engine.job import Job


async def carry_file(
    job: Job,
    old_entry: str,
    moving: Moving,
    changes: Mapping[str, Any],
    is_stopped: Callable[[], bool],
) -> None:
    """Bring the file ``old_entry`` of a job's folder where ``moving`` says, and note it.

    ``changes`` are those of the record once it is there; folder, name and file are added.

    Raises:
        DiskError: the name is taken, the file is gone or not ours, or the disk failed.
        StateError: the record cannot be saved. After either everything is as it was.
    """
    pools = job.tools.pools
    old = Path(job.record.directory) / old_entry
    own = moving.file
    try:
        await job.change_durably(moving=moving)
        identity = await pools.run(pools.disk, carry.by_rename, old, _place(moving), own)
        if identity is None:
            identity = await _by_copy(job, old, own, moving, is_stopped)
    except BaseException as error:  # a stop too: it says nothing about what was done before it
        found = await _arrived(job, old, own)
        if found is None:
            job.change(moving=None)
            if isinstance(error, MoveStoppedError):
                words = "The move was given up."
                raise DiskError(words, code=ErrorCode.NOT_ALLOWED_NOW) from error
            raise
        _note(job, found, changes)
        if not isinstance(error, TuiDlError):
            raise
        job.note(error.message)
    else:
        _note(job, replace(moving, file=identity), changes)


async def settle_move(job: Job) -> None:
    """Find out how far a move came that a kill cut short, and tell the record.

    Raises:
        DiskError: the file may be in a folder that cannot be looked at now.
    """
    record, moving = job.record, job.record.moving
    if moving is None:
        return
    if record.part is None or record.name is None:
        job.change(moving=None)
        return
    is_part = moving.entry != moving.name
    old_entry = (record.part_name or "") if is_part else record.name
    found = await _arrived(job, Path(record.directory) / old_entry, record.part)
    if found is None:
        job.change(moving=None)
        return
    _note(job, found, {"part_name": found.entry} if is_part else _delivered(job))


def _delivered(job: Job) -> dict[str, Any]:
    """Remember where it was asked for, if it was moved there at its end."""
    record = job.record
    by_itself = record.completed_at is None and record.loaded_in is None
    return {"loaded_in": record.directory} if by_itself else {}


async def _by_copy(
    job: Job, old: Path, own: PartIdentity, moving: Moving, is_stopped: Callable[[], bool]
) -> PartIdentity:
    pools = job.tools.pools
    # A copy takes its time; hashes can wait for it, writes cannot.
    copy = await pools.run(pools.hashing, _begin_copy, job, old, _place(moving))
    try:
        await job.change_durably(moving=replace(moving, file=copy.identity))
        await pools.run(pools.hashing, copy.finish, old, own, is_stopped)
    finally:
        await pools.run(pools.disk, copy.close)
    try:
        await pools.run(pools.disk, carry.drop, old, own)
    except DiskError as error:
        job.note(f"The old file is still there: {error.message}")
    return copy.identity


def _begin_copy(job: Job, old: Path, new: Path) -> Copy:
    try:
        size_bytes = old.stat().st_size
    except OSError:
        size_bytes = 0  # whoever opens it will say why
    check_space(new.parent, size_bytes, job.tools.config.min_free_bytes)
    return Copy(new)


async def _arrived(job: Job, old: Path, own: PartIdentity) -> Moving | None:
    moving, pools = job.record.moving, job.tools.pools
    if moving is None:
        return None
    work = (carry.arrived, old, own, _place(moving), moving.file)
    return moving if await pools.run(pools.disk, *work) else None


def _note(job: Job, moving: Moving, changes: Mapping[str, Any]) -> None:
    """Tell the record the new place. Until that is saved, the note of the move finds it."""
    place = {"directory": moving.directory, "name": moving.name, "part": moving.file}
    job.change(**{**changes, **place, "moving": None, "remark": ""})
    job.note(f"Moved to {_place(moving)}.")


def _place(moving: Moving) -> Path:
    return Path(moving.directory) / moving.entry
