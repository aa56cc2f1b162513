"""Whether somebody else wrote to a part file (trap D5).

Size and modification time can be kept by an editor; the time of the last status change
(ctime) cannot. Before each write of ours the journal notes the wall time, so a part whose
ctime is later than that was touched by another. While a download runs the kernel tells of
every other process that closes the file after writing (inotify).

Must not repair anything. Linux only; elsewhere nothing is noticed here.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

SLACK_NS = 1_000_000_000
"""A write stamps the file some time after it was noted: a busy machine may halt us between.

A false alarm costs all bytes; a real one within a second of our last write is unheard of.
"""

THROTTLED_SLACK_NS = 10_000_000_000
"""A write to a disk that keeps up badly waits for others before it stamps the file."""

_IN_CLOSE_WRITE = 0x00000008
_EVENT = struct.Struct("=iIII")
_BOOT_SLACK_NS = 2_000_000_000


def was_touched_since(changed_ns: int, last_write_ns: int, *, is_exact: bool) -> bool:
    """Return whether a ctime is later than our own last write explains.

    ``is_exact``: the last owner closed the file in order and noted its very ctime.
    """
    return changed_ns != last_write_ns if is_exact else changed_ns > last_write_ns + SLACK_NS


def was_touched_since_boot(changed_ns: int, now_ns: int) -> bool:
    """Return whether a file that we have not opened since the boot was changed since then.

    A ctime in the future says that the clock is not set yet, and nothing of the file.
    """
    boot_ns = _boot_time_ns()
    return boot_ns is not None and boot_ns + _BOOT_SLACK_NS < changed_ns <= now_ns


def _boot_time_ns() -> int | None:
    try:
        for line in Path("/proc/stat").read_text("ascii").splitlines():
            if line.startswith("btime "):
                return int(line.split()[1]) * 1_000_000_000
    except (OSError, ValueError):
        return None
    return None


class PartWatch:
    """Notices other writers of one open file. Useless but harmless without inotify."""

    def __init__(self, path: Path) -> None:
        self._fd = _start_watch(path)

    def was_written_by_another(self) -> bool:
        """Return whether another process has written and closed the file since the start."""
        while self._fd >= 0:
            try:
                data = os.read(self._fd, 4096)
            except BlockingIOError:
                return False
            except OSError:
                self.close()
                return False
            if any(mask & _IN_CLOSE_WRITE for mask in _masks(data)):
                return True
        return False

    def close(self) -> None:
        """Stop to watch. Idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _masks(data: bytes) -> list[int]:
    masks, at = [], 0
    while at + _EVENT.size <= len(data):
        _, mask, _, name_bytes = _EVENT.unpack_from(data, at)
        masks.append(mask)
        at += _EVENT.size + name_bytes
    return masks


def _start_watch(path: Path) -> int:
    if not sys.platform.startswith("linux"):
        return -1
    libc = ctypes.CDLL(None, use_errno=True)
    fd: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0:
        return -1
    if libc.inotify_add_watch(fd, os.fsencode(path), _IN_CLOSE_WRITE) < 0:
        os.close(fd)
        return -1
    return fd
