"""Give a file its name without ever replacing another. Owns the numbering loop on disk.

Must not sync data: the caller has done that before it publishes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.domain.names import numbered_name
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import (
    identity_of,
    opened_folder,
    own_status,
    sync_folder,
)
from tui_dl.storage.kernel_calls import rename_unless_exists

MOST_NUMBERS = 10_000
"""After so many taken names we give up and say so."""

_LINKS_UNSUPPORTED = frozenset(
    {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EMLINK}
)


def numbered_names(name: str) -> Iterator[str]:
    """Yield ``name``, ``name (1)``, ``name (2)``...

    Raises:
        DiskError: ``NAME_TAKEN`` once ``MOST_NUMBERS`` names were not good enough.
    """
    yield name
    for number in range(1, MOST_NUMBERS):
        yield numbered_name(name, number)
    raise DiskError(f"Too many files are called like {name}.", code=ErrorCode.NAME_TAKEN)


def rename_no_replace(dir_fd: int, old: str, new: str, *, new_dir_fd: int | None = None) -> None:
    """Rename in an open folder, or to another; never replaces what somebody else made.

    Three ways, the first that the file system knows: renameat2 with RENAME_NOREPLACE;
    link and unlink (a crash between leaves both names, ``recover_publish`` tidies up);
    an empty file claimed with O_EXCL, then renamed over (FAT and FUSE without links).

    Raises:
        FileExistsError: ``new`` exists.
        OSError: the rename failed for another reason.
    """
    new_fd = dir_fd if new_dir_fd is None else new_dir_fd
    if rename_unless_exists(dir_fd, old, new, new_fd):
        return
    try:
        os.link(old, new, src_dir_fd=dir_fd, dst_dir_fd=new_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _LINKS_UNSUPPORTED:
            raise
        _rename_over_claim(dir_fd, old, new_fd, new)
    else:
        os.unlink(old, dir_fd=dir_fd)


def _rename_over_claim(dir_fd: int, old: str, new_fd: int, new: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    claim = os.open(new, flags, 0o644, dir_fd=new_fd)
    try:
        os.rename(old, new, src_dir_fd=dir_fd, dst_dir_fd=new_fd)
    except OSError:
        if own_status(new_fd, new, identity_of(claim)) is not None:
            os.unlink(new, dir_fd=new_fd)
        raise
    finally:
        os.close(claim)


def publish_no_replace(dir_fd: int, part_name: str, name: str) -> str:
    """Rename ``part_name`` to the first free of ``name``, ``name (1)``... and sync the folder.

    Returns the name that it got. If only the sync fails the file already has its final
    name: ``recover_publish`` finds it.

    Raises:
        DiskError: ``NAME_TAKEN``.
        OSError: the rename or the sync of the folder failed.
    """
    for candidate in numbered_names(name):
        try:
            rename_no_replace(dir_fd, part_name, candidate)
        except FileExistsError:
            continue
        sync_folder(dir_fd)
        return candidate
    raise AssertionError("numbered_names ends with an error")


def recover_publish(
    directory: Path,
    part_name: str,
    name: str,
    identity: PartIdentity,
    *,
    any_device: bool = False,
) -> str | None:
    """Return the final name if ``publish`` got that far before a crash, else ``None``.

    Looks for our inode under ``name``, ``name (1)``... and removes the part's name if it
    is still a second link to the same file. The caller still asks the record whether it
    had got so far, and compares size and digest: an inode number alone is no proof.
    ``any_device`` is that of ``PartFile.reopen``.

    Raises:
        DiskError: the folder is gone or cannot be changed.
    """
    with (
        disk_errors(doing="looking through", path=directory),
        opened_folder(directory) as dir_fd,
    ):
        if any_device:
            identity = replace(identity, device=os.fstat(dir_fd).st_dev)
        if _is_only_name(dir_fd, part_name, identity):
            return None
        final = _find_numbered(dir_fd, name, identity)
        if final is None:
            return None
        if own_status(dir_fd, part_name, identity) is not None:
            os.unlink(part_name, dir_fd=dir_fd)
        sync_folder(dir_fd)
        return final


def _is_only_name(dir_fd: int, part_name: str, identity: PartIdentity) -> bool:
    status = own_status(dir_fd, part_name, identity)
    return status is not None and status.st_nlink == 1


def _find_numbered(dir_fd: int, name: str, identity: PartIdentity) -> str | None:
    try:
        for candidate in numbered_names(name):
            if own_status(dir_fd, candidate, identity) is not None:
                return candidate
    except DiskError as error:
        if error.code is not ErrorCode.NAME_TAKEN:
            raise
    return None
