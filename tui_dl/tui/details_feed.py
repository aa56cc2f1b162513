"""Fetch the details of the download that is looked at, once for each new picture of it.

A picture of the engine and the details that belong to it reach the terminal in one frame:
the picture is painted when its details are here. A second frame would cost as much again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.snapshot import DownloadDetails, DownloadSnapshot
from tui_dl.service.contract import DownloadService

HOLD_S = 0.03
"""A picture waits no longer for its details; a near engine has them in a few milliseconds."""


class DetailsFeed:
    """Ask for details without piling up: while one answer is awaited, only the last wish counts.

    ``deliver`` gets the details, or ``None`` when there is nothing to show.
    """

    def __init__(
        self,
        service: DownloadService,
        run: Callable[[Coroutine[Any, Any, None]], object],
        deliver: Callable[[DownloadDetails | None], None],
    ) -> None:
        self._service = service
        self._run = run
        self._deliver = deliver
        self._wanted: tuple[str, int] | None = None
        self._had: tuple[str, int] | None = None
        self._busy = False
        self._task: asyncio.Task[None] | None = None
        self._held: Callable[[], None] | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def want(
        self, download: DownloadSnapshot | None, paint: Callable[[], None] | None = None
    ) -> None:
        """Say what is looked at now.

        ``paint`` shows the rest of the picture: right before the details are delivered, or
        after ``HOLD_S``, or at once when no details have to be fetched for it.
        """
        self._wanted = (download.id, download.version) if download is not None else None
        if self._wanted == self._had or self._busy:
            if paint is not None:
                self._held = paint
                self.let_go()
            return
        self._busy = True
        # Four times a second: a worker of the screen would send three messages for each.
        self._task = asyncio.create_task(self._fetch())
        self._task.add_done_callback(self._tell)
        if paint is not None:
            self._held = paint
            self._alarm = asyncio.get_running_loop().call_later(HOLD_S, self._run_late)

    def let_go(self) -> None:
        """Paint the picture that is held, if one is."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        paint, self._held = self._held, None
        if paint is not None:
            paint()

    def _run_late(self) -> None:
        self._run(self._paint_late())  # a worker, so that the user hears of an error

    async def _paint_late(self) -> None:
        self.let_go()

    def _tell(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._run(_await(task))  # a worker after all, so that the user hears of it

    async def _fetch(self) -> None:
        try:
            while self._wanted != self._had:
                wanted = self._wanted
                details = None
                if wanted is not None:
                    try:
                        details = await self._service.details(wanted[0])
                    except TuiDlError:
                        self._had = wanted
                        continue  # out of reach: the last picture stays, the top line says so
                self._had = wanted
                self.let_go()
                now = self._wanted[0] if self._wanted is not None else None
                if now == (wanted[0] if wanted is not None else None):
                    self._deliver(details)
        finally:
            self._busy = False
            self.let_go()


async def _await(task: asyncio.Task[None]) -> None:
    await task
