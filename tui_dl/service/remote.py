"""The service over a remote engine: the same contract through HTTP and server-sent events.

Keeps a copy of the picture, follows the news, and comes back after every loss of the
connection; how old the copy is stands in ``stale_s``. Must not decide anything.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tui_dl.domain.errors import StateError, TransferError, TuiDlError
from tui_dl.domain.model import AddRequest, DownloadOptions
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, EngineSnapshot
from tui_dl.service.contract import (
    ActionResult,
    AddResult,
    EventListener,
    MoveTo,
    Preview,
    Recheck,
)
from tui_dl.service.remote_http import RemoteHttp
from tui_dl.service.remote_link import Link, LinkItem, NativeLink, Part, Whole
from tui_dl.service.remote_picture import RemotePicture
from tui_dl.service.remote_surge import SurgeLink
from tui_dl.service.remote_wire import PREFIX, Act, Deed, Dials

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 10.0

logger = logging.getLogger(__name__)


class RemoteService:
    """A ``DownloadService`` whose engine lives in another process. Belongs to one loop."""

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        unix_socket: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``base_url`` is ``http://host:port``; ``clock`` is monotonic seconds."""
        self._http = RemoteHttp(base_url, token, unix_socket)
        self._clock = clock
        self._picture = RemotePicture()
        self._listeners: list[EventListener] = []
        self._link_found: Link | None = None
        self._follower: asyncio.Task[None] | None = None
        self._lost_at_s: float | None = None

    # -- life

    async def start(self) -> None:
        """Find out who answers there, take its picture and follow it.

        Raises:
            StateError: nobody answers, or the token is refused.
        """
        try:
            link, picture = await self._find_link()
        except TransferError as error:
            raise StateError(error.message, code=error.code) from error
        self._link_found = link
        self._picture.replace_all(picture)
        self._follower = asyncio.create_task(self._follow(link), name="remote-follower")

    async def close(self) -> None:
        """Stop listening. The remote engine goes on. Idempotent."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.wait({follower})
        await self._http.close()

    def snapshot(self) -> EngineSnapshot:
        """Return the latest copy."""
        if self._lost_at_s is not None:
            stale_s = self._clock() - self._lost_at_s
            if int(stale_s) != int(self._picture.snapshot.stale_s):
                self._picture.touch(stale_s)
        return self._picture.snapshot

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        """Call ``listener`` in this service's loop for every event."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    # -- actions

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add downloads.

        Raises:
            TuiDlError: the engine cannot be reached, or could not store them.
        """
        return await self._link.add(requests) if requests else []

    async def preview(self, request: AddRequest) -> Preview:
        """Ask what a request leads to, as seen from the engine."""
        return await self._link.preview(request)

    async def pause(self, ids: Sequence[str]) -> list[ActionResult]:
        """Ask downloads to pause."""
        return await self._act(Act(Deed.PAUSE, tuple(ids)))

    async def resume(self, ids: Sequence[str]) -> list[ActionResult]:
        """Queue stopped downloads again."""
        return await self._act(Act(Deed.RESUME, tuple(ids)))

    async def cancel(self, ids: Sequence[str]) -> list[ActionResult]:
        """Stop downloads for good."""
        return await self._act(Act(Deed.CANCEL, tuple(ids)))

    async def remove(self, ids: Sequence[str], *, with_files: bool) -> list[ActionResult]:
        """Drop records, and files if asked."""
        return await self._act(Act(Deed.REMOVE, tuple(ids), with_files=with_files))

    async def move(self, ids: Sequence[str], to: MoveTo) -> list[ActionResult]:
        """Change places in the queue."""
        return await self._act(Act(Deed.MOVE, tuple(ids), to=to))

    async def move_to_index(self, id: str, index: int) -> ActionResult:
        """Put one download at a place of the queue."""
        return (await self._act(Act(Deed.MOVE_TO_INDEX, (id,), index=index)))[0]

    async def set_priority(self, ids: Sequence[str], priority: int) -> list[ActionResult]:
        """Let downloads start before or after others that wait."""
        return await self._act(Act(Deed.SET_PRIORITY, tuple(ids), priority=priority))

    async def set_url(self, id: str, url: str) -> ActionResult:
        """Give a stopped download a new link."""
        return (await self._act(Act(Deed.SET_URL, (id,), url=url)))[0]

    async def relocate(
        self, id: str, *, directory: str | None = None, name: str | None = None
    ) -> ActionResult:
        """Move one download to another folder or name."""
        act = Act(Deed.RELOCATE, (id,), directory=directory, name=name)
        return (await self._act(act))[0]

    async def set_options(self, id: str, options: DownloadOptions) -> ActionResult:
        """Change options; secrets that this side cannot see stay as they are."""
        return (await self._act(Act(Deed.SET_OPTIONS, (id,), options=options)))[0]

    async def set_limit(self, id: str, limit_bps: int | None) -> ActionResult:
        """Limit one download at once."""
        return (await self._act(Act(Deed.SET_LIMIT, (id,), limit_bps=limit_bps)))[0]

    async def set_global_limit(self, limit_bps: int) -> None:
        """Limit the sum of all downloads at once."""
        await self._link.dial(Dials(global_limit_bps=limit_bps))

    async def set_schedule(self, text: str) -> None:
        """Follow another schedule of limits at once."""
        await self._link.dial(Dials(schedule=text))

    async def set_default_limit(self, limit_bps: int) -> None:
        """Limit at once each download that names no limit of its own."""
        await self._link.dial(Dials(default_limit_bps=limit_bps))

    async def set_slots(self, slots: int) -> None:
        """Set how many downloads run at once."""
        await self._link.dial(Dials(slots=slots))

    async def recheck(self, id: str) -> Recheck:
        """Compare a completed download with its source."""
        return await self._link.recheck(id)

    async def details(self, id: str) -> DownloadDetails | None:
        """Return everything about one download."""
        return await self._link.details(id)

    # -- inside

    @property
    def _link(self) -> Link:
        if self._link_found is None:
            raise StateError("The remote engine is not connected.")
        return self._link_found

    async def _act(self, act: Act) -> list[ActionResult]:
        return await self._link.act(act) if act.ids else []

    async def _find_link(self) -> tuple[Link, EngineSnapshot]:
        answer = await self._http.ask("GET", f"/{PREFIX}/snapshot")
        link: Link = SurgeLink(self._http) if answer.status == 404 else NativeLink(self._http)
        return link, await link.picture()

    async def _follow(self, link: Link) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                async for item in link.listen():
                    wait_s = FIRST_WAIT_S
                    self._take(item)
            except TuiDlError as error:
                logger.info("the remote engine is out of reach: %s", error.message)
            self._lose()
            # Spread out, so that many clients do not come back in one moment.
            await asyncio.sleep(wait_s * (0.5 + random.random() / 2))
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    def _lose(self) -> None:
        if self._lost_at_s is None:
            self._lost_at_s = self._clock()
            self._stir()

    def _take(self, item: LinkItem) -> None:
        was_lost, self._lost_at_s = self._lost_at_s is not None, None
        if isinstance(item, Whole):
            for event in self._picture.replace_all(item.snapshot):
                self._emit(event)
        elif isinstance(item, Part):
            self._picture.update(item.snapshot)
        else:
            self._emit(self._picture.tell(item))
        if was_lost:
            self._stir()

    def _stir(self) -> None:
        """Make a screen that sleeps look at the picture."""
        event = self._picture.some_row()
        if event is not None:
            self._emit(event)

    def _emit(self, event: DownloadEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # a front end's mistake must not stop the news
                logger.exception("a listener failed")
