"""Requests through a proxy, by httpx's own transport.

Owns one httpx client per proxy and TLS options, and what a proxy's refusal means. Must not
choose the proxy: ``proxies.py`` does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.cookies import deaf_jar
from tui_dl.net.credentials import Fields
from tui_dl.net.errors import no_head, transfer_error
from tui_dl.net.proxy_reply import FIELDS, ProxyReply
from tui_dl.net.quiet_httpx import httpx
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsContexts, TlsOptions


class _ExactUrl(httpx.URL):
    """A URL whose target goes out as it is (trap H39).

    The ``target`` extension will not do here: httpcore puts it into its CONNECT as well.
    """

    def __init__(self, url: httpx.URL, target: str) -> None:
        super().__init__(url)
        self._target = target.encode("ascii")

    @property
    def raw_path(self) -> bytes:
        """Return path and query."""
        return self._target


class _Transport(httpx.AsyncHTTPTransport):
    """Keeps Location from httpx, which reads each one it sees and fails on some."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; all fields of the reply are in ``extensions[FIELDS]``."""
        response = await super().handle_async_request(request)
        response.extensions[FIELDS] = response.headers.raw
        if "location" in response.headers:
            del response.headers["location"]
        return response


PROXY_REFUSALS = {407: False, 502: True}
"""Statuses that a proxy gives in its own name, and whether another try may help."""


class ProxyClients:
    """Sends requests through proxies; connections to them are kept."""

    def __init__(self, contexts: TlsContexts, headers: Mapping[str, str]) -> None:
        self._contexts = contexts
        self._headers = headers
        self._clients: dict[tuple[str, TlsOptions], httpx.AsyncClient] = {}

    async def send(
        self, proxy: str, request: HttpRequest, url: ParsedUrl, fields: Fields
    ) -> ProxyReply:
        """Send one request, redirects aside.

        Raises:
            TransferError: PROXY when the proxy refuses, else as for a direct request.
            UsageError: the proxy's URL is malformed.
        """
        client = await self._client(proxy, request.tls)
        where = f"{url.host}:{url.port}"
        limit_s = request.connect_timeout_s + request.head_timeout_s
        message = client.build_request(
            "GET",
            f"{url.scheme}://{url.host_port}/",
            headers=fields,
            timeout=httpx.Timeout(None, connect=request.connect_timeout_s),
        )
        message.url = _ExactUrl(message.url, url.target)
        try:
            async with asyncio.timeout(limit_s) as limit:
                response = await client.send(message, stream=True)
        except TimeoutError as error:
            raise (
                no_head(where, limit_s) if limit.expired() else transfer_error(error, where)
            ) from error
        except (httpx.HTTPError, OSError) as error:
            raise transfer_error(error, _whose(error, proxy, where)) from error
        try:
            if url.scheme == "http" and response.status_code in PROXY_REFUSALS:
                raise _refusal(response.status_code)
            return ProxyReply(response, url=url.raw, peer=_peer(proxy), where=where)
        except TransferError:
            await response.aclose()
            raise

    async def aclose(self) -> None:
        """Close all connections to proxies."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def _client(self, proxy: str, tls: TlsOptions) -> httpx.AsyncClient:
        found = self._clients.get((proxy, tls))
        if found is not None:
            return found
        context = await self._contexts.get(tls)
        try:
            transport = _Transport(
                verify=context,
                trust_env=False,
                proxy=httpx.Proxy(proxy),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError("The address of the proxy is malformed.") from error
        client = httpx.AsyncClient(
            transport=transport,
            headers=dict(self._headers),
            cookies=deaf_jar(),
            trust_env=False,
            follow_redirects=False,
        )
        return self._clients.setdefault((proxy, tls), client)


def _whose(error: Exception, proxy: str, where: str) -> str:
    """Return who failed: the way to the proxy, or the origin behind it."""
    if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return where
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return _peer(proxy) if cause is None else where


def _peer(proxy: str) -> str:
    """Return the proxy's ``host:port``, without its credentials."""
    return proxy.partition("://")[2].rpartition("@")[2].partition("/")[0]


def _refusal(status: int) -> TransferError:
    what = "asks for a login" if status == 407 else "could not reach the server"
    return TransferError(
        f"The proxy {what} ({status}).",
        code=ErrorCode.PROXY,
        retryable=PROXY_REFUSALS[status],
        http_status=status,
    )
