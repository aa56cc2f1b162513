"""What a reply looks like to the engine: head, framing, and a body that is pushed.

Owns the types only. Must not know sockets, httpx or files: ``fast_reply.py`` and
``proxy_reply.py`` make replies, the engine writes what they carry.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterable, Iterator
from enum import Enum, StrEnum
from typing import Protocol


class Feed(Enum):
    """What a sink wants next."""

    GO_ON = "go on"
    STOP = "stop"
    """Enough: nothing more is fed, and the pump ends without an error."""


class BodySink(Protocol):
    """Takes the body of one reply, piece by piece."""

    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Take ``data``, which is never empty; called in the loop, must not block it.

        The view is valid until this returns, or until the awaitable it returned is done.
        While that runs nothing is read from the socket. It is awaited inside ``pump``: if
        it raises, ``pump`` raises the same. An exception of ``feed`` itself does so too.
        """


class PipeSink(ABC):
    """A sink that can also take bytes out of a pipe: then they never enter this process."""

    @abstractmethod
    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Take ``data``: see ``BodySink``."""

    @property
    @abstractmethod
    def pipe_room(self) -> int:
        """How many bytes ``feed_pipe`` would take now; 0: they must be fed."""

    @abstractmethod
    def feed_pipe(self, pipe: int, count: int) -> None:
        """Take exactly ``count`` bytes out of ``pipe``, which go on where the last ones ended.

        At most ``pipe_room``. Called in the loop, must not block it. If it raises, ``pump``
        raises the same.
        """


class Framing(StrEnum):
    """How the end of a body is known (RFC 9112 section 6.3)."""

    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"
    """The connection ends it: without TLS a cut cannot be told from the end."""
    EMPTY = "empty"


class ReplyHeaders:
    """Header fields in the order of the wire; names are compared without case."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)

    def get(self, name: str) -> str | None:
        """Return the first value as Latin-1 text, ``None`` when the field is absent."""
        wanted = name.lower().encode("latin-1")
        for field, value in self._fields:
            if field == wanted:
                return value.decode("latin-1")
        return None

    def get_all(self, name: str) -> list[str]:
        """Return every value as Latin-1 text, in the order of the wire."""
        return [value.decode("latin-1") for value in self.raw(name)]

    def raw(self, name: str) -> list[bytes]:
        """Return every value as the bytes that were sent."""
        wanted = name.lower().encode("latin-1")
        return [value for field, value in self._fields if field == wanted]

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield (lower-case name, Latin-1 value) in the order of the wire."""
        for field, value in self._fields:
            yield field.decode("latin-1"), value.decode("latin-1")

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"ReplyHeaders({[field.decode('latin-1') for field, _ in self._fields]})"


class Reply(ABC):
    """One reply whose head has arrived and whose body waits to be pumped.

    Give every reply back with ``aclose``. One task uses a reply at a time.
    """

    status: int
    reason: str
    """The server's own words, Latin-1. Not display-safe."""
    headers: ReplyHeaders
    url: str
    """Where the redirects led; the user's exact text when there were none."""
    framing: Framing
    content_length: int | None
    """Length of this body in bytes; ``None`` when the framing does not tell."""
    peer: str
    """IP address that was connected to (the proxy's ``host:port`` behind a proxy)."""
    reused: bool
    """Whether the connection had carried an earlier reply."""
    prepared_s: float = 0.0
    """How much of the time to the head went by before anything was sent: certificates were
    loaded. It says nothing about the way to the server."""

    @abstractmethod
    async def pump(self, sink: BodySink, *, idle_timeout_s: float) -> None:
        """Feed the body to ``sink`` until it is complete or the sink stops it.

        ``idle_timeout_s`` bounds the silence of the server; time in which the sink made
        us wait does not count. May be called once. Cancelling is safe at any point: the
        next ``aclose`` aborts the connection, and the view that was last fed stays
        readable memory, so a thread that still writes it out reads no foreign bytes.

        Raises:
            TransferError: TRUNCATED when the body ends early (RFC 9112 section 8),
                CONNECTION_LOST on a reset, TIMEOUT on silence, PROTOCOL on broken framing.
        """

    @abstractmethod
    async def read(self, limit_bytes: int) -> bytes:
        """Return the body, or its first ``limit_bytes``; meant for small error pages.

        Raises:
            TransferError: as ``pump``.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Give the connection back, or abort it unless the body was consumed. Idempotent."""
