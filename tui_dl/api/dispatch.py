"""The one door of the port: whose request it is, whether it may pass, and to which dialect.

Order (it matters): path segments, dialect, Host, Origin, OPTIONS, token, body, dialect.
The dialect is chosen before anything is refused, so that it words the refusal. Must not
know what any dialect does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui_dl.api.auth import Verdict
from tui_dl.api.body import BodyTooLargeError, BodyTooSlowError, drain, read_body, replay
from tui_dl.api.context import ApiContext
from tui_dl.api.facade import Dialect, Facade
from tui_dl.api.openapi.document import document
from tui_dl.api.origins import HostRule, OriginRule
from tui_dl.api.pace import Pace
from tui_dl.api.requests import (
    header,
    peer_of,
    query_pairs,
    segments_of,
    split_raw_path,
    with_segments,
    with_trust,
)
from tui_dl.service.remote_wire import PREFIX

logger = logging.getLogger(__name__)

SURGE_PATHS = frozenset(
    {
        ("health",),
        ("list",),
        ("history",),
        ("download",),
        ("download", "batch"),
        ("pause",),
        ("resume",),
        ("delete",),
        ("purge",),
        ("update-url",),
        ("open-file",),
        ("open-folder",),
        ("clear-completed",),
        ("clear-failed",),
        ("rate-limit",),
        ("rate-limit", "global"),
        ("rate-limit", "default"),
        ("events",),
    }
)
CLOSED_PREFIXES: Mapping[str, Dialect] = {
    "jsonrpc": Dialect.ARIA2,
    "rpc": Dialect.ARIA2,
    "v1": Dialect.JOBS,
    "api": Dialect.FILES,
    PREFIX: Dialect.NATIVE,
}
DOCUMENT = ("openapi.json",)
FILES_KEYS = frozenset({"download", "downloads", "download_history"})
_DELAY_S = 0.25

_CORS_METHODS = b"GET, POST, DELETE, OPTIONS, PUT, PATCH"
_CORS_HEADERS = (
    b"Content-Type, Authorization, X-Requested-With, Access-Control-Allow-Private-Network, "
    b"Accept, Cache-Control, Idempotency-Key, Last-Event-ID"
)


def choose_dialect(method: str, segments: tuple[str, ...], keys: frozenset[str]) -> Dialect | None:
    """Return whose request this is; ``None`` for the port's own pages: ``/`` and its description.

    A closed prefix is never a folder of the files dialect; ``%2Fv1`` is one segment and
    no prefix. A path that nobody owns is refused by the files dialect, which owns the rest.
    """
    if segments and segments[0] in CLOSED_PREFIXES:
        return CLOSED_PREFIXES[segments[0]]
    if method == "GET" and keys & FILES_KEYS and not keys & {"id", "method"}:
        return Dialect.FILES
    if segments in SURGE_PATHS:
        return Dialect.SURGE
    if not segments or segments == DOCUMENT:
        return None
    return Dialect.FILES


class Dispatcher:
    """A pure ASGI application over the dialects."""

    def __init__(
        self, context: ApiContext, facades: Mapping[Dialect, Facade], hosts: HostRule
    ) -> None:
        """``facades`` must hold Surge; a dialect that is missing is refused by Surge."""
        self._context = context
        self._facades = facades
        self._hosts = hosts
        self._origins = OriginRule(context.allowed_origins)
        self._pace = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or refuse one socket."""
        wait_s = self._pace.take(self._context.clock())
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    # -- HTTP

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = header(scope, b"origin")
        send = self._dressed(scope, origin, send)
        raw_path: bytes = scope["raw_path"]
        segments = split_raw_path(raw_path)
        keys = frozenset(key for key, _ in query_pairs(scope))
        dialect = choose_dialect(scope["method"], segments, keys)
        facade = self._facade(dialect)
        scope = with_segments(scope, segments)
        refusal = self._refusal(scope, facade, origin)
        if refusal is None and not raw_path.startswith(b"/"):
            refusal = facade.refuse(400, "bad_request", "The request names no path.")
        if refusal is None and scope["method"] == "OPTIONS":
            refusal = Response(status_code=200)
        verdict = Verdict.MISSING
        if refusal is None:
            verdict = self._context.guard.check_bearer(scope)
            refusal = await self._unauthorized(scope, facade, dialect, verdict)
        if refusal is not None:
            await _answer_unread(refusal, scope, receive, send)
            return
        scope = with_trust(scope, verdict is Verdict.OWNER)
        if dialect is None:
            await self._landing(scope, receive, send)
            return
        if dialect not in self._facades:
            refusal = facade.refuse(404, "not_found", "404 page not found")
            await _answer_unread(refusal, scope, receive, send)
            return
        await self._pass_on(facade, scope, receive, send)

    def _facade(self, dialect: Dialect | None) -> Facade:
        surge = self._facades[Dialect.SURGE]
        return surge if dialect is None else self._facades.get(dialect, surge)

    def _refusal(self, scope: Scope, facade: Facade, origin: str | None) -> Response | None:
        """Judge Host and Origin."""
        host = header(scope, b"host")
        if not self._hosts.allows(host):
            return facade.refuse(421, "wrong_host", "This server does not answer for that host.")
        if sum(name == b"origin" for name, _ in scope["headers"]) > 1:
            return facade.refuse(403, "foreign_origin", "A request comes from one origin.")
        if origin is not None and not self._origins.allows(origin, host or ""):
            return facade.refuse(403, "foreign_origin", "Pages of that origin may not call.")
        return None

    async def _unauthorized(
        self, scope: Scope, facade: Facade, dialect: Dialect | None, verdict: Verdict
    ) -> Response | None:
        is_harmless = dialect is Dialect.SURGE and not facade.needs_token(scope)
        if _is_blind_page(scope) and not is_harmless:
            shown = header(scope, b"authorization") is not None and verdict.is_good
            if not shown:
                return facade.refuse(403, "cross_site", "A page of another site may not call.")
        is_open = dialect is None and segments_of(scope) != DOCUMENT
        if is_open or (dialect is not None and not facade.needs_token(scope)):
            return None
        if verdict is Verdict.LOCKED:
            reply = facade.refuse(429, "locked", "Too many wrong tokens: try again later.")
            seconds = self._context.guard.retry_after_s(peer_of(scope))
            reply.headers["retry-after"] = str(seconds)
            return reply
        if not verdict.is_good:
            if verdict is Verdict.WRONG:
                await asyncio.sleep(_DELAY_S)
            return facade.refuse(401, "unauthorized", "Unauthorized")
        return None

    async def _pass_on(self, facade: Facade, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(
                scope, receive, facade.body_limit_bytes, self._context.limits.body_s
            )
        except BodyTooLargeError:
            refusal = facade.refuse(413, "too_large", "The body is too large.")
            await _answer_unread(refusal, scope, receive, send)
            return
        except BodyTooSlowError:
            refusal = facade.refuse(408, "too_slow", "The body did not arrive in time.")
            await _answer_unread(refusal, scope, receive, send)
            return
        await _guarded(facade, facade, scope, replay(body, receive), send)

    async def _landing(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            refusal = self._facade(None).refuse(405, "method_not_allowed", "Method not allowed")
            await _answer_unread(refusal, scope, receive, send)
            return
        page: dict[str, object] = {"name": "tui-dl"}
        if segments_of(scope) == DOCUMENT:
            page = document(f"http://{header(scope, b'host')}")
        await JSONResponse(page)(scope, receive, send)

    # -- WebSocket

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        segments = split_raw_path(scope["raw_path"])
        scope = with_segments(scope, segments)
        facade = self._facades.get(Dialect.ARIA2)
        origin = header(scope, b"origin")
        is_known = facade is not None and segments == ("jsonrpc",)
        if facade is None or not is_known or self._refusal(scope, facade, origin) is not None:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        verdict = self._context.guard.check_bearer(scope)
        await facade(with_trust(scope, verdict is Verdict.OWNER), receive, send)

    # -- what every reply carries

    def _dressed(self, scope: Scope, origin: str | None, send: Send) -> Send:
        extra = [(b"x-content-type-options", b"nosniff")]
        if origin is not None and self._origins.allows(origin, header(scope, b"host") or ""):
            extra += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"vary", b"Origin"),
                (b"access-control-allow-methods", _CORS_METHODS),
                (b"access-control-allow-headers", _CORS_HEADERS),
                (b"access-control-max-age", b"600"),
                (b"access-control-allow-private-network", b"true"),
            ]

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                names = {name.lower() for name, _ in given}
                added = [pair for pair in extra if pair[0] not in names]
                if b"cache-control" not in names:
                    added.append((b"cache-control", b"no-store"))
                message = {**message, "headers": given + added}
            await send(message)

        return dressed


