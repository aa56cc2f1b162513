"""The door of this room: one client for all downloads, one ``open`` for each request.

Owns the redirect loop. Must not write files, retry, or choose ranges: the engine does.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui_dl.net.reply import Reply
from tui_dl.net.request import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Settings of one client."""

    user_agent: str = ""
    """For requests that name none; empty: ``tui-dl/VERSION``."""
    env_proxies: bool = True
    """Whether http_proxy, https_proxy, all_proxy and no_proxy are looked at."""
    max_idle_per_origin: int = 8
    """Connections kept for reuse."""
    max_connections: int = 512
    """Ceiling over all downloads; requests beyond it wait in line, without a time limit."""


class HttpClient:
    """Send requests over shared connections. Belongs to the loop it is first used in."""

    def __init__(self, config: ClientConfig | None = None) -> None:
        self._config = ClientConfig() if config is None else config

    async def open(self, request: HttpRequest) -> Reply:
        """Send ``request``, follow redirects, and return the reply once its head is there.

        The status may be anything but a redirect: 4xx and 5xx are replies too; 304 is one
        only when the request had a condition. Cancelling closes whatever was opened.

        Raises:
            UsageError: the URL or a header cannot be sent.
            TransferError: no reply came, its framing is broken, or a redirect was refused.
        """
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close every connection. Idempotent; replies still open fail with CONNECTION_LOST."""
