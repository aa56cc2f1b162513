"""Whether a file that was written whole has a stretch that is on no disk (trap D5).

Cutting a file by its path and writing on behind the cut leaves zeros that no size tells and
no closing writer announces. The kernel knows them as a hole. Must not repair anything.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tui_dl.storage.claim import open_unnamed
from tui_dl.storage.errors import disk_errors
from tui_dl.storage.folder import opened_folder

_PROBE_BYTES = 256 * 1024
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def has_lost_bytes(path: Path) -> bool:
    """Return whether ``path``, all of whose bytes were written and synced, has a hole.

    File systems that keep written zeros as holes (compression does that) cannot tell:
    there the answer is ``False``.

    Raises:
        DiskError: the file cannot be opened, or the disk failed.
    """
    if not hasattr(os, "SEEK_HOLE"):
        return False
    with disk_errors(doing="checking", path=path), opened_folder(path.parent) as dir_fd:
        fd = os.open(path.name, _OPEN_FLAGS, dir_fd=dir_fd)
        try:
            return _has_hole(fd, os.fstat(fd).st_size) and _keeps_zeros(dir_fd)
        finally:
            os.close(fd)


def _has_hole(fd: int, size_bytes: int) -> bool:
    """Return whether a hole begins before the end; the end itself always counts as one."""
    try:
        return size_bytes > 0 and os.lseek(fd, 0, os.SEEK_HOLE) < size_bytes
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENXIO, errno.EOPNOTSUPP):
            return False
        raise


def _keeps_zeros(dir_fd: int) -> bool:
    """Return whether zeros that are written here stay data; ``False`` when unsure."""
    fd = open_unnamed(dir_fd)
    if fd is None:
        return False
    try:
        zeros = bytes(_PROBE_BYTES)
        if os.pwrite(fd, zeros, 0) != len(zeros):
            return False
        os.fsync(fd)
        return not _has_hole(fd, len(zeros))
    finally:
        os.close(fd)
