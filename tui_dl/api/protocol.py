"""The HTTP/1.1 protocol with deadlines that uvicorn does not have (traps S13, S14).

A head must arrive in time, a reply must be taken in time, and there is a hard bound on
connections. Must not look into requests.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from tui_dl.api.context import Limits


class GuardedProtocol(H11Protocol):
    """One connection under the limits of ``guarded``."""

    limits = Limits()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take what uvicorn hands to a protocol."""
        super().__init__(config, server_state, app_state, _loop)
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._had_request = False

    # uvicorn narrows the transport's type, and so must we.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, or refuse one too many without a word."""
        super().connection_made(transport)
        if len(self.connections) > 2 * self.limits.connections:
            transport.abort()
            return
        self._head_timer = self.loop.call_later(self.limits.head_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that began must end in time."""
        before = self.scope
        super().data_received(data)
        if self.scope is not before:
            self._had_request = True
            self._stop_head_timer()
        elif self._head_timer is None and (not self._had_request or self.cycle.response_complete):
            self._head_timer = self.loop.call_later(self.limits.head_s, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take its reply: give it some time."""
        super().pause_writing()
        self._stop_write_timer()
        self._write_timer = self.loop.call_later(self.limits.stalled_write_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes bytes again."""
        self._stop_write_timer()
        super().resume_writing()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def guarded(limits: Limits) -> type[GuardedProtocol]:
    """Return the protocol class with other limits."""
    return type("LimitedProtocol", (GuardedProtocol,), {"limits": limits})
