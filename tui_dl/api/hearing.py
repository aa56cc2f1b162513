"""Hearing a service's events in the loop that serves clients. Must not know any dialect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from tui_dl.domain.snapshot import DownloadEvent
from tui_dl.service.contract import DownloadService, EventListener


def hear_in_loop(service: DownloadService, listener: EventListener) -> Callable[[], None]:
    """Call ``listener`` in the running loop for every event; return the way to stop it.

    An event of the loop itself is heard at once, so that what an action did is known
    before its reply; one of another thread is handed over.
    """
    loop = asyncio.get_running_loop()

    def hear(event: DownloadEvent) -> None:
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:  # a plain thread
            running = None
        if running is loop:
            listener(event)
            return
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens any more
            loop.call_soon_threadsafe(listener, event)

    return service.subscribe(hear)
