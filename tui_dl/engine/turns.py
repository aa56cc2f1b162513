"""One small file after the other, so that the next request leaves at once.

Replies come in bursts: sixteen were asked for together. An event loop brings all of a burst
through each step side by side, so even the first is through only when the last one is, and the
next sixteen requests leave as a burst again, some 20 ms late each time. Here a reply waits while
another download is between its reply and the request that follows it. After one round the
replies come one by one.

Must not know downloads. All methods belong to the engine's loop.
"""

from __future__ import annotations

import asyncio
from collections import deque

LONGEST_S = 0.005
"""Nobody waits for longer: whoever goes first may meet a slow disk, or have to connect."""


class Turns:
    """Who is on the way to a request, and who waits for that."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, key: str) -> None:
        """Wait until nobody is on the way, then be it until ``give_back``."""
        if not self._held - {key}:
            self._held.add(key)
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append((key, turn))
        if self._timer is None:
            self._timer = loop.call_later(LONGEST_S, self._hurry)
        try:
            await turn
        except asyncio.CancelledError:
            self.give_back(key)  # it may have come just before
            raise

    def hold(self, key: str) -> None:
        """Be on the way without a wait, beside whoever is."""
        self._held.add(key)

    def give_back(self, key: str) -> None:
        """Let the next one go, if nobody else is on the way. Idempotent."""
        self._held.discard(key)
        while self._waiting and not self._held:
            self._let_go()

    def _let_go(self) -> None:
        key, turn = self._waiting.popleft()
        if not turn.done():  # else it was cancelled
            self._held.add(key)
            turn.set_result(None)
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hurry(self) -> None:
        self._timer = None
        self._held.clear()  # whoever is still on the way may be so for long
        while self._waiting:
            self._let_go()