def _is_blind_page(scope: Scope) -> bool:
    """Return whether a link, image or script of another site sent this: it has no Origin."""
    site = header(scope, b"sec-fetch-site")
    return site in ("cross-site", "same-site") and header(scope, b"origin") is None


async def _answer_unread(reply: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a refusal and throw away what the client still sends."""
    has_body = header(scope, b"content-length") not in (None, "0")
    has_body = has_body or header(scope, b"transfer-encoding") is not None
    if not has_body:
        await reply(scope, receive, send)
        return
    reply.headers["connection"] = "close"
    start = {"type": "http.response.start", "status": reply.status_code}
    await send({**start, "headers": reply.raw_headers})
    await send({"type": "http.response.body", "body": bytes(reply.body), "more_body": True})
    await drain(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _guarded(
    app: ASGIApp, facade: Facade, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run the dialect; an error of ours is a plain 500 without a trace (trap S18)."""
    started = False

    async def watched(message: Message) -> None:
        nonlocal started
        started = True
        await send(message)

    try:
        await app(scope, receive, watched)
    except Exception:  # the last line of defence: the port must outlive any mistake
        logger.exception("a request failed")
        if started:
            raise
        refusal = facade.refuse(500, "internal", "Internal error")
        await refusal(scope, receive, send)
