"""Open target folders and look at their entries, by descriptor. Never follows an entry's link.

Must not choose names and must not create files.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.storage.descriptor import hold_file
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.kernel_calls import birth_ns, inodes_are_stable

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# CIFS and some FUSE file systems refuse to sync a folder: nothing more can be done there.
_CANNOT_SYNC_FOLDER = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF})


@contextmanager
def opened_folder(directory: Path, *, create: bool = False) -> Iterator[int]:
    """Give a descriptor of ``directory`` for the length of the block.

    Links on the way to the folder are the user's own and are followed. With ``create``
    missing folders are made below the nearest ancestor that exists, one by one, and a
    link that somebody puts in the way of a new one is refused. A dangling link or a
    plain file in the path is never built upon: it is most likely a disk that is gone.

    Raises:
        DiskError: ``TARGET_LOST``, ``NOT_WRITABLE`` and the other codes of a failed open.
    """
    with disk_errors(doing="opening", path=directory):
        fd = _open_or_make(directory) if create else os.open(directory, _FOLDER_FLAGS)
    try:
        yield fd
    finally:
        os.close(fd)


def _open_or_make(directory: Path) -> int:
    missing: list[str] = []
    base = directory
    while not os.path.lexists(base):
        missing.append(base.name)
        base = base.parent
    fd = os.open(base, _FOLDER_FLAGS)
    try:
        for name in reversed(missing):
            fd = _step_into(fd, name)
    except BaseException:  # a cancel too: undone, then raised again
        os.close(fd)
        raise
    return fd


def _step_into(parent_fd: int, name: str) -> int:
    """Make and open one folder below ``parent_fd``, which is closed on success."""
    try:
        os.mkdir(name, dir_fd=parent_fd)
    except FileExistsError:
        pass  # somebody made it in between; the open below checks what it is
    else:
        sync_folder(parent_fd)
    child_fd = os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=parent_fd)
    os.close(parent_fd)
    return child_fd


def sync_folder(dir_fd: int) -> None:
    """Make the entries of an open folder survive a power cut, where that can be asked.

    Raises:
        OSError: the disk failed.
    """
    try:
        os.fsync(dir_fd)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC_FOLDER:
            raise


def entry_status(dir_fd: int, name: str) -> os.stat_result | None:
    """Return the status of one entry itself, ``None`` when there is no such entry."""
    try:
        return os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def identity_of(fd: int) -> PartIdentity:
    """Return the identity of an open file."""
    status = os.fstat(fd)
    born_ns = birth_ns(fd) if inodes_are_stable(fd) else 0
    return PartIdentity(device=status.st_dev, inode=status.st_ino, born_ns=born_ns)


def own_status(dir_fd: int, name: str, identity: PartIdentity) -> os.stat_result | None:
    """Return the status of one entry if it is the plain file with ``identity``, else ``None``."""
    status = entry_status(dir_fd, name)
    is_ours = status is not None and _is_same(status, identity, lambda: birth_ns(dir_fd, name))
    return status if is_ours else None


def _is_same(
    status: os.stat_result, identity: PartIdentity, find_birth_ns: Callable[[], int]
) -> bool:
    if not stat.S_ISREG(status.st_mode) or status.st_ino != identity.inode:
        return False
    born_ns = find_birth_ns() if identity.born_ns else 0
    # Inode and birth are proof enough: the device may have another number after a reboot.
    return born_ns == identity.born_ns if born_ns else status.st_dev == identity.device


def require_own_entry(dir_fd: int, path: Path, identity: PartIdentity) -> None:
    """Check that the entry ``path.name`` of an open folder is our only link to our file.

    Raises:
        DiskError: ``TARGET_LOST`` when it is missing, ``PART_CHANGED`` when it is another
            file, not a plain file, or has a second hard link.
    """
    if entry_status(dir_fd, path.name) is None:
        raise DiskError(
            f"{path} is not there any more. Bring it back, or start again.",
            code=ErrorCode.TARGET_LOST,
        )
    status = own_status(dir_fd, path.name, identity)
    if status is None or status.st_nlink != 1:
        raise part_changed(path)


def require_same_file(fd: int, path: Path, identity: PartIdentity, *, any_device: bool) -> None:
    """Check that an open file is ours, has one link, and is in nobody else's hands.

    It stays locked for us. ``any_device`` is that of ``PartFile.reopen``.

    Raises:
        DiskError: ``PART_CHANGED``.
    """
    status = os.fstat(fd)
    expected = identity
    if not inodes_are_stable(fd):
        expected = PartIdentity(status.st_dev, status.st_ino)
    elif any_device:
        expected = replace(identity, device=status.st_dev)
    is_ours = _is_same(status, expected, lambda: birth_ns(fd))
    if not is_ours or status.st_nlink != 1 or not hold_file(fd):
        raise part_changed(path)


def part_changed(path: Path) -> DiskError:
    """Return the error for a file that is not the one that we created."""
    return DiskError(
        f"{path} is not the file that this download wrote. It was left alone.",
        code=ErrorCode.PART_CHANGED,
    )
