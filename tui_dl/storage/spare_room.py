"""A little disk space set aside in the state folder, given back when the disk is full.

Must not be used for anything but to let the list of downloads be saved once more.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tui_dl.storage.space import free_bytes

SPARE_BYTES = 2 * 1024 * 1024
_REFILL_ABOVE_BYTES = 8 * SPARE_BYTES


class SpareRoom:
    """The spare file. Missing space or permission is never an error here: it is a bonus."""

    def __init__(self, path: Path) -> None:
        """Name the file; ``fill`` makes it."""
        self._path = path
        self._is_full = False

    def fill(self) -> None:
        """Set the space aside unless that is done or the disk is nearly full."""
        if self._is_full:
            return
        with suppress(OSError):  # without the spare we only lose the second try
            if self._path.exists() and self._path.stat().st_size == SPARE_BYTES:
                self._is_full = True
                return
            free = free_bytes(self._path)
            if free is None or free < _REFILL_ABOVE_BYTES:
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(self._path, flags, 0o600)
            try:
                # Random bytes: a file system that compresses would set nothing aside.
                self._is_full = os.pwrite(fd, os.urandom(SPARE_BYTES), 0) == SPARE_BYTES
            finally:
                os.close(fd)

    def release(self) -> bool:
        """Give the space back; return whether there was any."""
        self._is_full = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
