"""Take a file of ours to another folder or name. Never replaces a file; a failure moves nothing.

Within one file system it is a rename. To another the bytes are copied to a file without a
name, synced, read again and compared; only then it gets its name, and the first file goes.

Whoever calls notes beforehand which file will arrive where, the copy too: so a kill at any
moment leaves one file that the note finds (``arrived``). Must not know records. Blocks.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.storage.claim import check_entry_name, give_name, open_unnamed, remove_owned
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import (
    entry_status,
    identity_of,
    opened_folder,
    own_status,
    require_own_entry,
    sync_folder,
)
from tui_dl.storage.publish import rename_no_replace

STEP_BYTES = 4 * 1024 * 1024
COPY_SUFFIX = ".moving"
"""Of a copy under way, where a file cannot be without a name."""

IsStopped = Callable[[], bool]


class MoveStoppedError(Exception):
    """A copy was given up because somebody wanted it so."""


def by_rename(old: Path, new: Path, identity: PartIdentity) -> PartIdentity | None:
    """Rename ``old``, which is the file of ``identity``, to the free name ``new``.

    Returns its identity there, ``None`` when that is another file system: then nothing was
    done. Missing folders are made.

    Raises:
        DiskError: ``NAME_TAKEN``, ``TARGET_LOST``, ``PART_CHANGED``, or the disk's own.
    """
    check_entry_name(new.name)
    with (
        disk_errors(doing="moving to", path=new),
        opened_folder(old.parent) as old_fd,
        opened_folder(new.parent, create=True) as new_fd,
    ):
        require_own_entry(old_fd, old, identity)
        if entry_status(new_fd, new.name) is not None:
            raise _taken(new)
        try:
            rename_no_replace(old_fd, old.name, new.name, new_dir_fd=new_fd)
        except FileExistsError as error:
            raise _taken(new) from error
        except OSError as error:
            if error.errno == errno.EXDEV:
                return None
            raise
        sync_folder(new_fd)
        sync_folder(old_fd)
        return _identity_at(new_fd, new.name)


class Copy:
    """A copy on its way to another file system. Close it, whatever came of it."""

    def __init__(self, new: Path) -> None:
        """Make the file that will arrive as ``new``; it has no bytes yet.

        Raises:
            DiskError: the folder takes no file.
        """
        self._new = new
        self._own_name: str | None = None
        with (
            disk_errors(doing="moving to", path=new),
            opened_folder(new.parent, create=True) as new_fd,
        ):
            fd = open_unnamed(new_fd)
            if fd is None:
                self._own_name = f"{new.name}{COPY_SUFFIX}"
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                fd = os.open(self._own_name, flags, 0o644, dir_fd=new_fd)
            self._fd = fd
            self.identity = identity_of(fd)
            """To be noted before ``finish``."""

    def finish(self, old: Path, identity: PartIdentity, is_stopped: IsStopped) -> None:
        """Fill it with the bytes of ``old``, compare, and name it.

        ``is_stopped`` is asked every few MiB.

        Raises:
            DiskError: as ``by_rename``, or the copy reads otherwise than it was written.
            MoveStoppedError: ``is_stopped`` said so.
        """
        new = self._new
        with (
            disk_errors(doing="moving to", path=new),
            opened_folder(old.parent) as old_fd,
            opened_folder(new.parent) as new_fd,
        ):
            require_own_entry(old_fd, old, identity)
            source = os.open(old.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=old_fd)
            try:
                _fill(source, self._fd, is_stopped)
                _compare(source, self._fd, new, is_stopped)
            finally:
                os.close(source)
            require_own_entry(old_fd, old, identity)
            self._give_name(new_fd)
            sync_folder(new_fd)

    def _give_name(self, new_fd: int) -> None:
        try:
            if self._own_name is not None:
                rename_no_replace(new_fd, self._own_name, self._new.name)
                self._own_name = None
            elif not give_name(new_fd, self._fd, self._new.name):
                raise OSError(errno.EOPNOTSUPP, "the folder takes no file made elsewhere")
        except FileExistsError as error:
            raise _taken(self._new) from error

    def close(self) -> None:
        """Let go of it; without its final name nothing is left of it."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        os.close(fd)
        if self._own_name is not None:
            with suppress(DiskError):  # ``arrived`` asks for it again
                remove_owned(self._new.parent, self._own_name, self.identity)


def drop(old: Path, identity: PartIdentity) -> None:
    """Delete the file that a copy was made of.

    Raises:
        DiskError: it cannot be deleted; the file is in both places.
    """
    remove_owned(old.parent, old.name, identity, durably=True)


def arrived(old: Path, old_identity: PartIdentity, new: Path, identity: PartIdentity) -> bool:
    """Return whether a move that was cut short had brought its file to ``new``.

    Then nothing of it is at ``old`` any more, else nothing of it at ``new``.

    Raises:
        DiskError: it is not at ``old``, and ``new`` cannot be looked at; or the disk failed.
    """
    at_old = _is_at(old, old_identity)
    if not new.parent.is_dir():
        if at_old:
            return False  # the note is older than the folder
        raise DiskError(
            f"{new.parent} is not there any more. Bring it back (is the disk mounted?).",
            code=ErrorCode.TARGET_LOST,
        )
    if _is_at(new, identity):
        if at_old:
            with suppress(DiskError):  # one too many is better than none
                drop(old, old_identity)
        return True
    remove_owned(new.parent, f"{new.name}{COPY_SUFFIX}", identity)
    return False


def _is_at(path: Path, identity: PartIdentity) -> bool:
    try:
        with disk_errors(doing="looking at", path=path), opened_folder(path.parent) as fd:
            return own_status(fd, path.name, identity) is not None
    except DiskError as error:
        if error.code is ErrorCode.TARGET_LOST:
            return False
        raise


def _taken(new: Path) -> DiskError:
    return DiskError(f"{new} is there already. It was left alone.", code=ErrorCode.NAME_TAKEN)


def _identity_at(dir_fd: int, name: str) -> PartIdentity:
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        return identity_of(fd)
    finally:
        os.close(fd)


def _fill(source: int, copy: int, is_stopped: IsStopped) -> None:
    status = os.fstat(source)
    os.ftruncate(copy, status.st_size)
    offset = 0
    while offset < status.st_size:
        _go_on(is_stopped)
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
    _copy_marks(source, copy)
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.fsync(copy)


def _copy_marks(source: int, copy: int) -> None:
    """Take the user's own attributes along; a file system without them loses nothing else."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(source):
            if name.startswith("user."):
                os.setxattr(copy, name, os.getxattr(source, name))


def _compare(source: int, copy: int, new: Path, is_stopped: IsStopped) -> None:
    """Read the copy from its disk, as far as the system can be asked for that."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(copy, 0, 0, os.POSIX_FADV_DONTNEED)
    offset = 0
    while True:
        _go_on(is_stopped)
        wanted = os.pread(source, STEP_BYTES, offset)
        if wanted != os.pread(copy, STEP_BYTES, offset):
            raise DiskError(
                f"The copy in {new.parent} reads otherwise than it was written.",
                code=ErrorCode.DISK_IO,
            )
        if not wanted:
            return
        offset += len(wanted)


def _go_on(is_stopped: IsStopped) -> None:
    if is_stopped():
        raise MoveStoppedError
