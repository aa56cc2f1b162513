"""A reply that came through httpx's own transport, as those through a proxy do."""

from __future__ import annotations

import asyncio

from tui_dl.net.errors import silence, transfer_error
from tui_dl.net.framing import plan_body
from tui_dl.net.quiet_httpx import httpx
from tui_dl.net.reply import BodySink, Feed, Reply, ReplyHeaders
from tui_dl.net.small_body import read_small

FIELDS = "tui_dl_fields"
"""Extension of a response: all header fields."""


class ProxyReply(Reply):
    """Pumps httpx's raw chunks; the same promises, somewhat slower."""

    def __init__(self, response: httpx.Response, *, url: str, peer: str, where: str) -> None:
        """``peer`` is the proxy's ``host:port``, ``where`` the origin's.

        Raises:
            TransferError: PROTOCOL, the framing is broken.
        """
        fields = [(name.lower(), value) for name, value in response.extensions[FIELDS]]
        plan = plan_body(response.status_code, fields)
        self.status = response.status_code
        self.reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
        self.headers = ReplyHeaders(fields)
        self.url = url
        self.framing = plan.framing
        self.content_length = plan.length
        self.peer = peer
        self.reused = False
        self.is_whole = False
        """Whether the body was read to its end."""
        self._response = response
        self._where = where

    async def pump(self, sink: BodySink, *, idle_timeout_s: float) -> None:
        """Feed the body to ``sink``: see ``Reply.pump``."""
        chunks = self._response.aiter_raw()
        while True:
            try:
                async with asyncio.timeout(idle_timeout_s) as limit:
                    chunk = await anext(chunks, None)
            except TimeoutError as error:
                if limit.expired():
                    raise silence(self._where, idle_timeout_s) from error
                raise transfer_error(error, self._where) from error
            except (httpx.HTTPError, httpx.StreamError, OSError) as error:
                raise transfer_error(error, self._where) from error
            if chunk is None:
                self.is_whole = True
                return
            if not chunk:
                continue
            answer = sink.feed(memoryview(chunk))
            if answer is Feed.STOP:
                return
            if not isinstance(answer, Feed):
                await answer

    async def read(self, limit_bytes: int) -> bytes:
        """Return the body, or its first ``limit_bytes``."""
        return await read_small(self, limit_bytes)

    async def aclose(self) -> None:
        """Let go of the connection. Idempotent."""
        await self._response.aclose()
