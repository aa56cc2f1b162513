"""Claim a free pair of names, NAME and NAME.part, in an open folder. Also remove what is ours.

A new part is made without a name where the file system can do that (Linux O_TMPFILE), so
that the catalog knows it before it has one: a kill in between leaves no file that nobody owns.

Must not write bytes: ``PartFile`` owns the descriptor that a claim returns.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.storage.descriptor import hold_file
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import entry_status, opened_folder, own_status, sync_folder
from tui_dl.storage.publish import numbered_names, rename_no_replace

PART_SUFFIX = ".part"
_MOST_ASIDE = 1000
_MODE = 0o644
"""Less the umask; a download is never executable."""

_UNNAMED_FLAGS = os.O_RDWR | getattr(os, "O_TMPFILE", 0) | os.O_CLOEXEC
_NO_UNNAMED = frozenset(
    {errno.EISDIR, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOENT, errno.ENOSYS}
)
_LOOK_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CLAIM_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def check_entry_name(name: str) -> str:
    """Return ``name`` if it names an entry of a folder and nothing else.

    Names are made safe in ``domain/names.py``; this is the last gate before the disk.

    Raises:
        ValueError: it is empty, ``.``, ``..``, or holds a slash or a NUL.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"not the name of a file: {name!r}")
    return name


def claim_part(dir_fd: int, name: str) -> tuple[int, str]:
    """Create the part file of the first free name; return its descriptor and that name.

    A name is free when nothing, not even a dangling link, is called so, and NAME.part can
    be created anew.

    Raises:
        DiskError: ``NAME_TAKEN``.
        OSError: the folder takes no new file.
    """
    for candidate in numbered_names(check_entry_name(name)):
        if entry_status(dir_fd, candidate) is not None:
            continue
        try:
            fd = os.open(candidate + PART_SUFFIX, _CLAIM_FLAGS, _MODE, dir_fd=dir_fd)
        except FileExistsError:
            continue
        return fd, candidate
    raise AssertionError("numbered_names ends with an error")


def free_name(dir_fd: int, name: str) -> str:
    """Return the first of ``name``, ``name (1)``... that is free, with and without suffix.

    Raises:
        DiskError: ``NAME_TAKEN``.
    """
    for candidate in numbered_names(check_entry_name(name)):
        if all(entry_status(dir_fd, n) is None for n in (candidate, candidate + PART_SUFFIX)):
            return candidate
    raise AssertionError("numbered_names ends with an error")


def open_unnamed(dir_fd: int) -> int | None:
    """Make a file without a name in an open folder; ``None`` where that cannot be done.

    Raises:
        OSError: the folder takes no new file.
    """
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        return os.open(".", _UNNAMED_FLAGS, _MODE, dir_fd=dir_fd)
    except OSError as error:
        if error.errno in _NO_UNNAMED:
            return None
        raise


def device_of_folder(directory: Path) -> int | None:
    """Return the device that a new file of a folder would be on, ``None`` when it is gone.

    Asked of a file where that is possible: an overlay tells another one of its folders.
    """
    try:
        with opened_folder(directory) as dir_fd:
            try:
                fd = open_unnamed(dir_fd)
            except OSError:  # full, or read-only
                fd = None
            if fd is None:
                return os.fstat(dir_fd).st_dev
            try:
                return os.fstat(fd).st_dev
            finally:
                os.close(fd)
    except DiskError:
        return None


def is_elsewhere(directory: Path, part: PartIdentity) -> bool:
    """Return whether a folder that is there is on another disk than a part of it was.

    Within one boot: after another one a disk may have another number.
    """
    return device_of_folder(directory) not in (None, part.device)


def give_name(dir_fd: int, fd: int, name: str) -> bool:
    """Give the file of ``open_unnamed`` its name; ``False`` where that cannot be done.

    Raises:
        FileExistsError: the name is taken.
    """
    try:
        # By /proc, as open(2) tells: the direct way needs a capability.
        os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=dir_fd, follow_symlinks=True)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def give_free_name(dir_fd: int, fd: int, name: str) -> str:
    """Give the file of ``open_unnamed`` the first free of ``name``, ``name (1)``...; return it.

    Raises:
        DiskError: ``NAME_TAKEN``, or ``PART_CHANGED`` where that cannot be done.
    """
    while True:
        final = free_name(dir_fd, name)
        try:
            if give_name(dir_fd, fd, final):
                return final
        except FileExistsError:
            continue  # somebody was quicker
        raise no_name(final)


def no_name(name: str) -> DiskError:
    """Return the error for a file without a name that cannot get one; its bytes are lost."""
    return DiskError(f"The folder gives no name to {name}.", code=ErrorCode.PART_CHANGED)


def move_part_aside(dir_fd: int, part_name: str, name: str) -> str:
    """Move a part to the first free of NAME.part.old-1, -2...; return that name.

    Raises:
        DiskError: ``NAME_TAKEN``.
        OSError: the rename failed.
    """
    for candidate in aside_names(name):
        try:
            rename_no_replace(dir_fd, part_name, candidate)
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("aside_names ends with an error")


def set_stranger_aside(directory: Path, part_name: str, name: str) -> str | None:
    """Move a plain file that stands where a part of ours was; return its new name, if it moved.

    The place is ours, the file is not: it is kept whole as NAME.part.old-N. A link, a folder,
    a file with a second name and one that another download writes stay where they are.

    Raises:
        DiskError: the folder may not be changed, or the disk failed.
    """
    check_entry_name(part_name)
    with disk_errors(doing="renaming", path=directory / part_name), opened_folder(directory) as fd:
        try:
            stranger = os.open(part_name, _LOOK_FLAGS, dir_fd=fd)
        except OSError:  # nothing, or nothing that may be touched
            return None
        try:
            status = os.fstat(stranger)
            is_plain = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
            if not is_plain or not hold_file(stranger):
                return None
            return move_part_aside(fd, part_name, name)
        finally:
            os.close(stranger)


def aside_names(name: str) -> Iterator[str]:
    """Yield what a part of ``name`` may be called once it is out of the way.

    Raises:
        DiskError: ``NAME_TAKEN`` once none of them was good enough.
    """
    for number in range(1, _MOST_ASIDE):
        yield f"{name}{PART_SUFFIX}.old-{number}"
    raise DiskError(
        f"Too many old partial files of {name} lie about. Delete some of them.",
        code=ErrorCode.NAME_TAKEN,
    )


def remove_owned(
    directory: Path, name: str, identity: PartIdentity, *, durably: bool = False
) -> bool:
    """Delete ``name`` only if it is the file that we created; return whether it was deleted.

    ``durably``: also after a power cut it is gone, so the record may forget it.
    A missing file or folder is not an error: there is nothing left to delete.

    Raises:
        DiskError: the folder may not be changed, or the disk failed.
    """
    check_entry_name(name)
    try:
        with (
            disk_errors(doing="deleting", path=directory / name),
            opened_folder(directory) as dir_fd,
        ):
            if own_status(dir_fd, name, identity) is None:
                return False
            os.unlink(name, dir_fd=dir_fd)
            if durably:
                sync_folder(dir_fd)
            return True
    except DiskError as error:
        if error.code is ErrorCode.TARGET_LOST:
            return False
        raise
