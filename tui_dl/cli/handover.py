"""What a second tui-dl does when another one holds the state: it works through that one.

``get`` lets the owner fetch and watches; the app shows the owner's list. When the owner is
a ``get`` as well, it ends with its own downloads: then one of those that watched takes over.
Must not decide what a run of ``get`` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_dl.domain.errors import ErrorCode, StateError, TransferError, TuiDlError

if TYPE_CHECKING:
    from pathlib import Path

    from tui_dl.cli.foreground import Ledger
    from tui_dl.cli.reach import Place
    from tui_dl.cli.reporters import Reporter
    from tui_dl.domain.model import AddRequest
    from tui_dl.engine.config import EngineConfig
    from tui_dl.service.contract import DownloadService
    from tui_dl.storage.instance import Owner

LOOK_S = 0.25
PATIENCE_S = 3.0
"""Out of reach for so long, the owner may have ended: then nobody fetches any more."""
ENDING_S = 30.0
"""An owner that ends may take so long to save its state on a slow disk."""
ATTEMPTS = 8
"""Between a look and an opening somebody else may be quicker; not so often in a row."""


def owner_place(data_dir: Path) -> Place | None:
    """Return where the owner of the state answers; ``None`` when nobody owns it.

    Variables that point elsewhere do not count: this is about this very folder.

    Raises:
        StateError: ``STATE_LOCKED``, its API is off.
    """
    from tui_dl.cli.reach import find_place

    return find_place(data_dir, environ={})


async def fetch(config: EngineConfig, requests: Sequence[AddRequest], reporter: Reporter) -> int:
    """Download ``requests`` here or by the owner of the state; return the exit code.

    Raises:
        StateError: ``STATE_LOCKED``, somebody owns the state and cannot be reached.
        TransferError: the app or ``serve`` that fetched has ended before the downloads did.
    """
    from tui_dl.cli.foreground import Ledger

    ledger = Ledger.of(requests)
    for attempt in range(ATTEMPTS):
        place = owner_place(config.data_dir)
        if place is not None:
            code = await _fetch_by_owner(place, config, ledger, reporter)
            if code is not None:
                return code
            continue
        try:
            return await _fetch_here(config, ledger, reporter)
        except StateError as error:
            # Somebody was quicker, or a command that changes the stored list is at work.
            if error.code is not ErrorCode.STATE_LOCKED or attempt + 1 == ATTEMPTS:
                raise
        await asyncio.sleep(LOOK_S)
    raise StateError("Others took the state again and again.", code=ErrorCode.STATE_LOCKED)


async def _fetch_here(config: EngineConfig, ledger: Ledger, reporter: Reporter) -> int:
    from tui_dl.cli.door import open_door, until_guests_can_go
    from tui_dl.cli.engine import open_service
    from tui_dl.cli.foreground import Company, run_foreground

    service = open_service(config)
    company = Company(
        opened=lambda: open_door(service, config.data_dir),
        finished=lambda: until_guests_can_go(service, reporter),
    )
    return await run_foreground(service, ledger, reporter, company)


async def _fetch_by_owner(
    place: Place, config: EngineConfig, ledger: Ledger, reporter: Reporter
) -> int | None:
    """Let the owner fetch, and watch; ``None`` when it was a ``get`` and has ended.

    Raises:
        StateError: ``STATE_LOCKED``, the owner cannot be reached.
        TransferError: it ended before the downloads did.
    """
    from tui_dl.cli.client import remote_service, told_as_locked
    from tui_dl.cli.foreground import Company, run_foreground
    from tui_dl.storage.instance import read_owner

    owner = read_owner(config.data_dir)
    is_get = place.unix_socket is not None
    words = "Another tui-dl runs: it fetches, this one watches. Ctrl+C leaves it alone."
    if is_get:
        words = "Another tui-dl get runs: it fetches for both."
    reporter.note(words)
    service = remote_service(place)
    guest = _Guest(service, min(config.slots, len(ledger.open)))
    company = Company(guest.come, guest.stop, guest.go) if is_get else Company()
    watching = asyncio.create_task(run_foreground(service, ledger, reporter, company))
    ended = asyncio.create_task(_until_owner_ended(service, config.data_dir, owner, is_get=is_get))
    try:
        await asyncio.wait({watching, ended}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            with told_as_locked():
                try:
                    return await watching
                except TuiDlError:
                    if is_get and await _is_ending(config.data_dir, owner):
                        return None
                    raise
        watching.cancel()
        await asyncio.wait({watching})
        if is_get:
            return None
        raise TransferError(
            "The tui-dl that fetched has ended; the same command continues where it was.",
            code=ErrorCode.CONNECTION_LOST,
        )
    finally:
        ended.cancel()
        await service.close()


class _Guest:
    """A ``get`` that works through another one; neither waits for a slot of the other."""

    def __init__(self, service: DownloadService, slots: int) -> None:
        self._service = service
        self._slots = slots

    async def come(self) -> None:
        """Bring slots along."""
        await self._service.set_slots(self._service.snapshot().slots + self._slots)

    async def go(self) -> None:
        """Take them away again. The owner may be gone first."""
        slots = self._service.snapshot().slots - self._slots
        try:
            await self._service.set_slots(max(1, slots))
        except TuiDlError:
            return

    async def stop(self, ledger: Ledger) -> None:
        """Stop what this command has set going: nobody else asked for it."""
        try:
            await self._service.pause(sorted(ledger.started))
        except TuiDlError:
            return
        await self.go()


async def _until_owner_ended(
    service: DownloadService, data_dir: Path, owner: Owner | None, *, is_get: bool
) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        stale_s = service.snapshot().stale_s
        if is_get and stale_s > 0 and _has_changed(data_dir, owner):
            return
        if stale_s > PATIENCE_S and _has_changed(data_dir, None):
            return


async def _is_ending(data_dir: Path, owner: Owner | None) -> bool:
    """Return whether an owner that does not answer is gone soon."""
    for _ in range(int(ENDING_S / LOOK_S)):
        if _has_changed(data_dir, owner):
            return True
        await asyncio.sleep(LOOK_S)
    return False


def _has_changed(data_dir: Path, owner: Owner | None) -> bool:
    from tui_dl.storage.instance import read_owner

    now = read_owner(data_dir)
    if now is None or owner is None:
        return now is None
    return (now.pid, now.started_at) != (owner.pid, owner.started_at)
