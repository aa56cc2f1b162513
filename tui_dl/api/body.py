"""Reading a request's body with a bound on size and time, before any dialect runs (S13)."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Scope

from tui_dl.api.requests import header

DRAIN_BYTES = 64 * 1024 * 1024
DRAIN_S = 2.0


class BodyTooLargeError(Exception):
    """The body is, or says that it is, longer than allowed."""


class BodyTooSlowError(Exception):
    """The body did not arrive in time, or the client went away."""


async def read_body(scope: Scope, receive: Receive, limit_bytes: int, timeout_s: float) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLargeError: it has more than ``limit_bytes``; nothing more was read than that.
        BodyTooSlowError: it took longer than ``timeout_s``, or the client left.
    """
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdecimal() and int(declared[:20]) > limit_bytes:
        raise BodyTooLargeError
    pieces: list[bytes] = []
    size_bytes = 0
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyTooSlowError
                piece: bytes = message.get("body", b"")
                size_bytes += len(piece)
                if size_bytes > limit_bytes:
                    raise BodyTooLargeError
                pieces.append(piece)
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError as error:
        raise BodyTooSlowError from error


async def drain(receive: Receive) -> None:
    """Throw the rest of a refused body away, within bounds.

    A socket closed on unread bytes is reset, and the client loses the refusal.
    """
    size_bytes = 0
    try:
        async with asyncio.timeout(DRAIN_S):
            while size_bytes < DRAIN_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                size_bytes += len(message.get("body", b""))
    except TimeoutError:
        return


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body first and then what the server says."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
