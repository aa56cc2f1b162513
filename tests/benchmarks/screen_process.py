"""The app as a process on a pseudo terminal: keys in, raw bytes out, times.

Must not interpret the screen beyond looking for bytes: an emulator in this process would
cost more than what is measured.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pexpect

from tests.benchmarks.ground import Ground, program
from tests.benchmarks.measuring import RunFailedError, cpu_s_of, peak_bytes_of

LIMIT_S = 300.0
"""Only what hangs takes so long, also with 100,000 records on a busy machine."""
_READ_BYTES = 65536
_KEPT_BYTES = 65536


class ScreenProcess:
    """tui-dl on a terminal of 120x36; a context manager that ends it."""

    def __init__(self, ground: Ground, arguments: Sequence[str]) -> None:
        argv = [*program(), *arguments]
        self._child = pexpect.spawn(
            argv[0],
            argv[1:],
            env=ground.environ,
            cwd=str(ground.base / "work"),
            dimensions=(36, 120),
            timeout=LIMIT_S,
        )
        self._fd: int = self._child.child_fd
        self._seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.close(force=True)

    @property
    def pid(self) -> int:
        """The process."""
        pid: int = self._child.pid
        return pid

    @property
    def peak_bytes(self) -> int:
        """Its peak memory so far."""
        return peak_bytes_of(self.pid)

    @property
    def cpu_s(self) -> float:
        """Its CPU time so far."""
        return cpu_s_of(self.pid)

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self._fd, keys.encode())

    def wait_for(self, pattern: re.Pattern[bytes], limit_s: float = LIMIT_S) -> float:
        """Read until ``pattern`` has come and return the time that took.

        Raises:
            RunFailedError: it did not come, or the app has ended.
        """
        began_s = time.perf_counter()
        self._seen = b""
        while True:
            left_s = began_s + limit_s - time.perf_counter()
            piece = self._read(max(0.0, left_s))
            if piece is None or left_s <= 0:
                raise RunFailedError(
                    f"the app never showed {pattern.pattern!r}: {self._seen[-200:]!r}"
                )
            self._seen = (self._seen + piece)[-_KEPT_BYTES:]
            if pattern.search(self._seen):
                return time.perf_counter() - began_s

    def has_shown(self, pattern: re.Pattern[bytes]) -> bool:
        """Return whether ``pattern`` was in what the last wait has read."""
        return pattern.search(self._seen) is not None

    def read_for(self, seconds: float) -> None:
        """Take what it writes for a while, as a terminal does."""
        end_s = time.perf_counter() + seconds
        while (left_s := end_s - time.perf_counter()) > 0:
            if self._read(left_s) is None:
                return

    def leave(self) -> None:
        """Press q and wait for the end.

        Raises:
            RunFailedError: it did not end.
        """
        self.press("q")
        end_s = time.perf_counter() + LIMIT_S
        while self._read(1.0) is not None:
            if time.perf_counter() > end_s:
                raise RunFailedError("the app does not leave")

    def wait_end(self, limit_s: float = LIMIT_S) -> None:
        """Read until the process has closed its terminal.

        Raises:
            RunFailedError: it did not.
        """
        end_s = time.perf_counter() + limit_s
        while self._read(1.0) is not None:
            if time.perf_counter() > end_s:
                raise RunFailedError("the app does not end")

    def _read(self, timeout_s: float) -> bytes | None:
        """Return what came, empty after ``timeout_s``, ``None`` at the end."""
        readable, _, _ = select.select([self._fd], [], [], timeout_s)
        if not readable:
            return b""
        try:
            return os.read(self._fd, _READ_BYTES) or None
        except OSError:  # EIO: the last process of the terminal has ended
            return None
