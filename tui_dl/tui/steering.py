"""What a key asks of the service, and what the user is told about the answer.

Every refusal becomes one sentence. Must not hold state of the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from tui_dl.domain.display import display_text, shorten_middle
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot
from tui_dl.service.contract import ActionResult, DownloadService, MoveTo, Recheck
from tui_dl.tui.asked import Asked

STOP_LIMIT_S = 20.0
"""How long a running download may take to pause before its link is changed."""
Severity = Literal["information", "warning", "error"]


RECHECKED: dict[Recheck, tuple[str, Severity]] = {
    Recheck.SAME: ("the file is in place, and the server still has the same.", "information"),
    Recheck.CHANGED: ("the file was changed or is gone, or the server has another.", "warning"),
    Recheck.UNKNOWN: ("the server does not tell whether it is the same.", "information"),
}


class Say(Protocol):
    """Tell the user something, in a toast."""

    def __call__(self, sentence: str, severity: Severity = "information") -> None:
        """Show ``sentence``, which is display-safe."""


class Steering:
    """Ask the service for actions on ids; say what was refused.

    ``looked`` is called after every answer, so that the screen shows it in the next frame.
    """

    def __init__(self, service: DownloadService, say: Say, looked: Callable[[], None]) -> None:
        self._service = service
        self._say = say
        self._looked = looked
        self.asked = Asked()

    async def pause(self, ids: Sequence[str]) -> None:
        """Pause downloads."""
        with self.asked.asking(Event.PAUSE, ids):
            results = await self._answer(self._service.pause(ids))
        self._tell("paused", results)

    async def resume(self, ids: Sequence[str]) -> None:
        """Resume or retry downloads."""
        with self.asked.asking(Event.RESUME, ids):
            results = await self._answer(self._service.resume(ids))
        self._tell("resumed", results)

    async def remove(self, ids: Sequence[str], *, with_files: bool) -> None:
        """Drop downloads from the list, with their files only if asked."""
        taken = await self._ask("deleted", self._service.remove(ids, with_files=with_files))
        if taken and with_files:
            self._say(f"{plural(taken, 'download')} deleted, with what was on the disk.")

    async def move(self, ids: Sequence[str], to: MoveTo) -> None:
        """Move downloads in the queue."""
        await self._ask("moved", self._service.move(ids, to))

    async def move_to_index(self, id: str, index: int) -> None:
        """Put a download at a place of the queue, counted from 0."""
        await self._ask("moved", _listed(self._service.move_to_index(id, index)))

    async def relocate(self, ids: Sequence[str], directory: str | None, name: str | None) -> None:
        """Give downloads another folder, and a single one another name, one after the other."""

        async def each() -> list[ActionResult]:
            service = self._service
            return [await service.relocate(id, directory=directory, name=name) for id in ids]

        taken = await self._ask("moved", each())
        if taken and directory is not None:
            folder = shorten_middle(display_text(directory), 48)
            self._say(f"{plural(taken, 'download')} moved to {folder}.")

    async def verify(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Compare finished downloads with their sources, and say what came of it."""
        for download in downloads:
            name = shorten_middle(display_text(download.name), 40)
            if download.status is not Status.COMPLETED:
                self._say(f"{name} is not done: its bytes are checked as they arrive.", "warning")
                continue
            try:
                found = await self._service.recheck(download.id)
            except TuiDlError as error:
                self._say(display_text(error.message), "error")
                continue
            sentence, severity = RECHECKED[found]
            self._say(f"{name}: {sentence}", severity)

    async def set_limit(self, ids: Sequence[str], limit_bps: int | None) -> None:
        """Limit each of these downloads."""
        for id in ids:
            await self._ask("limited", _listed(self._service.set_limit(id, limit_bps)))

    async def set_global_limit(self, limit_bps: int) -> None:
        """Limit the sum of all downloads."""
        try:
            await self._service.set_global_limit(limit_bps)
        except TuiDlError as error:
            self._say(display_text(error.message), "error")
        self._looked()

    async def set_url(self, download: DownloadSnapshot, url: str) -> None:
        """Give a download a new link, and let a stopped one run with it.

        One that runs is paused first: its connections hold the old link.
        """
        if download.status.is_running and not await self._stopped(download.id):
            return
        taken = await self._ask(
            "given a new link", _listed(self._service.set_url(download.id, url))
        )
        if taken and download.status is not Status.QUEUED:
            await self._ask("resumed", self._service.resume([download.id]))

    async def _stopped(self, id: str) -> bool:
        """Pause a running download and wait until its connections are gone."""
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def heard(event: DownloadEvent) -> None:  # on the engine's thread
            if event.download.id == id and not event.download.status.is_running:
                loop.call_soon_threadsafe(over.set)

        unsubscribe = self._service.subscribe(heard)
        try:
            if not await self._ask("paused", self._service.pause([id])):
                return False
            async with asyncio.timeout(STOP_LIMIT_S):
                await over.wait()
        except TimeoutError:
            self._say("It does not pause; the link is the old one. Try again with it.", "warning")
            return False
        finally:
            unsubscribe()
        return True

    async def _ask(self, done: str, answer: Awaitable[Sequence[ActionResult]]) -> int:
        """Await the answers, say what was refused, return how many were taken."""
        return self._tell(done, await self._answer(answer))

    async def _answer(self, answer: Awaitable[Sequence[ActionResult]]) -> Sequence[ActionResult]:
        """Await the answers; say it if there are none."""
        try:
            return await answer
        except TuiDlError as error:
            self._say(display_text(error.message), "error")
            return ()

    def _tell(self, done: str, results: Sequence[ActionResult]) -> int:
        """Say what was refused, look at what was done, return how many were taken."""
        refused = [result.failure for result in results if result.failure is not None]
        if refused:
            reason = display_text(refused[0].message)
            if len(results) == 1:
                self._say(reason, "warning")
            else:
                self._say(f"{len(refused)} of {len(results)} were not {done}: {reason}", "warning")
        self._looked()
        return len(results) - len(refused)


def plural(count: int, noun: str) -> str:
    """Return ``1 download``, ``2 downloads``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


async def _listed(answer: Awaitable[ActionResult]) -> list[ActionResult]:
    return [await answer]
