"""Broken or odd message framing: traps H15-H17 and H24."""

from __future__ import annotations

from tests.support.exchange import Exchange
from tests.support.server import Behaviour


async def conflicting_length(x: Exchange) -> None:
    """Two Content-Length fields that differ (H15)."""
    x.reply.add("Content-Length", str(x.reply.length + 1))


async def repeated_length(x: Exchange) -> None:
    """One Content-Length field with the same number twice (H15, accepted by RFC 9110 8.6)."""
    x.header("Content-Length", f"{x.reply.length}, {x.reply.length}")


async def negative_length(x: Exchange) -> None:
    """Content-Length below zero (H15)."""
    x.header("Content-Length", "-5")


def bad_length(value: str = "12abc") -> Behaviour:
    """Content-Length that is no number (H15)."""

    async def run(x: Exchange) -> None:
        x.header("Content-Length", value)

    return run


def length_off(delta: int) -> Behaviour:
    """Content-Length ``delta`` away from what is sent; the connection ends after the reply."""

    async def run(x: Exchange) -> None:
        x.header("Content-Length", str(x.reply.length + delta))
        x.reply.closes = True

    return run


async def length_and_chunked(x: Exchange) -> None:
    """Content-Length beside a chunked body: the smuggling shape (H15, RFC 9112 6.3)."""
    length = x.reply.length
    x.reply.use_chunks()
    x.header("Content-Length", str(length))


def transfer_encoding(value: str = "gzip, chunked") -> Behaviour:
    """A chunked body under this Transfer-Encoding (H15)."""

    async def run(x: Exchange) -> None:
        x.reply.use_chunks()
        x.header("Transfer-Encoding", value)

    return run


def chunked(*, hide_ranges: bool = False) -> Behaviour:
    """A chunked body without a length (H16); ``hide_ranges``: 200 and no range support."""

    async def run(x: Exchange) -> None:
        if hide_ranges:
            await _whole(x)
        x.reply.use_chunks()

    return run


def close_delimited(*, http_10: bool = False) -> Behaviour:
    """200 without any length, ended by FIN (H16).

    Before ``cut_after`` it becomes a truncation that no client can see.
    """

    async def run(x: Exchange) -> None:
        await _whole(x)
        x.reply.drop("content-length")
        x.header("Connection", "close")
        x.reply.framing = "close"
        if http_10:
            x.reply.status_line = b"HTTP/1.0 200 OK"

    return run


async def _whole(x: Exchange) -> None:
    await x.status(200)
    x.reply.drop("content-range", "accept-ranges")
    x.reply.use_span(0, x.resource.length)


def chunked_cut(sent_bytes: int) -> Behaviour:
    """A chunked body that ends by FIN after ``sent_bytes``, without the last chunk (H17)."""

    async def run(x: Exchange) -> None:
        async def cut(x: Exchange) -> None:
            await x.cut()

        x.reply.use_chunks()
        x.reply.breaks.append((sent_bytes, cut))

    return run


def chunked_short(sent_bytes: int) -> Behaviour:
    """A chunked reply that ends cleanly after ``sent_bytes``, with the head of the whole (H3)."""

    async def run(x: Exchange) -> None:
        reply = x.reply
        reply.use_chunks()
        reply.end = min(reply.end, reply.start + sent_bytes)

    return run


def junk_after_body(junk: bytes) -> Behaviour:
    """Bytes past Content-Length on a connection that lives on (H12)."""

    async def run(x: Exchange) -> None:
        await x.deliver()
        if not x.is_over:
            await x.send_raw(junk)

    return run


def status_line(line: bytes) -> Behaviour:
    """This first line instead of the right one, such as ``ICY 200 OK`` (H24)."""

    async def run(x: Exchange) -> None:
        x.reply.status_line = line

    return run


async def bare_line_feeds(x: Exchange) -> None:
    """Head lines that end with LF alone (H24)."""
    x.reply.line_end = b"\n"


def raw_reply(data: bytes) -> Behaviour:
    """Exactly these bytes, then FIN."""

    async def run(x: Exchange) -> None:
        await x.send_raw(data)
        await x.cut()

    return run


def truncate_tls(sent_bytes: int) -> Behaviour:
    """End the TCP stream after ``sent_bytes`` without a TLS close_notify (H25)."""

    async def run(x: Exchange) -> None:
        async def cut(x: Exchange) -> None:
            await x.cut(close_notify=False)

        x.reply.breaks.append((sent_bytes, cut))

    return run
