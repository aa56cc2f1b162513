"""The stream of the queue: the whole list first, then every change (server-sent events).

Two streams under two paths are the same. A reader that is too slow is dropped; its next
``init`` tells it all. Must not know how frames are made.
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from tui_dl.api.context import ApiContext
from tui_dl.api.jobs.board import Board, TooManyReadersError
from tui_dl.api.jobs.codec import init_frame
from tui_dl.api.jobs.reader import JobReader, StreamEndedError
from tui_dl.api.jobs.replies import error_reply
from tui_dl.api.requests import is_trusted
from tui_dl.api.sse import HEARTBEAT

_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
]


async def serve_stream(
    context: ApiContext, board: Board, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send frames until the client or the server goes, or the client falls behind."""
    heartbeat_s = context.limits.heartbeat_s
    may_go_on = context.guard.lasting(is_owner=is_trusted(scope))
    jobs = board.jobs()
    try:
        reader = board.subscribe()
    except TooManyReadersError:
        await error_reply(503, "too many event streams", scope)(scope, receive, send)
        return
    leaving = asyncio.create_task(_until_gone(receive, reader), name="jobs-leaving")
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _send(send, init_frame(jobs))
        while True:
            frame = await reader.next(heartbeat_s) or HEARTBEAT
            if not may_go_on():
                raise StreamEndedError
            await _send(send, frame)
    except StreamEndedError:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        reader.close()
        leaving.cancel()
        await asyncio.wait({leaving})


async def _until_gone(receive: Receive, reader: JobReader) -> None:
    """Close the reader as soon as the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.close()


async def _send(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
