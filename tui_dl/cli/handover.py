"""What a second tui-dl does when another one holds the state: it works through that one.

``get`` lets the owner fetch and watches; the app shows the owner's list. Must not decide
what to do when nobody holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_dl.domain.errors import ErrorCode, TransferError

if TYPE_CHECKING:
    from pathlib import Path

    from tui_dl.cli.reach import Place
    from tui_dl.cli.reporters import Reporter
    from tui_dl.domain.model import AddRequest
    from tui_dl.service.contract import DownloadService

LOOK_S = 1.0
PATIENCE_S = 3.0
"""Out of reach for so long, the owner may have ended: then nobody fetches any more."""


def owner_place(data_dir: Path) -> Place | None:
    """Return where the owner of the state answers; ``None`` when nobody owns it.

    Variables that point elsewhere do not count: this is about this very folder.

    Raises:
        StateError: ``STATE_LOCKED``, its API is off.
    """
    from tui_dl.cli.reach import find_place

    return find_place(data_dir, environ={})


async def fetch_by_owner(
    place: Place, data_dir: Path, requests: Sequence[AddRequest], reporter: Reporter
) -> int:
    """Let the owner fetch ``requests``, watch until they have ended, return the exit code.

    Raises:
        StateError: ``STATE_LOCKED``, the owner cannot be reached.
        TransferError: it ended before the downloads did.
    """
    from tui_dl.cli.client import remote_service, told_as_locked
    from tui_dl.cli.foreground import run_foreground

    service = remote_service(place)
    try:
        reporter.note("Another tui-dl runs: it fetches, this one watches. Ctrl+C leaves it alone.")
        watching = asyncio.create_task(run_foreground(service, requests, reporter))
        ended = asyncio.create_task(_until_owner_ended(service, data_dir))
        await asyncio.wait({watching, ended}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            ended.cancel()
            with told_as_locked():
                return await watching
        watching.cancel()
        await asyncio.wait({watching})
        raise TransferError(
            "The tui-dl that fetched has ended; the same command continues where it was.",
            code=ErrorCode.CONNECTION_LOST,
        )
    finally:
        await service.close()


async def _until_owner_ended(service: DownloadService, data_dir: Path) -> None:
    from tui_dl.storage.instance import read_owner

    while True:
        await asyncio.sleep(LOOK_S)
        if service.snapshot().stale_s > PATIENCE_S and read_owner(data_dir) is None:
            return
