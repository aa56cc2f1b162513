"""When a picture is made: some times a second while something runs, else when something changed.

Must not know what is in a picture. All methods belong to the engine's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui_dl.engine.press import Press, rest_s
from tui_dl.engine.suspend import Presence
from tui_dl.net.client import HttpClient

SPACE_S = 2.0
"""Between two looks at the room that is left."""

BURST_S = 0.02
"""Changes come in bursts; one picture is enough for all of them."""


class Ticker:
    """The engine's clock: pictures, the room on the disk, and whether the machine slept."""

    def __init__(
        self,
        picture: Callable[[], None],
        is_moving: Callable[[], bool],
        press: Press,
        client: HttpClient,
    ) -> None:
        self._picture = picture
        self._is_moving = is_moving
        self._press = press
        self._client = client
        self._poked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to tick."""
        self._task = asyncio.create_task(self._tick(), name="ticker")

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def poke(self) -> None:
        """Something has changed: a picture is wanted soon."""
        self._poked.set()

    @property
    def is_poked(self) -> bool:
        """Whether something has changed since the ticker made its last picture."""
        return self._poked.is_set()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        looked_s, presence = -SPACE_S, Presence()
        while True:
            if presence.was_away():
                self._client.drop_idle()  # servers have given up on them by now
            if loop.time() - looked_s >= SPACE_S:
                looked_s = loop.time()
                await self._press.look_at_space()
            self._poked.clear()
            began_s = loop.time()
            self._picture()
            took_s = loop.time() - began_s
            if self._is_moving():
                await asyncio.sleep(rest_s(took_s))
            else:
                await self._poked.wait()
                await asyncio.sleep(BURST_S)
