"""Map what SQLite says to our own errors, and tell damage from a full or locked disk.

Must not repair anything: ``catalog`` decides what follows.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tui_dl.domain.errors import DiskError, ErrorCode, StateError, TuiDlError

_PRIMARY = 0xFF  # an extended result code carries the primary one in its lowest byte
_NOT_WRITABLE = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
)
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def result_code(error: sqlite3.Error) -> int:
    """Return the primary result code; ``SQLITE_ERROR`` when the error carries none."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & _PRIMARY


def is_disk_full(error: sqlite3.Error) -> bool:
    """Return whether the state folder has no room."""
    return result_code(error) == sqlite3.SQLITE_FULL


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file itself must be wrong, rather than the disk or a neighbour."""
    code = result_code(error)
    return code not in _NOT_WRITABLE | _BUSY | {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }


def map_sqlite_error(error: sqlite3.Error, *, path: Path) -> TuiDlError:
    """Return the ``DiskError`` or ``StateError`` that says what ``error`` means for the user."""
    code = result_code(error)
    if code == sqlite3.SQLITE_FULL:
        return DiskError(
            f"No space is left in {path.parent}, where the list of downloads is kept.",
            code=ErrorCode.DISK_FULL,
        )
    if code in _NOT_WRITABLE:
        return DiskError(f"{path} may not be written: {error}.", code=ErrorCode.NOT_WRITABLE)
    if code in _BUSY:
        return StateError(
            f"Another program is using {path}. Close it, then try again.",
            code=ErrorCode.STATE_LOCKED,
        )
    if code == sqlite3.SQLITE_IOERR:
        return DiskError(f"The disk failed while using {path}: {error}.", code=ErrorCode.DISK_IO)
    return StateError(f"The list of downloads in {path} cannot be used: {error}.")
