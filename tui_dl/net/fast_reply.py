"""A reply of the fast transport."""

from __future__ import annotations

from tui_dl.net.body import Body
from tui_dl.net.reply import BodySink, Reply, ReplyHeaders
from tui_dl.net.small_body import read_small


class FastReply(Reply):
    """Pumps straight from the receive buffer."""

    def __init__(self, body: Body, url: str) -> None:
        head = body.head
        self.status = head.status
        self.reason = head.reason.decode("latin-1")
        self.headers = ReplyHeaders(head.fields)
        self.url = url
        self.framing = head.plan.framing
        self.content_length = head.plan.length
        self.peer = body.peer
        self.reused = body.reused
        self.prepared_s = body.prepared_s
        self._body = body

    async def pump(self, sink: BodySink, *, idle_timeout_s: float) -> None:
        """Feed the body to ``sink``: see ``Reply.pump``."""
        await self._body.pump(sink, idle_timeout_s=idle_timeout_s)

    async def read(self, limit_bytes: int) -> bytes:
        """Return the body, or its first ``limit_bytes``."""
        return await read_small(self, limit_bytes)

    async def aclose(self) -> None:
        """Give the connection back or abort it. Idempotent."""
        self._body.close()
