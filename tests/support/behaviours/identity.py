"""Which version the bytes belong to: traps H7-H10 and H37.

These start the reply anew for another resource, so they stand before other faults in a script.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import replace
from email.utils import formatdate
from functools import lru_cache
from typing import Literal

from tests.support.body import Body
from tests.support.exchange import Exchange
from tests.support.resource import Resource
from tests.support.server import Behaviour

DAY_LATER = "Tue, 02 Jan 2024 00:00:00 GMT"


def changed(
    resource: Resource,
    seed: int,
    etag: str | None = '"v2"',
    *,
    size: int | None = None,
    last_modified: str | None = DAY_LATER,
) -> Resource:
    """Return another version of ``resource``, of the same length unless ``size`` is given."""
    size = resource.size if size is None else size
    return replace(resource, seed=seed, etag=etag, size=size, last_modified=last_modified)


def swap(
    at: int,
    seed: int,
    etag: str | None = '"v2"',
    *,
    size: int | None = None,
    last_modified: str | None = DAY_LATER,
    honours_if_range: bool = True,
) -> Behaviour:
    """From request ``at`` on the resource is another version (H7).

    ``honours_if_range=False``: its ranges get 206 even when If-Range names the old version.
    """

    async def run(x: Exchange) -> None:
        if x.nth >= at:
            new = changed(x.resource, seed, etag, size=size, last_modified=last_modified)
            x.answer_for(replace(new, honours_if_range=honours_if_range))

    return run


def swap_after_bytes(
    sent_bytes: int,
    seed: int,
    etag: str | None = '"v2"',
    *,
    size: int | None = None,
    last_modified: str | None = DAY_LATER,
    honours_if_range: bool = True,
) -> Behaviour:
    """As ``swap``, for requests that come after ``sent_bytes`` of this path have left."""

    async def run(x: Exchange) -> None:
        if x.log.bytes_sent(x.path) >= sent_bytes:
            new = changed(x.resource, seed, etag, size=size, last_modified=last_modified)
            x.answer_for(replace(new, honours_if_range=honours_if_range))

    return run


def weak_etag(tag: str = 'W/"v1"', last_modified: str | None = None) -> Behaviour:
    """Only a weak ETag, which If-Range must not carry (H8)."""

    async def run(x: Exchange) -> None:
        x.answer_for(replace(x.resource, etag=tag, last_modified=last_modified))

    return run


def rotating_etag(*, honours_if_range: bool = False) -> Behaviour:
    """Another strong ETag in each reply for the same bytes, no Last-Modified (H8)."""

    async def run(x: Exchange) -> None:
        x.answer_for(
            replace(
                x.resource,
                etag=f'"r{x.nth}"',
                last_modified=None,
                honours_if_range=honours_if_range,
            )
        )

    return run


async def no_validators(x: Exchange) -> None:
    """Neither ETag nor Last-Modified (H8)."""
    x.answer_for(replace(x.resource, etag=None, last_modified=None))


async def young_last_modified(x: Exchange) -> None:
    """Only a Last-Modified equal to Date: a weak validator (RFC 9110 section 8.8.2.2)."""
    x.answer_for(replace(x.resource, etag=None, last_modified=formatdate(usegmt=True)))


def gzip_always(
    *, framing: Literal["length", "chunked"] = "chunked", send_fraction: float = 1.0
) -> Behaviour:
    """200 with ``Content-Encoding: gzip`` whatever was asked (H10); the body is held in memory.

    ``send_fraction`` below 1 leaves a gzip stream that stops in the middle, cleanly framed.
    """

    async def run(x: Exchange) -> None:
        reply = x.reply
        packer = zlib.compressobj(1, wbits=31)
        body = x.resource.body
        packed = b"".join(packer.compress(piece) for piece in body.views(0, body.size))
        packed += packer.flush()
        await x.status(200)
        reply.drop("accept-ranges")
        reply.use_payload(packed[: int(len(packed) * send_fraction)], x.resource.content_type)
        x.header("Content-Encoding", "gzip")
        x.header("Vary", "Accept-Encoding")
        if framing == "chunked":
            reply.use_chunks()

    return run


@lru_cache(maxsize=4)
def _gzip_of_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    megabyte = bytes(1 << 20)
    parts = [packer.compress(megabyte) for _ in range(size >> 20)]
    return b"".join([*parts, packer.compress(bytes(size % (1 << 20))), packer.flush()])


def gzip_bomb(size: int = 200_000_000) -> Behaviour:
    """200 with a small gzip body that grows to ``size`` zero bytes (H10)."""

    async def run(x: Exchange) -> None:
        await x.status(200)
        x.reply.drop("accept-ranges")
        x.reply.use_payload(_gzip_of_zeros(size), x.resource.content_type)
        x.header("Content-Encoding", "gzip")

    return run


DigestField = Literal[
    "Repr-Digest",
    "Content-Digest",
    "Digest",
    "Content-MD5",
    "x-amz-checksum-sha256",
    "x-goog-hash",
]


@lru_cache(maxsize=64)
def _hash(body: Body, start: int, end: int, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for piece in body.views(start, end):
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()


def digest_value(field: DigestField, body: Body, start: int, end: int) -> str:
    """Return the header value for a reply that carries ``start..end`` of ``body``.

    Content-Digest and Content-MD5 cover the reply, the others the whole body (RFC 9530).
    """
    if field in ("Content-Digest", "Repr-Digest"):
        span = (start, end) if field == "Content-Digest" else (0, body.size)
        return f"sha-256=:{_hash(body, *span, 'sha256')}:"
    if field == "Content-MD5":
        return _hash(body, start, end, "md5")
    if field == "x-goog-hash":
        return f"md5={_hash(body, 0, body.size, 'md5')}"
    value = _hash(body, 0, body.size, "sha256")
    return f"sha-256={value}" if field == "Digest" else value


def right_digest(field: DigestField = "Repr-Digest") -> Behaviour:
    """Add a correct digest field."""

    async def run(x: Exchange) -> None:
        reply = x.reply
        x.header(field, digest_value(field, reply.body, reply.start, reply.end))

    return run


def wrong_digest(field: DigestField = "Repr-Digest") -> Behaviour:
    """Add a digest field of other bytes (H37)."""

    async def run(x: Exchange) -> None:
        reply = x.reply
        other = Body(reply.body.seed + 1, reply.body.size)
        x.header(field, digest_value(field, other, reply.start, reply.end))

    return run
