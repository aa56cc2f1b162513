"""The door of this room: one client for all downloads, one ``open`` for each request.

Owns the redirect loop and the choice of transport. Must not write files, retry, or choose
ranges: the engine does. httpx builds and sends; the bytes travel by ``FastTransport``, or
by httpx's own transport when there is a proxy.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING

from tui_dl import __version__
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import parse_proxy
from tui_dl.domain.urls import ParsedUrl, parse_url
from tui_dl.net.addresses import scope_of
from tui_dl.net.cookies import deaf_jar, job_jar, store_cookies
from tui_dl.net.credentials import Fields, fields_for
from tui_dl.net.dial import Dialer, WireOptions
from tui_dl.net.fast_reply import FastReply
from tui_dl.net.fast_transport import BODY, WIRE, FastTransport
from tui_dl.net.logins import LoginBook
from tui_dl.net.pool import ConnectionPool, affordable
from tui_dl.net.proxies import ProxyChoice
from tui_dl.net.quiet_httpx import httpx
from tui_dl.net.redirects import Classify, PeerGuard, check_host, next_url
from tui_dl.net.reply import Framing, Reply
from tui_dl.net.request import HttpRequest, Origin
from tui_dl.net.small_body import read_small
from tui_dl.net.tls import TlsContexts

if TYPE_CHECKING:
    from tui_dl.net.http2_client import Http2Clients
    from tui_dl.net.proxy_client import ProxyClients

SMALL_REDIRECT_BYTES = 16 * 1024
"""A redirect's body up to this is read, which keeps the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Settings of one client."""

    user_agent: str = ""
    """For requests that name none; empty: ``tui-dl/VERSION``."""
    env_proxies: bool = True
    """Whether http_proxy, https_proxy, all_proxy and no_proxy are looked at."""
    max_idle_per_origin: int = 32
    """Connections kept for reuse."""
    max_connections: int = 512
    """Ceiling over all downloads; requests beyond it wait in line, without a time limit.
    The process's limit of open files lowers it (trap H40)."""
    classify: Classify = scope_of
    """Tells how far an address reaches; for redirects that may not lead nearer."""


