"""Whether somebody else wrote to a part file (trap D5).

Size and modification time can be kept by an editor; the time of the last status change
(ctime) cannot. Before each write of ours the journal notes the wall time, so a part whose
ctime is later than that was touched by another. While a download runs the kernel tells of
every other process that closes the file after writing (inotify).

Must not repair anything, nor judge alone: where nothing is told it says so.
"""

from __future__ import annotations

from pathlib import Path

from tui_dl.storage.inotify import FILE_EVENTS

SLACK_NS = 1_000_000_000
"""A write stamps the file some time after it was noted: a busy machine may halt us between.

A false alarm costs all bytes; a real one within a second of our last write is unheard of.
"""

THROTTLED_SLACK_NS = 10_000_000_000
"""A write to a disk that keeps up badly waits for others before it stamps the file."""

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
    """Notices other writers of one open file, as long as the kernel tells of them."""

    def __init__(self, path: Path) -> None:
        self._file = FILE_EVENTS.watch(path)
        self._before = 0 if self._file is None else FILE_EVENTS.writers_gone(self._file)

    def was_written_by_another(self) -> bool | None:
        """Return whether another process has written and closed the file since the start.

        ``None`` when nobody knows: no inotify, or so many events that some were lost.
        """
        if self._file is None or self._before is None:
            return None
        now = FILE_EVENTS.writers_gone(self._file)
        return None if now is None else now > self._before

    def close(self) -> None:
        """Stop to watch. Idempotent."""
        file, self._file = self._file, None
        if file is not None:
            FILE_EVENTS.unwatch(file)
