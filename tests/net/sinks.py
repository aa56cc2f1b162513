"""Sinks for bodies: keep them, stop them, slow them down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tui_dl.net.client import HttpClient
from tui_dl.net.reply import Feed
from tui_dl.net.request import HttpRequest

IDLE_S = 20.0
"""Longer than any test needs: a test that runs into it has failed."""


class Keep:
    """Keeps every byte."""

    def __init__(self) -> None:
        self.data = b""
        self.feeds = 0

    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Keep ``data``."""
        assert len(data), "a sink is never fed nothing"
        self.data += data
        self.feeds += 1
        return Feed.GO_ON


class StopAt(Keep):
    """Has enough after some bytes."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self._size_bytes = size_bytes

    def feed(self, data: memoryview) -> Feed:
        """Keep ``data`` and compare."""
        super().feed(data)
        return Feed.STOP if len(self.data) >= self._size_bytes else Feed.GO_ON


class Slow(Keep):
    """Makes the transport wait after each feed, for whatever ``wait`` returns."""

    def __init__(self, wait: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._wait = wait

    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Keep a copy now, and compare with it when the wait is over."""
        super().feed(data)
        return self._finish(data, bytes(data))

    async def _finish(self, lent: memoryview, copy: bytes) -> None:
        await self._wait()
        assert lent == copy, "what was lent changed before it was given back"


class SlowNowAndThen(Slow):
    """Takes two pieces at once and makes the transport wait for the third."""

    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Keep ``data``, mostly at once."""
        if self.feeds % 3 == 2:
            return super().feed(data)
        return Keep.feed(self, data)


async def fetch(client: HttpClient, request: HttpRequest | str) -> bytes:
    """Return the whole body of a 200 or 206."""
    wanted = HttpRequest(request, use_netrc=False) if isinstance(request, str) else request
    reply = await client.open(wanted)
    try:
        assert reply.status in (200, 206)
        sink = Keep()
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        return sink.data
    finally:
        await reply.aclose()