class HttpClient:
    """Send requests over shared connections. Belongs to the loop it is made in."""

    def __init__(self, config: ClientConfig | None = None) -> None:
        self._config = ClientConfig() if config is None else config
        contexts = TlsContexts()
        self._pool = ConnectionPool(
            max_idle_per_origin=self._config.max_idle_per_origin,
            max_connections=affordable(self._config.max_connections),
        )
        headers = {
            "User-Agent": self._config.user_agent or f"tui-dl/{__version__}",
            "Accept-Encoding": "identity",
        }
        dialer = Dialer(contexts)
        self._direct = httpx.AsyncClient(
            transport=FastTransport(self._pool, dialer),
            headers=headers,
            cookies=deaf_jar(),
            trust_env=False,
            follow_redirects=False,
            timeout=None,
        )
        self._parts = (contexts, headers, dialer)
        self._proxied: ProxyClients | None = None
        self._http2: Http2Clients | None = None
        self._choice = ProxyChoice(use_environment=self._config.env_proxies)
        self._book = LoginBook()

    async def open(self, request: HttpRequest) -> Reply:
        """Send ``request``, follow redirects, and return the reply once its head is there.

        The status may be anything but a redirect: 4xx and 5xx are replies too; 304 is one
        only when the request had a condition. Cancelling closes whatever was opened.

        Raises:
            UsageError: the URL or a header cannot be sent.
            TransferError: no reply came, its framing is broken, or a redirect was refused.
        """
        url = parse_url(request.url)
        owner = request.headers_origin or url.origin
        jar = job_jar() if request.cookies is None else request.cookies
        conditional = bool(request.if_none_match or request.if_modified_since)
        guard = PeerGuard(classify=self._config.classify)
        is_named = request.named_by is not None
        if request.named_by is not None:
            guard = guard.after(request.named_by, may_narrow=request.private_redirects_allowed)
        for hop in range(request.max_redirects + 1):
            check_host(request.hosts, url, is_redirect=is_named or hop > 0)
            reply = await self._ask(request, url, owner, jar, guard)
            try:
                target = next_url(reply, url, conditional=conditional)
                if target is None:
                    return reply
                await _finish(reply, request)
            except BaseException:  # a cancellation too must not leak the connection
                await reply.aclose()
                raise
            guard = guard.after(reply.peer, may_narrow=request.private_redirects_allowed)
            url = target
        raise TransferError(
            f"{url.host}:{url.port} still redirects after {request.max_redirects} times.",
            code=ErrorCode.TOO_MANY_REDIRECTS,
            retryable=False,
        )

    def drop_idle(self) -> None:
        """Close connections that wait for reuse: after a suspend they may be dead (D14)."""
        self._pool.drop_idle()
        if self._http2 is not None:
            self._http2.drop_idle()

    async def aclose(self) -> None:
        """Close every connection. Idempotent; replies still open fail with CONNECTION_LOST."""
        await self._direct.aclose()
        if self._proxied is not None:
            await self._proxied.aclose()
        if self._http2 is not None:
            await self._http2.aclose()

    def _by_http2(self) -> Http2Clients:
        """Return what speaks HTTP/2, for those who asked for it."""
        if self._http2 is None:
            from tui_dl.net.http2_client import Http2Clients

            self._http2 = Http2Clients(*self._parts, self._pool)
        return self._http2

    def _through_proxies(self) -> ProxyClients:
        """Return what sends through HTTP proxies; most programs never need it."""
        if self._proxied is None:
            from tui_dl.net.proxy_client import ProxyClients

            self._proxied = ProxyClients(*self._parts)
        return self._proxied

    async def _ask(
        self,
        request: HttpRequest,
        url: ParsedUrl,
        owner: Origin,
        jar: CookieJar,
        guard: PeerGuard,
    ) -> Reply:
        """Send one request, and again when the server asks for a login that the user gave."""
        is_owner = url.origin == owner
        if not is_owner:
            request = replace(request, tls=request.tls.without_login())
        questions = 0
        while True:
            fields = fields_for(request, url, jar=jar, owner=owner, book=self._book)
            reply = await self._send(request, url, fields, guard)
            try:
                store_cookies(jar, url, reply.headers.get_all("set-cookie"))
                if reply.status != 401:
                    self._book.note_reply(request, url, reply.headers, is_owner=is_owner)
                    return reply
                sent = next(
                    (value for name, value in fields if name.lower() == b"authorization"), None
                )
                if not self._book.learn(
                    request, url, reply.headers, is_owner=is_owner, sent=sent, questions=questions
                ):
                    return reply
                questions += 1
                await _finish(reply, request)
            except BaseException:  # a cancellation too must not leak the connection
                await reply.aclose()
                raise

    async def _send(
        self, request: HttpRequest, url: ParsedUrl, fields: Fields, guard: PeerGuard
    ) -> Reply:
        """Send one request, redirects aside."""
        proxy = self._choice.choose(url, request.proxy, request.proxy_plan, request.no_proxy)
        if proxy is not None:
            guard(url.host)  # all that can be judged where the proxy looks names up
            if not parse_proxy(proxy).is_socks:
                return await self._through_proxies().send(proxy, request, url, fields)
        elif request.http2 and url.scheme == "https":
            return await self._by_http2().send(request, url, fields, guard)
        wire = WireOptions(
            request.tls,
            request.connect_timeout_s,
            request.head_timeout_s,
            guard,
            request.route,
            proxy,
        )
        message = self._direct.build_request(
            "HEAD" if request.head_only else "GET",
            f"{url.scheme}://{url.host_port}/",
            headers=fields,
            extensions={"target": url.target.encode("ascii"), WIRE: wire},
        )
        response = await self._direct.send(message, stream=True)
        # The two hold each other, so only the search for garbage would find them.
        del response.stream
        return FastReply(response.extensions[BODY], url.raw)


async def _finish(reply: Reply, request: HttpRequest) -> None:
    """Read the small body of a redirect, so that its connection can be used again."""
    known = reply.framing is not Framing.CLOSE and not request.head_only
    if known and (reply.content_length or 0) <= SMALL_REDIRECT_BYTES:
        try:
            async with asyncio.timeout(1.0):
                await read_small(reply, SMALL_REDIRECT_BYTES)
        except (TransferError, TimeoutError):
            pass  # the body of a redirect is nothing that anybody needs
    await reply.aclose()
