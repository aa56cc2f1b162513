"""A ``get`` that lets other ``get`` in: two shells share one state and one engine.

Owns the socket's life. The server behind it is imported when somebody knocks.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.errors import DiskError

if TYPE_CHECKING:
    from tui_dl.cli.reporters import Reporter
    from tui_dl.service.contract import DownloadService

NAME = "get.socket"
LOOK_S = 0.25

logger = logging.getLogger(__name__)


async def open_door(service: DownloadService, data_dir: Path) -> None:
    """Let other processes of this user work through a started ``service`` until it closes.

    Where the system has no such sockets, others are told to wait, and nothing else is lost.
    """
    from tui_dl.service.local import LocalService
    from tui_dl.storage.unix_socket import listen, unlink

    if not isinstance(service, LocalService):
        return
    try:
        listening = listen(data_dir, NAME)
    except DiskError as error:
        logger.info("no socket for other processes: %s", error.message)
        return

    async def guest() -> None:
        try:
            await _knock(listening)
            door = await asyncio.to_thread(importlib.import_module, "tui_dl.api.door")
            await door.serve_door(service, service.snapshot().directory, listening)
        finally:
            listening.close()
            unlink(data_dir, NAME)

    await service.attach(guest)
    await service.set_unix_socket(NAME)


async def until_guests_can_go(service: DownloadService, reporter: Reporter) -> None:
    """Wait while another's download here would have to begin again from its start.

    All others go on where they were: whoever watches takes over.
    """
    is_told = False
    while await _cannot_go_on(service):
        if not is_told:
            is_told = True
            reporter.note(
                "Done. Another tui-dl get has a download here that cannot be continued: this "
                "one waits for it. Ctrl+C ends both."
            )
        await asyncio.sleep(LOOK_S)


async def _cannot_go_on(service: DownloadService) -> bool:
    asked: set[str] = set()
    # The picture is looked at anew after each answer: of a long list that has just ended, the
    # old one still shows the last dozens as running, and each question would cost a picture.
    while (record_id := _under_way(service, asked)) is not None:
        asked.add(record_id)
        details = await service.details(record_id)
        if details is not None and details.ranges_supported is False:
            return True
    return False


def _under_way(service: DownloadService, asked: Collection[str]) -> str | None:
    """Return a download that has bytes and runs, and was not asked about."""
    for row in service.snapshot().downloads:
        if row.status.is_running and row.done_bytes > 0 and row.id not in asked:
            return row.id
    return None


async def _knock(listening: socket.socket) -> None:
    """Wait for the first caller; it stays in line for the server."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[None] = loop.create_future()

    def note() -> None:
        if not came.done():
            came.set_result(None)

    loop.add_reader(listening, note)
    try:
        await came
    finally:
        loop.remove_reader(listening)
