"""HTTP/2 for those who ask for it, by httpx's own transport (trap H23).

Owns connections that carry one request at a time: ranges over one shared connection would
share its losses, and the count of connections would be wrong. Must not follow redirects.
Loaded only when HTTP/2 is asked for. A server that has none answers by HTTP/1.1 here too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec

from tui_dl.domain.errors import TransferError, UsageError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import Route
from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.cookies import deaf_jar
from tui_dl.net.credentials import Fields
from tui_dl.net.dial import CheckPeer, Dialer, WireOptions
from tui_dl.net.errors import connection_lost, no_head, transfer_error, truncated
from tui_dl.net.interfaces import own_address, socket_options
from tui_dl.net.pool import ConnectionPool
from tui_dl.net.proxy_client import ExactUrl, Transport
from tui_dl.net.proxy_reply import ProxyReply
from tui_dl.net.quiet_httpx import httpx
from tui_dl.net.reply import BodySink, Framing
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsContexts, TlsOptions

MOST_IDLE = 8
"""Connections kept for an origin."""
MOST_ADDRESSES = 3


@dataclass(frozen=True, slots=True)
class _Lane:
    """What connections must have in common to stand in for each other."""

    host: str
    port: int
    address: str
    tls: TlsOptions
    route: Route


class Http2Clients:
    """Sends requests over connections of its own, one at a time on each."""

    def __init__(
        self,
        contexts: TlsContexts,
        headers: Mapping[str, str],
        dialer: Dialer,
        pool: ConnectionPool,
    ) -> None:
        self._contexts = contexts
        self._headers = headers
        self._dialer = dialer
        self._pool = pool
        """Only its count: what is open here takes room there."""
        self._idle: dict[_Lane, list[httpx.AsyncClient]] = {}
        self._open: set[httpx.AsyncClient] = set()
        self._used: set[httpx.AsyncClient] = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def send(
        self, request: HttpRequest, url: ParsedUrl, fields: Fields, check_peer: CheckPeer
    ) -> Http2Reply:
        """Send one request to an https URL, redirects aside.

        Raises:
            UsageError: the package for HTTP/2 is not installed.
            TransferError: as for a direct request by HTTP/1.1.
        """
        if find_spec("h2") is None:
            raise UsageError("HTTP/2 needs one more package: pip install 'tui-dl[http2]'.")
        where = f"{url.host}:{url.port}"
        wire = WireOptions(check_peer=check_peer, route=request.route)
        try:
            async with asyncio.timeout(request.connect_timeout_s):
                found = await self._dialer.look_up(url.host, url.port, wire)
        except (OSError, UnicodeError) as error:  # a timeout is an OSError too
            raise transfer_error(error, where) from error
        addresses = [str(address[4][0]) for address in found[:MOST_ADDRESSES]]
        tls = replace(request.tls, http2=True)
        for address in addresses:
            lane = _Lane(url.host, url.port, address, tls, request.route)
            try:
                return await self._send(lane, request, url, fields)
            except httpx.ConnectError as error:
                if address == addresses[-1]:
                    raise transfer_error(error, where) from error
        raise AssertionError("a look-up without addresses raises")

    def drop_idle(self) -> None:
        """Forget connections that wait for reuse; they are closed in the background."""
        for client in [client for idle in self._idle.values() for client in idle]:
            task = asyncio.create_task(self._close(client))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        self._idle.clear()

    async def aclose(self) -> None:
        """Close all connections."""
        self._idle.clear()
        for client in list(self._open):
            await self._close(client)
        if self._closing:
            await asyncio.wait(self._closing)

    async def _send(
        self, lane: _Lane, request: HttpRequest, url: ParsedUrl, fields: Fields
    ) -> Http2Reply:
        where = f"{url.host}:{url.port}"
        while True:
            idle = self._idle.get(lane)
            client = idle.pop() if idle else await self._open_client(lane)
            is_reused = client in self._used
            try:
                response = await self._exchange(client, lane, request, url, fields)
                self._used.add(client)
                return Http2Reply(response, url, lane.address, self._release(lane, client))
            except (httpx.HTTPError, OSError) as error:
                await self._close(client)
                if is_reused and isinstance(error, httpx.RemoteProtocolError | httpx.NetworkError):
                    continue  # it was closed while our request was on its way (trap H22)
                if isinstance(error, httpx.ConnectError):
                    raise
                raise transfer_error(error, where) from error
            except Exception as error:  # httpx lets some of httpcore's and h2's own through
                await self._close(client)
                meaning = _meaning_of(error, where)
                if meaning is None:
                    raise
                raise meaning from error
            except BaseException:  # a cancellation too must not leak the connection
                await self._close(client)
                raise

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        lane: _Lane,
        request: HttpRequest,
        url: ParsedUrl,
        fields: Fields,
    ) -> httpx.Response:
        """Send the request to the address of the lane, under the name of the host."""
        host = f"[{lane.address}]" if ":" in lane.address else lane.address
        message = client.build_request(
            "GET",
            f"https://{host}:{url.port}/",
            headers=[(b"Host", url.host_port.encode("ascii")), *fields],
            timeout=httpx.Timeout(None, connect=request.connect_timeout_s),
            extensions={"sni_hostname": url.host.rstrip(".")},
        )
        message.url = ExactUrl(message.url, url.target)
        limit_s = request.connect_timeout_s + request.head_timeout_s
        try:
            async with asyncio.timeout(limit_s) as limit:
                return await client.send(message, stream=True)
        except TimeoutError as error:
            if limit.expired():
                raise no_head(f"{url.host}:{url.port}", limit_s) from error
            raise

    async def _open_client(self, lane: _Lane) -> httpx.AsyncClient:
        """Return what will open one connection; waits for room."""
        context = await self._contexts.get(lane.tls)
        own, options = None, None
        if lane.route.interface is not None:
            own = own_address(lane.route.interface)
            options = None if own else socket_options(lane.route.interface)
        await self._pool.reserve()
        client = httpx.AsyncClient(
            transport=Transport(
                verify=context,
                http2=True,
                trust_env=False,
                limits=httpx.Limits(max_connections=1, keepalive_expiry=15.0),
                local_address=own,
                socket_options=options,
            ),
            headers=dict(self._headers),
            cookies=deaf_jar(),
            trust_env=False,
            follow_redirects=False,
        )
        self._open.add(client)
        return client

    def _release(self, lane: _Lane, client: httpx.AsyncClient) -> Release:
        """Return how a reply lets go: a whole one leaves its connection to the next."""

        async def release(is_whole: bool) -> None:
            idle = self._idle.setdefault(lane, [])
            if is_whole and client in self._open and len(idle) < MOST_IDLE:
                idle.append(client)
            else:
                await self._close(client)

        return release

    async def _close(self, client: httpx.AsyncClient) -> None:
        self._used.discard(client)
        if client in self._open:
            self._open.discard(client)
            self._pool.cancel_reservation()
            await client.aclose()


Release = Callable[[bool], Awaitable[None]]


class Http2Reply(ProxyReply):
    """A reply on a connection that carries nothing else meanwhile."""

    def __init__(
        self, response: httpx.Response, url: ParsedUrl, peer: str, release: Release
    ) -> None:
        """Read the head.

        Raises:
            TransferError: PROTOCOL, the framing is broken.
        """
        where = f"{url.host}:{url.port}"
        super().__init__(response, url=url.raw, peer=peer, where=where)
        if response.http_version == "HTTP/2" and self.framing is Framing.CLOSE:
            self.framing = Framing.CHUNKED  # its end is a frame: a cut is known as one
        self._release: Release | None = release

    async def pump(self, sink: BodySink, *, idle_timeout_s: float) -> None:
        """Feed the body to ``sink``: see ``Reply.pump``."""
        try:
            await super().pump(sink, idle_timeout_s=idle_timeout_s)
        except Exception as error:  # httpx lets some of httpcore's and h2's own through
            meaning = _meaning_of(error, self._where)
            if meaning is None:
                raise
            raise meaning from error

    async def aclose(self) -> None:
        """Let go of the connection. Idempotent."""
        await super().aclose()
        release, self._release = self._release, None
        if release is not None:
            await release(self.is_whole)


def _meaning_of(error: Exception, where: str) -> TransferError | None:
    """Return what an exception of httpcore or h2 means, ``None`` for all others."""
    if type(error).__module__.partition(".")[0] not in ("httpcore", "h2"):
        return None
    if type(error).__name__ == "InvalidBodyLengthError":  # RFC 9113 section 8.1.1
        return truncated(where)
    return connection_lost(where)
