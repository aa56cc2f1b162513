"""One reader of the job stream: a bounded queue of frames.

Status changes keep their order and come before progress; a job's newer progress replaces
its older one. Who does not keep up is dropped, and begins again with a new ``init``
(trap S14). Must not know what is in a frame.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

MOST_FRAMES = 1024


class StreamEndedError(Exception):
    """The reader was too slow, or the server stops: end the stream."""


class JobReader:
    """Made by ``Board.subscribe``; close it in a ``finally``. Belongs to one loop."""

    def __init__(self, on_close: Callable[[JobReader], None]) -> None:
        self._on_close = on_close
        self._frames: list[bytes] = []
        self._progress: dict[str, bytes] = {}
        self._wake = asyncio.Event()
        self.is_closed = False

    async def next(self, timeout_s: float) -> bytes | None:
        """Return the frames that wait, as one piece; ``None`` when none came in time.

        Raises:
            StreamEndedError: there is nothing more to come.
        """
        if not (self._frames or self._progress or self.is_closed):
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
        if self.is_closed:
            raise StreamEndedError
        piece = b"".join((*self._frames, *self._progress.values()))
        self._frames.clear()
        self._progress.clear()
        return piece or None

    def push(self, job_id: str, frame: bytes) -> None:
        """Take a change that must not be missed."""
        if len(self._frames) >= MOST_FRAMES:
            self.close()
            return
        self._progress.pop(job_id, None)
        self._frames.append(frame)
        self._wake.set()

    def offer(self, job_id: str, frame: bytes) -> None:
        """Take progress; only the latest of a job counts."""
        self._progress[job_id] = frame
        self._wake.set()

    def close(self) -> None:
        """Give the slot back. Idempotent."""
        if self.is_closed:
            return
        self.is_closed = True
        self._frames.clear()
        self._progress.clear()
        self._wake.set()
        self._on_close(self)
