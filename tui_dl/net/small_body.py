"""Small bodies in memory: error pages, and what redirects carry."""

from __future__ import annotations

from tui_dl.net.reply import Feed, Reply

IDLE_TIMEOUT_S = 15.0


class _Collector:
    """Keeps up to ``limit_bytes`` and stops the pump when there would be more."""

    def __init__(self, limit_bytes: int) -> None:
        self.data = bytearray()
        self._limit_bytes = limit_bytes

    def feed(self, data: memoryview) -> Feed:
        """Keep what fits."""
        self.data += data[: self._limit_bytes - len(self.data)]
        return Feed.GO_ON if len(self.data) < self._limit_bytes else Feed.STOP


async def read_small(reply: Reply, limit_bytes: int) -> bytes:
    """Return the body of ``reply``, or its first ``limit_bytes``.

    Raises:
        TransferError: as ``Reply.pump``.
    """
    collector = _Collector(limit_bytes)
    await reply.pump(collector, idle_timeout_s=IDLE_TIMEOUT_S)
    return bytes(collector.data)
