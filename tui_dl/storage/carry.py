"""Take a file of ours to another folder or name. Never replaces a file; a failure moves nothing.

Within one file system it is a rename. To another the bytes are copied to a file without a
name, synced, and only then named; the first file stays until ``finish``.

Must not know records: the caller notes the new place between ``begin`` and ``finish``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.claim import check_entry_name, give_name, open_unnamed, remove_owned
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import (
    entry_status,
    identity_of,
    opened_folder,
    require_own_entry,
    sync_folder,
)
from tui_dl.storage.publish import rename_no_replace

STEP_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Carried:
    """Where the file is now, and how to end or undo it."""

    old: Path
    new: Path
    identity: PartIdentity
    modified_ns: int
    old_identity: PartIdentity
    is_copy: bool

    def finish(self) -> None:
        """Delete what is left at the old place: the record knows the new one.

        Raises:
            DiskError: it cannot be deleted; the file is in both places.
        """
        if self.is_copy:
            remove_owned(self.old.parent, self.old.name, self.old_identity)

    def undo(self) -> None:
        """Put everything back: the record could not be changed.

        Raises:
            DiskError: the disk failed, or the old name was taken meanwhile.
        """
        if self.is_copy:
            remove_owned(self.new.parent, self.new.name, self.identity)
        else:
            begin(self.new, self.old, self.identity, lambda: False)


def begin(old: Path, new: Path, identity: PartIdentity, is_stopped: Callable[[], bool]) -> Carried:
    """Bring the file ``old``, which is the one with ``identity``, to the free name ``new``.

    Missing folders are made. ``is_stopped`` is asked between steps of a copy.

    Raises:
        DiskError: ``NAME_TAKEN``, ``TARGET_LOST``, ``PART_CHANGED``, or the disk's own.
        InterruptedError: ``is_stopped`` said so; nothing is left at the new place.
    """
    check_entry_name(new.name)
    with (
        disk_errors(doing="moving", path=old),
        opened_folder(old.parent) as old_fd,
        opened_folder(new.parent, create=True) as new_fd,
    ):
        require_own_entry(old_fd, old, identity)
        if entry_status(new_fd, new.name) is not None:
            raise _taken(new)
        try:
            is_copy = not _renamed(old_fd, old.name, new_fd, new.name)
        except FileExistsError as error:
            raise _taken(new) from error
        if is_copy:
            _copy(old_fd, old.name, new_fd, new, is_stopped)
        sync_folder(new_fd)
        if not is_copy:
            sync_folder(old_fd)
        fd = os.open(new.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=new_fd)
        try:
            found, modified_ns = identity_of(fd), os.fstat(fd).st_mtime_ns
        finally:
            os.close(fd)
    return Carried(old, new, found, modified_ns, identity, is_copy)


def _taken(new: Path) -> DiskError:
    return DiskError(f"{new} is there already. It was left alone.", code=ErrorCode.NAME_TAKEN)


def _renamed(old_fd: int, old: str, new_fd: int, new: str) -> bool:
    """Rename without replacing; ``False`` when it is another file system."""
    try:
        rename_no_replace(old_fd, old, new, new_dir_fd=new_fd)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    return True


def _copy(old_fd: int, old: str, new_fd: int, new: Path, is_stopped: Callable[[], bool]) -> None:
    """Copy and sync; the copy gets its name last, so that nobody sees half a file."""
    source = os.open(old, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=old_fd)
    try:
        copy = open_unnamed(new_fd)
        name = None
        if copy is None:
            name = f"{new.name}.moving"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            copy = os.open(name, flags, 0o644, dir_fd=new_fd)
        try:
            _fill(source, copy, is_stopped)
            if name is None and not give_name(new_fd, copy, new.name):
                raise OSError(errno.EOPNOTSUPP, "the folder takes no file made elsewhere")
            if name is not None:
                rename_no_replace(new_fd, name, new.name)
        except BaseException:
            if name is not None:
                os.unlink(name, dir_fd=new_fd)
            raise
        finally:
            os.close(copy)
    except FileExistsError as error:
        raise _taken(new) from error
    finally:
        os.close(source)


def _fill(source: int, copy: int, is_stopped: Callable[[], bool]) -> None:
    status = os.fstat(source)
    os.ftruncate(copy, status.st_size)
    offset = 0
    while offset < status.st_size:
        if is_stopped():
            raise InterruptedError("the move was stopped")
        try:
            offset = os.lseek(source, offset, os.SEEK_DATA)  # holes stay holes
        except OSError as error:
            if error.errno == errno.ENXIO:
                break  # nothing but a hole from here on
            raise
        data = memoryview(os.pread(source, STEP_BYTES, offset))
        if not data:
            break
        while data:
            count = os.pwrite(copy, data, offset)
            offset, data = offset + count, data[count:]
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.fsync(copy)
