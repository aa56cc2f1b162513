"""Which downloads are being moved. They are not started meanwhile, and keep their slot.

Must not move anything: ``relocate.py`` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from tui_dl.domain.errors import ErrorCode, UsageError


class Moves:
    """The moves under way, by id. Belongs to the engine's loop."""

    def __init__(self) -> None:
        self.under_way: dict[str, asyncio.Event] = {}
        self.are_stopped = False
        """The engine closes: a copy that is not done is given up."""
        self.tasks: set[asyncio.Task[None]] = set()
        """Looking for what a kill left of a move."""

    @contextmanager
    def holding(self, record_id: str) -> Iterator[None]:
        """Count a download as on its way for the length of the block.

        Raises:
            UsageError: it is on its way already.
        """
        self.refuse_moving(record_id)
        done = self.under_way[record_id] = asyncio.Event()
        try:
            yield
        finally:
            del self.under_way[record_id]
            done.set()

    def refuse_moving(self, record_id: str) -> None:
        """Raise ``UsageError`` while a download is on its way."""
        if record_id in self.under_way:
            raise UsageError("It is being moved. Wait a moment.", code=ErrorCode.NOT_ALLOWED_NOW)

    async def stop(self) -> None:
        """Give up what is under way; return once all of it is as it was, or done."""
        self.are_stopped = True
        for done in tuple(self.under_way.values()):
            await done.wait()
        if self.tasks:
            await asyncio.wait(self.tasks)
