"""One inotify instance for the whole process: who closed a watched file after writing to it.

A user may have 128 instances but many thousand watches, so all files share one. Must not
judge what is told: ``tampering.py`` does. Linux only; elsewhere every answer is "unknown".
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import threading
from pathlib import Path

from tui_dl.domain.quick_dataclass import dataclass

_IN_CLOSE_WRITE = 0x00000008
_IN_Q_OVERFLOW = 0x00004000
_IN_IGNORED = 0x00008000
_IN_DONT_FOLLOW = 0x02000000
_EVENT = struct.Struct("=iIII")
_READ_BYTES = 64 * 1024


@dataclass(slots=True)
class WatchedFile:
    """What is known of one inode. Two watches of it share the kernel's number and this."""

    number: int
    users: int = 0
    writers_gone: int = 0
    """How many others have closed it after writing."""
    is_blind: bool = False
    """Events were lost, or the watch ended: nothing can be said any more."""


class FileEvents:
    """The shared instance. Thread-safe; a forked child begins with none."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._lock = threading.Lock()
        self._fd = -1
        self._files: dict[int, WatchedFile] = {}

    def watch(self, path: Path) -> WatchedFile | None:
        """Begin to watch a file; ``None`` when that is not possible here or now."""
        with self._lock:
            if self._libc is None or not self._has_instance():
                return None
            # What is told of a number that was in use before must not count for the new one.
            self._take_in()
            mask = _IN_CLOSE_WRITE | _IN_DONT_FOLLOW
            number: int = self._libc.inotify_add_watch(self._fd, os.fsencode(path), mask)
            if number < 0:
                return None
            file = self._files.setdefault(number, WatchedFile(number))
            file.users += 1
            return file

    def writers_gone(self, file: WatchedFile) -> int | None:
        """Return how many writers have closed a file up to now, ``None`` when unknown."""
        with self._lock:
            self._take_in()
            return None if file.is_blind else file.writers_gone

    def unwatch(self, file: WatchedFile) -> None:
        """Stop to watch. Call it once for each ``watch``."""
        with self._lock:
            file.users -= 1
            if file.users == 0 and self._files.get(file.number) is file:
                del self._files[file.number]
                if self._libc is not None:
                    self._libc.inotify_rm_watch(self._fd, file.number)

    def forget_after_fork(self) -> None:
        """Leave the parent's instance to the parent: its events are not ours to read."""
        self._lock = threading.Lock()
        for file in self._files.values():
            file.is_blind = True
        self._files = {}
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _has_instance(self) -> bool:
        if self._fd < 0 and self._libc is not None:
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        return self._fd >= 0

    def _take_in(self) -> None:
        """Read all events that have come. Call it with the lock held."""
        while self._fd >= 0:
            try:
                data = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                return
            except OSError:  # the instance is of no use any more; the next watch makes another
                os.close(self._fd)
                self._fd = -1
                self._go_blind()
                return
            at = 0
            while at + _EVENT.size <= len(data):
                number, mask, _, name_bytes = _EVENT.unpack_from(data, at)
                self._note(number, mask)
                at += _EVENT.size + name_bytes

    def _note(self, number: int, mask: int) -> None:
        if mask & _IN_Q_OVERFLOW:
            self._mark_all_blind()
        file = self._files.get(number)
        if file is None:
            return
        if mask & _IN_CLOSE_WRITE:
            file.writers_gone += 1
        if mask & _IN_IGNORED:  # the inode or its disk is gone, and its number is free again
            file.is_blind = True
            del self._files[number]

    def _mark_all_blind(self) -> None:
        """Believe no count any more, though the kernel goes on to watch."""
        for file in self._files.values():
            file.is_blind = True

    def _go_blind(self) -> None:
        """Forget all files: their numbers mean nothing to another instance."""
        self._mark_all_blind()
        self._files = {}


FILE_EVENTS = FileEvents()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=FILE_EVENTS.forget_after_fork)
