"""GET /events: one reader of the hub as a stream of Surge's frames.

The reader's slot is taken inside the response and given back in a ``finally``, so a
client that leaves before the first byte cannot leak it (trap S14).
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from tui_dl.api.context import ApiContext
from tui_dl.api.events import HubClosedError, HubItem, Lost, Progress, Reader, TooManyReadersError
from tui_dl.api.surge.frames import frames_of, progress_frame, state_frame, system_frame
from tui_dl.api.surge.replies import text_reply
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import EventKind

HEARTBEAT = b": still here\n\n"
HEADERS = [
    # Bare, without a charset: newer Go clients compare the whole field.
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class SurgeStream:
    """An ASGI response that lasts until the client or the server goes."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._gone: set[str] = set()
        """Told as removed because they were cancelled: not to be told again."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send frames until somebody leaves."""
        try:
            reader = self._context.events.open()
        except TooManyReadersError:
            await text_reply(503, "Too many event streams")(scope, receive, send)
            return
        leaving = asyncio.create_task(_until_gone(receive, reader), name="sse-leaving")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await _send(send, b"")  # the head goes out now, not with the first event
            await self._pump(reader, send)
        except HubClosedError:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            reader.close()
            leaving.cancel()
            await asyncio.wait({leaving})

    async def _pump(self, reader: Reader, send: Send) -> None:
        while True:
            item = await reader.next(self._context.limits.heartbeat_s)
            frames = [HEARTBEAT] if item is None else self._frames(item)
            if frames:
                await _send(send, b"".join(frames))

    def _frames(self, item: HubItem) -> list[bytes]:
        if isinstance(item, Progress):
            moving = (row for row in item.rows if row.status is Status.DOWNLOADING)
            return [progress_frame(row) for row in moving]
        if isinstance(item, Lost):
            self._gone.clear()
            rows = item.snapshot.downloads
            words = "Events were lost because this client was too slow; this is how it stands."
            return [system_frame(words, resync=True), *map(state_frame, rows)]
        id_ = item.download.id
        if item.kind is EventKind.CANCELLED:
            self._gone.add(id_)
        elif item.kind is EventKind.REMOVED:
            if id_ in self._gone:
                self._gone.remove(id_)
                return []
        elif id_ in self._gone:
            self._gone.remove(id_)
        return frames_of(item)


async def _until_gone(receive: Receive, reader: Reader) -> None:
    """Close the reader as soon as the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.close()


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
