"""A stream of server-sent events over one reader of the hub, for every dialect that has one.

The reader's slot is taken inside the response and given back in a ``finally``, so a
client that leaves before the first byte cannot leak it (trap S14). Must not know frames.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tui_dl.api.context import ApiContext
from tui_dl.api.events import POLL_S, HubClosedError, HubItem, Reader, TooManyReadersError
from tui_dl.api.requests import is_trusted
from tui_dl.domain.quick_dataclass import dataclass

HEARTBEAT = b": still here\n\n"
FLUSH_S = 0.02
"""Shortest time between two pieces to one reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """What a dialect's stream sends, and how often."""

    frames_of: Callable[[HubItem], Iterable[bytes]]
    first: Callable[[], Iterable[bytes]] = tuple
    """Frames to begin with, made once the reader listens: nothing falls between."""
    progress_s: float | None = POLL_S
    everything: bool = False
    heartbeat_s: float = 15.0
    headers: tuple[tuple[bytes, bytes], ...] = ()


class EventStream:
    """An ASGI response that lasts until the client or the server goes."""

    def __init__(self, context: ApiContext, plan: StreamPlan, crowded: Response) -> None:
        """``crowded`` is sent instead when no reader's slot is free."""
        self._context = context
        self._plan = plan
        self._crowded = crowded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send frames until somebody leaves."""
        plan = self._plan
        may_go_on = self._context.guard.lasting(is_owner=is_trusted(scope))
        try:
            reader = self._context.events.open(
                progress_s=plan.progress_s, everything=plan.everything
            )
        except TooManyReadersError:
            await self._crowded(scope, receive, send)
            return
        leaving = asyncio.create_task(_until_gone(receive, reader), name="sse-leaving")
        headers = [
            # Bare, without a charset: newer Go clients compare the whole field.
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-cache"),
            (b"x-accel-buffering", b"no"),
            *plan.headers,
        ]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            # Even an empty piece sends the head: it goes out now, not with the first event.
            await _send(send, b"".join(plan.first()))
            await self._pump(reader, send, may_go_on)
        except HubClosedError:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            reader.close()
            leaving.cancel()
            await asyncio.wait({leaving})

    async def _pump(self, reader: Reader, send: Send, may_go_on: Callable[[], bool]) -> None:
        while True:
            item = await reader.next(self._plan.heartbeat_s)
            if not may_go_on():
                raise HubClosedError
            if item is None:
                await _send(send, HEARTBEAT)
                continue
            items = (item, *reader.ready())
            piece = b"".join(frame for one in items for frame in self._plan.frames_of(one))
            if piece:
                await _send(send, piece)
            # A burst becomes a few large pieces: each one costs more than what it carries.
            await asyncio.sleep(FLUSH_S)


async def _until_gone(receive: Receive, reader: Reader) -> None:
    """Close the reader as soon as the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.close()


async def _send(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
