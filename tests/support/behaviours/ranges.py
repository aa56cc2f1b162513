"""Wrong answers to ranges: traps H1-H6, H10-H13."""

from __future__ import annotations

from typing import Literal

from tests.support.exchange import Exchange
from tests.support.resource import content_range
from tests.support.server import Behaviour


def ignore_range(*, advertise: bool = True) -> Behaviour:
    """200 with the whole body, while Accept-Ranges may still promise ranges (H1)."""

    async def run(x: Exchange) -> None:
        reply = x.reply
        await x.status(200)
        reply.drop("content-range", "accept-ranges")
        reply.use_span(0, x.resource.length)
        if advertise:
            x.header("Accept-Ranges", "bytes")

    return run


def range_shift(delta: int) -> Behaviour:
    """206 for a span that starts ``delta`` bytes off, correctly labelled (H2).

    A shift below 0 stops at 0; the end stays.
    """

    async def run(x: Exchange) -> None:
        reply = x.reply
        if reply.status == 206:
            start = min(max(0, reply.start + delta), reply.end - 1)
            reply.use_span(start, reply.end)
            x.header("Content-Range", content_range(start, reply.end, x.resource.length))

    return run


def mislabelled(delta: int) -> Behaviour:
    """206 labelled as asked whose bytes start ``delta`` off: no check but a digest sees it."""

    async def run(x: Exchange) -> None:
        reply = x.reply
        if reply.status == 206:
            start = max(0, reply.start + delta)
            reply.use_span(start, start + reply.length)

    return run


async def no_content_range(x: Exchange) -> None:
    """206 without Content-Range (H2)."""
    if x.reply.status == 206:
        x.header("Content-Range", None)


def raw_content_range(value: str) -> Behaviour:
    """206 with this Content-Range, such as ``bytes=0-9/10`` (H11)."""

    async def run(x: Exchange) -> None:
        if x.reply.status == 206:
            x.header("Content-Range", value)

    return run


def cap(most_bytes: int) -> Behaviour:
    """206 never longer than ``most_bytes``, honestly labelled (H3)."""

    async def run(x: Exchange) -> None:
        reply = x.reply
        if reply.status == 206:
            end = min(reply.end, reply.start + most_bytes)
            reply.use_span(reply.start, end)
            x.header("Content-Range", content_range(reply.start, end, x.resource.length))

    return run


async def total_star(x: Exchange) -> None:
    """206 whose total is ``*`` (H4)."""
    if x.reply.status == 206:
        x.header("Content-Range", content_range(x.reply.start, x.reply.end, "*"))


def total_changes(total: int) -> Behaviour:
    """206 that names another total (H4); bytes and validators stay."""

    async def run(x: Exchange) -> None:
        if x.reply.status == 206:
            x.header("Content-Range", content_range(x.reply.start, x.reply.end, total))

    return run


def multipart(boundary: str = "THIS_STRING_SEPARATES") -> Behaviour:
    """multipart/byteranges for a single range (H5)."""

    async def run(x: Exchange) -> None:
        reply = x.reply
        if reply.status != 206:
            return
        label = content_range(reply.start, reply.end, x.resource.length)
        head = (
            f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n"
            f"Content-Range: {label}\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        start, end = reply.start, reply.end
        reply.drop("content-range")
        x.header("Content-Type", f"multipart/byteranges; boundary={boundary}")
        x.header("Content-Length", str(len(head) + end - start + len(tail)))
        await x.send_head()
        await x.send_payload(head)
        await x.send_body(start, end)
        if not x.is_over:
            await x.send_payload(tail)

    return run


def unsatisfied(kind: Literal["complete", "shrunk", "bare"], total: int | None = None) -> Behaviour:
    """416 to every ranged request (H6).

    ``complete`` names the true size, ``shrunk`` half of it (or ``total``), ``bare`` none.
    """

    async def run(x: Exchange) -> None:
        if x.request.header("range") is None:
            return
        size = x.resource.length
        x.reply.use_payload(b"<html>416 range not satisfiable</html>\n", "text/html")
        await x.status(416)
        if kind != "bare":
            named = total if total is not None else size if kind == "complete" else size // 2
            x.header("Content-Range", f"bytes */{named}")

    return run


def off_by_one(kind: Literal["end_plus", "end_minus", "label_plus", "length_minus"]) -> Behaviour:
    """One byte wrong at the end of a ranged reply (H12).

    ``end_plus``: one byte more than asked, labelled so. ``end_minus``: one less, labelled so
    (legal). ``label_plus``: the label alone is one too high. ``length_minus``: all bytes are
    sent, Content-Length is one too low.
    """

    async def run(x: Exchange) -> None:
        reply, size = x.reply, x.resource.length
        if reply.status != 206:
            return
        if kind == "length_minus":
            x.header("Content-Length", str(reply.length - 1))
            return
        end = reply.end + (-1 if kind == "end_minus" else 1)
        if kind != "label_plus" and reply.start < end <= size:
            reply.use_span(reply.start, end)
        x.header("Content-Range", content_range(reply.start, end, size))

    return run


async def ok_with_content_range(x: Exchange) -> None:
    """200 whose body and Content-Range are those of a correct 206 (H11)."""
    if x.reply.status == 206:
        await x.status(200)
