"""What the dispatcher asks of a dialect. Must not know any dialect."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, runtime_checkable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

MIB = 1024 * 1024


class Dialect(StrEnum):
    """The wire forms that share the port."""

    SURGE = "surge"
    ARIA2 = "aria2"
    JOBS = "jobs"
    FILES = "files"
    NATIVE = "tui-dl"
    """Our own: what the other four cannot say, for ``RemoteService``."""


@runtime_checkable
class Living(Protocol):
    """A dialect with something that lasts as long as the server."""

    def open(self) -> None:
        """Begin, in the server's loop, before the first request. Must not block."""

    def close(self) -> None:
        """End, in the server's loop. Idempotent."""


class Facade(Protocol):
    """One dialect as an ASGI application, called after Host, Origin and token were checked.

    It never sees a request that the dispatcher refused; it is asked to word the refusal.
    """

    @property
    def name(self) -> Dialect:
        """Which dialect this is."""

    @property
    def body_limit_bytes(self) -> int:
        """Largest body that is read; above it the dispatcher refuses with 413."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. ``segments_of(scope)`` is the path to route on."""

    def refuse(self, status: int, code: str, message: str) -> Response:
        """Word a refusal (400, 401, 403, 404, 405, 413, 421, 429, 500) in the dialect's shape.

        ``code`` is a stable word such as ``unauthorized``, ``message`` a sentence.
        """

    def needs_token(self, scope: Scope) -> bool:
        """Whether the dispatcher must see a good bearer token before this request.

        A dialect with a token form of its own answers no and asks ``context.guard``.
        """
