"""A resource and the reply that a correct server gives for it (RFC 9110). No sockets here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

from tests.support.body import Body
from tests.support.request import Request

if TYPE_CHECKING:
    from tests.support.exchange import Exchange

LONG_AGO = "Mon, 01 Jan 2024 00:00:00 GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What lives at ``path`` (a trailing ``*`` takes every path with that beginning).

    ``rate_bps`` is per connection, 0 unlimited. ``latency_s`` passes before each reply head.
    Header values may be bytes, sent as they are. ``literal`` replaces the coded body.
    """

    path: str
    size: int = 0
    seed: int = 1
    etag: str | None = '"v1"'
    last_modified: str | None = LONG_AGO
    content_type: str = "application/octet-stream"
    headers: tuple[tuple[str, str | bytes], ...] = ()
    accept_ranges: bool = True
    """Off: ranges are ignored and not advertised."""
    honours_if_range: bool = True
    """Off: a stale If-Range still gets 206 (H7)."""
    rate_bps: float = 0
    latency_s: float = 0
    chunk_bytes: int = 65536
    patches: tuple[tuple[int, bytes], ...] = ()
    literal: bytes | None = None

    @property
    def body(self) -> Body:
        """The bytes."""
        return Body(self.seed, self.length, self.patches, self.literal)

    @property
    def length(self) -> int:
        """Size in bytes, also of a literal body."""
        return self.size if self.literal is None else len(self.literal)


Action = Callable[["Exchange"], Awaitable[None]]
Watch = Callable[["Exchange", int], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Reply:
    """A reply before it is sent. Behaviours change it; then it is delivered as it stands.

    The body is ``payload`` when set, else bytes ``start..end`` of ``body``. ``framing`` is
    ``length``, ``chunked`` or ``close`` and only drives the bytes on the wire: the headers are
    sent as listed, so the two may disagree.
    """

    status: int
    reason: str | None = None
    headers: list[tuple[str, str | bytes]] = field(default_factory=list)
    body: Body
    start: int = 0
    end: int = 0
    payload: bytes | None = None
    framing: str = "length"
    has_body: bool = True
    """Off for HEAD, 204 and 304."""
    rate_bps: float = 0
    latency_s: float = 0
    chunk_bytes: int = 65536
    head_rate_bps: float = 0
    status_line: bytes | None = None
    """Replaces the whole first line (without line end)."""
    line_end: bytes = b"\r\n"
    closes: bool = False
    """End the connection after this reply, whatever the headers say."""
    close_delay_s: float = 0
    ends_chunks: bool = True
    """Off: the last chunk marker is never sent."""
    breaks: list[tuple[int, Action]] = field(default_factory=list)
    """(body bytes sent, action): run when the reply has got that far."""
    watches: list[Watch] = field(default_factory=list)
    """Called with the body bytes sent before each chunk."""

    @property
    def length(self) -> int:
        """Body bytes that will be sent."""
        return self.end - self.start if self.payload is None else len(self.payload)

    def get(self, name: str) -> str | bytes | None:
        """Return the first value of a header."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def drop(self, *names: str) -> None:
        """Remove headers."""
        gone = {name.lower() for name in names}
        self.headers = [(k, v) for k, v in self.headers if k.lower() not in gone]

    def set(self, name: str, value: str | bytes) -> None:
        """Replace a header."""
        self.drop(name)
        self.headers.append((name, value))

    def add(self, name: str, value: str | bytes) -> None:
        """Append a header beside others of the same name."""
        self.headers.append((name, value))

    def use_span(self, start: int, end: int) -> None:
        """Send bytes ``start..end`` and say so in Content-Length; Content-Range stays."""
        self.start, self.end, self.payload = start, end, None
        if self.get("content-length") is not None:
            self.set("Content-Length", str(end - start))

    def use_payload(self, payload: bytes, content_type: str) -> None:
        """Send literal bytes instead of the resource."""
        self.payload = payload
        self.drop("content-range", "transfer-encoding")
        self.framing = "length"
        self.set("Content-Type", content_type)
        self.set("Content-Length", str(len(payload)))

    def use_chunks(self) -> None:
        """Frame the body in chunks."""
        self.drop("content-length")
        self.set("Transfer-Encoding", "chunked")
        self.framing = "chunked"


def content_range(start: int, end: int, total: int | str) -> str:
    """Return the header value for a half-open span."""
    return f"bytes {start}-{end - 1}/{total}"


def resolve(asked: tuple[int, int | None] | None, size: int) -> tuple[int, int] | None:
    """Return the half-open span that a request gets, ``None`` when it cannot be satisfied."""
    if asked is None:
        return None
    start, end = asked
    if start < 0:
        start, end = max(0, size + start), size
    end = size if end is None else min(end, size)
    return (start, end) if start < end else None


def _if_range_holds(resource: Resource, value: str | None) -> bool:
    """Compare strongly (RFC 9110 section 13.1.5); dates must be equal."""
    if value is None or not resource.honours_if_range:
        return True
    if value.startswith(("W/", '"')):
        return value == resource.etag and value.startswith('"')
    return value == resource.last_modified


def _precondition_status(resource: Resource, request: Request) -> int | None:
    """Return 304 or 412 when a precondition asks for it (RFC 9110 section 13.2.2)."""
    if_match, if_none = request.header("if-match"), request.header("if-none-match")
    if if_match is not None and if_match not in ("*", resource.etag):
        return 412
    if if_none is not None:
        known = {tag.strip().removeprefix("W/") for tag in if_none.split(",")}
        own = (resource.etag or "").removeprefix("W/")
        return 304 if "*" in known or own in known else None
    since = request.header("if-modified-since")
    return 304 if since is not None and since == resource.last_modified else None


def honest_reply(resource: Resource, request: Request) -> Reply:
    """Return what a correct server answers."""
    size = resource.length
    reply = Reply(
        status=200,
        body=resource.body,
        end=size,
        has_body=request.method != "HEAD",
        rate_bps=resource.rate_bps,
        latency_s=resource.latency_s,
        chunk_bytes=resource.chunk_bytes,
        closes=not request.keeps_connection,
    )
    reply.add("Date", formatdate(usegmt=True))
    reply.add("Content-Type", resource.content_type)
    if resource.accept_ranges:
        reply.add("Accept-Ranges", "bytes")
    if resource.etag is not None:
        reply.add("ETag", resource.etag)
    if resource.last_modified is not None:
        reply.add("Last-Modified", resource.last_modified)
    reply.headers.extend(resource.headers)
    refused = _precondition_status(resource, request)
    if refused is not None:
        reply.status, reply.has_body, reply.end = refused, False, 0
        if refused == 412:
            reply.add("Content-Length", "0")
        return reply
    _choose_span(resource, request, reply)
    reply.add("Content-Length", str(reply.length))
    if reply.closes:
        reply.add("Connection", "close")
    return reply


def _choose_span(resource: Resource, request: Request, reply: Reply) -> None:
    asked = request.range
    if asked is None or not resource.accept_ranges or request.method != "GET":
        return
    if not _if_range_holds(resource, request.header("if-range")):
        return
    span = resolve(asked, resource.length)
    if span is None:
        reply.status, reply.payload = 416, b"range not satisfiable\n"
        reply.add("Content-Range", f"bytes */{resource.length}")
        reply.set("Content-Type", "text/plain")
        return
    reply.status = 206
    reply.start, reply.end = span
    reply.add("Content-Range", content_range(*span, resource.length))
