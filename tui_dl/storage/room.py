"""Room that is promised to downloads under way, so that their sum fits on its disk (trap D3).

Must not reserve blocks and must not write: a sparse part takes its room as it fills.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.storage.space import check_space, free_bytes, nearest_existing

BLOCK_BYTES = 512
"""What ``st_blocks`` counts in, whatever the file system's own block is."""


@dataclass(frozen=True, slots=True)
class _Promise:
    device: int
    left: Callable[[], int]


class Room:
    """Who may still write how much to which disk. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._promises: dict[int, _Promise] = {}

    def claim(
        self,
        holder: object,
        directory: Path,
        need_bytes: int,
        keep_free_bytes: int,
        left: Callable[[], int],
    ) -> None:
        """Promise ``need_bytes`` to ``holder``, which gives up an older promise.

        ``left`` tells how many of them are still to be written; it is called in any thread.

        Raises:
            DiskError: ``DISK_FULL``: with what is promised to others they do not fit.
        """
        device = _device(directory)
        with self._lock:
            self._promises.pop(id(holder), None)
            promised = self._promised(device) if need_bytes else 0
            check_space(directory, need_bytes, keep_free_bytes, promised)
            self._promises[id(holder)] = _Promise(device, left)

    def release(self, holder: object) -> None:
        """Drop the promise to ``holder``, if there is one."""
        with self._lock:
            self._promises.pop(id(holder), None)

    def fits(self, directory: Path, need_bytes: int, keep_free_bytes: int) -> bool:
        """Return whether ``claim`` would succeed now. Unknown room is none."""
        free = free_bytes(directory)
        with self._lock:
            promised = self._promised(_device(directory))
        return free is not None and need_bytes + promised + keep_free_bytes <= free

    def _promised(self, device: int) -> int:
        return sum(p.left() for p in self._promises.values() if p.device == device)


def allocated_bytes(path: Path) -> int:
    """Return how much of its disk a file takes already; 0 when it is not there."""
    try:
        return path.stat(follow_symlinks=False).st_blocks * BLOCK_BYTES
    except OSError:
        return 0


def _device(directory: Path) -> int:
    try:
        return os.stat(directory).st_dev  # noqa: PTH116 - beside os.statvfs
    except OSError:
        nearest = nearest_existing(directory)
    try:
        return os.stat(nearest).st_dev  # noqa: PTH116 - as above
    except OSError:
        return -1
