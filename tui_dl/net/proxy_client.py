"""Requests through a proxy, by httpx's own transport.

Owns one httpx client per proxy and TLS options, and what a proxy's refusal means. Must not
choose the proxy: ``proxies.py`` does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import Any

from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.routes import ANY_ROUTE, Route, own_version, parse_proxy
from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.cookies import deaf_jar
from tui_dl.net.credentials import Fields
from tui_dl.net.dial import Dialer, WireOptions
from tui_dl.net.errors import no_head, proxy_refusal, proxy_unreachable, transfer_error
from tui_dl.net.interfaces import own_address, socket_options
from tui_dl.net.proxy_reply import FIELDS, ProxyReply
from tui_dl.net.quiet_httpx import httpx
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsContexts, TlsOptions


class ExactUrl(httpx.URL):
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


class Transport(httpx.AsyncHTTPTransport):
    """Keeps Location from httpx, which reads each one it sees and fails on some."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; all fields of the reply are in ``extensions[FIELDS]``."""
        response = await super().handle_async_request(request)
        response.extensions[FIELDS] = response.headers.raw
        if "location" in response.headers:
            del response.headers["location"]
        return response


class _FromAddress:
    """httpcore's way to open connections, with an address of this machine to leave by.

    httpx takes one too, but drops it behind a proxy. What else is asked of it goes through.
    """

    def __init__(self, backend: Any, address: str) -> None:
        self._backend = backend
        self._address = address

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        """Open a connection from our address, whatever ``local_address`` says."""
        return await self._backend.connect_tcp(host, port, timeout, self._address, socket_options)


PROXY_REFUSALS = {407: False, 502: True}
"""Statuses that a proxy gives in its own name, and whether another try may help."""


class ProxyClients:
    """Sends requests through proxies; connections to them are kept."""

    def __init__(self, contexts: TlsContexts, headers: Mapping[str, str], dialer: Dialer) -> None:
        self._contexts = contexts
        self._dialer = dialer
        self._headers = headers
        self._clients: dict[tuple[str, TlsOptions, Route], httpx.AsyncClient] = {}

    async def send(
        self, proxy: str, request: HttpRequest, url: ParsedUrl, fields: Fields
    ) -> ProxyReply:
        """Send one request, redirects aside.

        Raises:
            TransferError: PROXY when the proxy refuses, else as for a direct request.
            UsageError: the proxy's URL is malformed.
        """
        client = await self._client(proxy, request.tls, request.route)
        where = f"{url.host}:{url.port}"
        address = parse_proxy(proxy).where
        limit_s = request.connect_timeout_s + request.head_timeout_s
        message = client.build_request(
            "HEAD" if request.head_only else "GET",
            f"{url.scheme}://{url.host_port}/",
            headers=fields,
            timeout=httpx.Timeout(None, connect=request.connect_timeout_s),
        )
        message.url = ExactUrl(message.url, url.target)
        try:
            async with asyncio.timeout(limit_s) as limit:
                response = await client.send(message, stream=True)
        except TimeoutError as error:
            raise (
                no_head(where, limit_s) if limit.expired() else transfer_error(error, where)
            ) from error
        except (httpx.HTTPError, OSError) as error:
            if _is_on_the_way(error):
                raise proxy_unreachable(transfer_error(error, address)) from error
            if isinstance(error, httpx.ProxyError) and str(error)[:3] in ("401", "407"):
                raise _refusal(407, proxy) from error
            if isinstance(error, httpx.ProxyError):
                said = transfer_error(error, where)
                raise TransferError(
                    said.message.replace("The proxy", f"The proxy {address}", 1),
                    code=said.code,
                    retryable=said.retryable,
                ) from error
            raise transfer_error(error, where) from error
        try:
            if url.scheme == "http" and response.status_code in PROXY_REFUSALS:
                raise _refusal(response.status_code, proxy)
            return ProxyReply(response, url=url.raw, peer=address, where=where)
        except TransferError:
            await response.aclose()
            raise

    async def aclose(self) -> None:
        """Close all connections to proxies."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def _client(self, proxy: str, tls: TlsOptions, route: Route) -> httpx.AsyncClient:
        found = self._clients.get((proxy, tls, route))
        if found is not None:
            return found
        context = await self._contexts.get(tls)
        shown, options, address = proxy, None, None
        if route != ANY_ROUTE:
            shown = await self._on_route(proxy, route)
            if route.interface is not None:
                address = own_address(route.interface)
                options = None if address else socket_options(route.interface)
        try:
            transport = Transport(
                verify=context,
                trust_env=False,
                proxy=httpx.Proxy(shown),
                socket_options=options,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError("The address of the proxy is malformed.") from error
        if address is not None:
            pool: Any = transport._pool
            pool._network_backend = _FromAddress(pool._network_backend, address)
        client = httpx.AsyncClient(
            transport=transport,
            headers=dict(self._headers),
            cookies=deaf_jar(),
            trust_env=False,
            follow_redirects=False,
        )
        return self._clients.setdefault((proxy, tls, route), client)

    async def _on_route(self, proxy: str, route: Route) -> str:
        """Return the proxy's URL with an address in place of its name: the route chose it."""
        parsed = parse_proxy(proxy)
        if parsed.scheme == "https":  # its certificate is checked by the name
            if own_version(route) is not None:
                raise UsageError("An https:// proxy cannot be bound to an IP version.")
            return proxy
        try:
            found = await self._dialer.look_up(
                parsed.url.host, parsed.url.port, WireOptions(route=route)
            )
        except TransferError as error:
            raise proxy_unreachable(error) from error
        except OSError as error:
            raise proxy_unreachable(transfer_error(error, parsed.where)) from error
        address = str(found[0][4][0])
        login = "" if parsed.url.userinfo is None else f"{parsed.url.userinfo}@"
        host = f"[{address}]" if ":" in address else address
        return f"http://{login}{host}:{parsed.url.port}"


def _is_on_the_way(error: Exception) -> bool:
    """Return whether the way to the proxy failed, not the origin behind it."""
    if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return False
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause is None


def _refusal(status: int, proxy: str) -> TransferError:
    parsed = parse_proxy(proxy)
    if status == 407:
        return proxy_refusal(parsed.where, has_login=parsed.url.userinfo is not None)
    return TransferError(
        f"The proxy {parsed.where} could not reach the server ({status}).",
        code=ErrorCode.PROXY,
        retryable=PROXY_REFUSALS[status],
        http_status=status,
    )
