"""Map what the operating system says about disks to our own errors. The only place that does.

Must not decide whether to retry or to pause: that is the engine's business.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode

_CODES = {
    errno.ENOSPC: ErrorCode.DISK_FULL,
    errno.EDQUOT: ErrorCode.DISK_FULL,
    errno.EACCES: ErrorCode.NOT_WRITABLE,
    errno.EPERM: ErrorCode.NOT_WRITABLE,
    errno.EROFS: ErrorCode.NOT_WRITABLE,
    errno.EFBIG: ErrorCode.FILE_TOO_LARGE,
    errno.ENOENT: ErrorCode.TARGET_LOST,
    errno.ESTALE: ErrorCode.TARGET_LOST,
    errno.ENOTDIR: ErrorCode.TARGET_LOST,
    errno.ENODEV: ErrorCode.TARGET_LOST,
}


def map_os_error(error: OSError, *, doing: str, path: Path) -> DiskError:
    """Return the ``DiskError`` that says what ``error`` means for the user.

    ``doing`` finishes the sentence "... while <doing>" for codes without a better one,
    for example ``"writing"``. ``path`` is the file or folder that was worked on.
    """
    code = _CODES.get(error.errno or 0, ErrorCode.DISK_IO)
    return DiskError(_sentence(error, code, doing, path), code=code)


def _sentence(error: OSError, code: ErrorCode, doing: str, path: Path) -> str:
    match code:
        case ErrorCode.DISK_FULL if error.errno == errno.EDQUOT:
            return f"Your disk quota is used up in {_folder(path)}. Free some space, then resume."
        case ErrorCode.DISK_FULL:
            return f"No space is left in {_folder(path)}. Free some space, then resume."
        case ErrorCode.NOT_WRITABLE if error.errno == errno.EROFS:
            return f"{_folder(path)} is read-only. Make it writable, then resume."
        case ErrorCode.NOT_WRITABLE:
            return f"{path} may not be written. Check its permissions, then resume."
        case ErrorCode.FILE_TOO_LARGE:
            return f"The file system of {_folder(path)} cannot hold a file of this size."
        case ErrorCode.TARGET_LOST:
            return f"{path} is not there any more. Bring it back (is the disk mounted?)."
        case _ if error.errno == errno.EIO:
            return f"The disk failed while {doing} {path}. Check it and its cable, then resume."
        case _:
            reason = error.strerror or type(error).__name__
            return f"The disk failed while {doing} {path}: {reason}."


def _folder(path: Path) -> Path:
    # os.path, not Path: it answers False where Path raises, for a folder that is shut to us.
    return path if os.path.isdir(path) else path.parent  # noqa: PTH112


@contextmanager
def disk_errors(*, doing: str, path: Path | Callable[[], Path]) -> Iterator[None]:
    """Turn every ``OSError`` of the block into a ``DiskError``; ``path`` may be found out then.

    Raises:
        DiskError: see ``map_os_error``.
    """
    try:
        yield
    except OSError as error:
        where = path if isinstance(path, Path) else path()
        raise map_os_error(error, doing=doing, path=where) from error
