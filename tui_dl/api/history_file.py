"""The history on disk: one JSON object a line, appended by a thread of its own.

A later line about the same download replaces an earlier one. A line that cannot be read
is skipped, so a kill in the middle of a write costs that line. Must not know what a row
means, and must never stop the server: without a disk the history lives in memory.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import secrets
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tui_dl.domain.quick_dataclass import dataclass

logger = logging.getLogger(__name__)

HISTORY_NAME = "history.jsonl"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Work:
    lines: tuple[bytes, ...]
    replaces: bool


class HistoryFile:
    """Appends and rewrites. Any thread may call; only its own thread writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def load(self) -> list[Line]:
        """Return the readable lines, oldest first. Blocks for the time of one read."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            logger.warning("the history cannot be read: %s", error.strerror)
            return []
        lines = (_parsed(piece) for piece in data.split(b"\n"))
        return [line for line in lines if line is not None]

    def append(self, lines: Iterable[Line]) -> None:
        """Have ``lines`` written soon; returns at once."""
        self._put(lines, replaces=False)

    def replace(self, lines: Iterable[Line]) -> None:
        """Have the whole file replaced soon; a reader sees the old or the new one."""
        self._put(lines, replaces=True)

    def close(self) -> None:
        """Write what is waiting and end the thread. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._work.put(None)
            thread.join()

    def _put(self, lines: Iterable[Line], *, replaces: bool) -> None:
        # ASCII escapes keep names with lone surrogates whole.
        encoded = (json.dumps(line, separators=(",", ":")).encode("ascii") for line in lines)
        self._work.put(_Work(tuple(encoded), replaces))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tui-dl-history", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            batch = [work]
            stops = False
            while not self._work.empty():
                more = self._work.get()
                if more is None:
                    stops = True
                    break
                batch.append(more)
            try:
                self._write(batch)
            except OSError as error:
                logger.warning("the history cannot be written: %s", error.strerror)
            if stops:
                return

    def _write(self, batch: Sequence[_Work]) -> None:
        begins = max((at for at, work in enumerate(batch) if work.replaces), default=0)
        lines = [line for work in batch[begins:] for line in work.lines]
        if batch[begins].replaces:
            self._rewrite(lines)
        else:
            self._extend(lines)

    def _extend(self, lines: Sequence[bytes]) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(self._path, flags, 0o600)
        try:
            # A kill may have left half a line: what follows it must stand on its own.
            _write_all(fd, b"".join(b"\n" + line + b"\n" for line in lines))
            os.fsync(fd)
        finally:
            os.close(fd)

    def _rewrite(self, lines: Sequence[bytes]) -> None:
        fresh = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                _write_all(fd, b"".join(line + b"\n" for line in lines))
                os.fsync(fd)
            finally:
                os.close(fd)
            fresh.replace(self._path)
        finally:
            fresh.unlink(missing_ok=True)


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def _parsed(piece: bytes) -> Line | None:
    if not piece:
        return None
    try:
        value = json.loads(piece)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
