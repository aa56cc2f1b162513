"""Changing what a download cannot change while it runs: stop, change, run again.

aria2 restarts a download by itself when such an option changes; bytes are kept. Must not
decide what needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.errors import RpcError
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot

STOP_S = 20.0
"""A disk that needs longer than this to take the last bytes is in trouble."""


async def restart(look: Look, row: DownloadSnapshot) -> None:
    """Have a running download run again, with the options that it has by now."""
    if row.status in (Status.PROBING, Status.DOWNLOADING, Status.RETRYING):
        look.forget()
        await look.service.pause([row.id])
        await _resume_at_front(look, row)


async def while_stopped(
    look: Look, row: DownloadSnapshot, change: Callable[[], Awaitable[None]]
) -> None:
    """Run ``change`` while nothing works on the download; what ran runs again, at the front.

    Raises:
        RpcError: it does not stop in time, or ``change`` refuses.
    """
    if not row.status.is_running:
        await change()
        return
    await pause_and_wait(look, row)
    try:
        await change()
    finally:
        now = look.again(row)
        if row.status is not Status.PAUSING and now and now.status is Status.PAUSED:
            await _resume_at_front(look, row)


async def _resume_at_front(look: Look, row: DownloadSnapshot) -> None:
    """Give a paused or pausing download its slot back, before others take it."""
    look.forget()
    await look.service.resume([row.id])
    await look.service.move_to_index(row.id, 0)


async def pause_and_wait(look: Look, row: DownloadSnapshot) -> None:
    """Pause a running download and return once it is at rest.

    Raises:
        RpcError: it does not stop in time.
    """
    loop = asyncio.get_running_loop()
    moved = asyncio.Event()

    def hear(event: DownloadEvent) -> None:
        if event.download.id == row.id:
            loop.call_soon_threadsafe(moved.set)

    stop = look.service.subscribe(hear)
    try:
        async with asyncio.timeout(STOP_S):
            await look.service.pause([row.id])
            while (now := look.again(row)) is not None and now.status.is_running:
                await moved.wait()
                moved.clear()
    except TimeoutError as error:
        raise RpcError(f"GID#{row.gid} does not stop.") from error
    finally:
        stop()
        look.forget()
