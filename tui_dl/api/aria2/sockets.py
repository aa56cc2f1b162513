"""WebSocket connections: requests in, replies and notifications out.

A reply always leaves before the notifications that its call caused. Must not run methods:
that is ``rpc.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.envelope import Message, encode_replies, read_message
from tui_dl.api.aria2.notify import Notifier, frame
from tui_dl.api.aria2.rpc import Caller, Outcome, Rpc
from tui_dl.api.auth import Verdict
from tui_dl.api.events import HubClosedError, Lost, Reader, TooManyReadersError
from tui_dl.api.requests import peer_of
from tui_dl.domain.snapshot import DownloadEvent

MOST_HELD = 8
"""Replies that one socket may have held back; more ends it."""

GOING_AWAY, POLICY, TRY_LATER = 1001, 1008, 1013

logger = logging.getLogger(__name__)


class Socket:
    """One client on a WebSocket."""

    def __init__(self, rpc: Rpc, scope: Scope, receive: Receive, send: Send) -> None:
        self._rpc = rpc
        self._ws = WebSocket(scope, receive, send)
        self._caller = Caller(peer_of(scope), rpc.desk.context.guard.check_bearer(scope))
        is_owner = self._caller.bearer is Verdict.OWNER
        self._may_go_on = rpc.desk.context.guard.lasting(is_owner=is_owner)
        self._turn = asyncio.Lock()
        """Whose holder may send. Notifications wait for the reply before them."""
        self._held: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Talk until one side ends it; give the place among the readers back."""
        await self._ws.accept()
        picture = Look(self._rpc.desk).picture()
        try:
            reader = self._rpc.desk.context.events.open(progress_s=None)
        except TooManyReadersError:
            await self._close(TRY_LATER)
            return
        sides = {
            asyncio.create_task(self._tell(reader, Notifier(picture.downloads))),
            asyncio.create_task(self._listen()),
        }
        try:
            # Whichever side ends ends the other: a client that takes nothing may never leave.
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.close()
            for task in (*sides, *self._held):
                task.cancel()
            for end in await asyncio.gather(*sides, *self._held, return_exceptions=True):
                if isinstance(end, Exception):
                    logger.error("a socket broke", exc_info=end)
            await self._close(GOING_AWAY)

    async def _listen(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, TimeoutError):  # nobody is there any more
            await self._take_calls()

    async def _take_calls(self) -> None:
        while True:
            item = await self._ws.receive()
            if item["type"] != "websocket.receive":
                return
            body = item.get("bytes") or (item.get("text") or "").encode("utf-8", "replace")
            message = read_message(body)
            async with self._turn:
                outcome = await self._rpc.run(message, self._caller)
                if not outcome.was_refused:
                    await self._reply(message, outcome)
            if outcome.was_refused and not self._hold(message, outcome):
                await self._close(POLICY)
                return

    def _hold(self, message: Message, outcome: Outcome) -> bool:
        """Answer later, without keeping the socket's other calls."""
        if len(self._held) >= MOST_HELD:
            return False

        async def later() -> None:
            await self._rpc.hold_back()
            async with self._turn:
                await self._reply(message, outcome)

        task = asyncio.create_task(later(), name="aria2-held-reply")
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        return True

    async def _reply(self, message: Message, outcome: Outcome) -> None:
        await self._send(encode_replies(message, outcome.replies).decode())

    async def _tell(self, reader: Reader, notifier: Notifier) -> None:
        try:
            while True:
                item = await reader.next()
                if not self._may_go_on():
                    await self._close(POLICY)
                    return
                if isinstance(item, Lost):
                    # Told events are gone; a new connection sees everything afresh.
                    await self._close(TRY_LATER)
                    return
                name = notifier.take(item) if isinstance(item, DownloadEvent) else None
                if name is not None and isinstance(item, DownloadEvent):
                    async with self._turn:
                        await self._send(frame(name, item.download.gid))
        except HubClosedError:
            await self._close(GOING_AWAY)
        except (WebSocketDisconnect, TimeoutError):
            await self._close(TRY_LATER)

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(self._rpc.desk.context.limits.stalled_write_s):
            await self._ws.send_text(text)

    async def _close(self, code: int) -> None:
        if self._ws.application_state is WebSocketState.DISCONNECTED:
            return
        # The other side may be gone already, and a second close is nobody's loss.
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._ws.close(code)
