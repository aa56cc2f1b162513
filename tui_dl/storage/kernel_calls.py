"""Two Linux calls that the standard library lacks: renameat2 and fallocate.

Must not decide what to do when a call is missing: it reports ``False`` and the caller
falls back. Elsewhere than on Linux both always report ``False``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_RENAME_NOREPLACE = 1
_RENAME_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
_ALLOCATE_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_renameat2 = getattr(_libc, "renameat2", None)
_fallocate = getattr(_libc, "fallocate64", None) or getattr(_libc, "fallocate", None)


def rename_unless_exists(dir_fd: int, old: str, new: str) -> bool:
    """Rename within one open folder, refusing to replace; ``False`` when it cannot be asked.

    Raises:
        FileExistsError: ``new`` exists, as a file, a link or anything else.
        OSError: the rename failed for another reason.
    """
    if _renameat2 is None:
        return False
    result = _renameat2(
        ctypes.c_int(dir_fd),
        ctypes.c_char_p(os.fsencode(old)),
        ctypes.c_int(dir_fd),
        ctypes.c_char_p(os.fsencode(new)),
        ctypes.c_uint(_RENAME_NOREPLACE),
    )
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in _RENAME_UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), old, None, new)


def allocate_blocks(fd: int, size_bytes: int) -> bool:
    """Reserve the blocks of the first ``size_bytes`` bytes; ``False`` where unsupported.

    Not ``os.posix_fallocate``: where the file system lacks the call, glibc imitates it by
    reading and writing back one byte of each block, which may undo a write that another
    thread makes at the same moment.

    Raises:
        OSError: no space is left, or the disk failed.
    """
    if _fallocate is None:
        return False
    while _fallocate(
        ctypes.c_int(fd), ctypes.c_int(0), ctypes.c_int64(0), ctypes.c_int64(size_bytes)
    ):
        code = ctypes.get_errno()
        if code in _ALLOCATE_UNSUPPORTED:
            return False
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))
    return True
