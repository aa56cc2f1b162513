"""Versions, validators, codings and digests on the wire (H7-H10, H37)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.support.fault_server import (
    DigestField,
    FaultServer,
    Resource,
    body_bytes,
    changed,
    gzip_always,
    gzip_bomb,
    no_validators,
    right_digest,
    rotating_etag,
    swap,
    swap_after_bytes,
    weak_etag,
    wrong_digest,
    young_last_modified,
)
from tests.support_tests.raw_client import ask

FILE = Resource(path="/f", size=4000)


def test_h7_swap_with_if_range_honoured(fault_server: FaultServer) -> None:
    fault_server.add(FILE, swap(2, seed=2))
    old = ask(fault_server, "/f", "Range: bytes=0-99")
    assert (old.get("etag"), old.body) == ('"v1"', body_bytes(1, 0, 100))
    new = ask(fault_server, "/f", "Range: bytes=100-199", 'If-Range: "v1"')
    assert (new.status, new.get("etag")) == (200, '"v2"')
    assert new.body == body_bytes(2, 0, 4000)


def test_h7_swap_with_if_range_ignored(fault_server: FaultServer) -> None:
    fault_server.add(FILE, swap(1, seed=2, honours_if_range=False))
    reply = ask(fault_server, "/f", "Range: bytes=100-199", 'If-Range: "v1"')
    assert (reply.status, reply.get("etag")) == (206, '"v2"')
    assert reply.body == body_bytes(2, 100, 200)
    assert reply.get("last-modified") != FILE.last_modified


def test_h7_swap_after_bytes(fault_server: FaultServer) -> None:
    fault_server.add(FILE, swap_after_bytes(150, seed=2, size=5000))
    tags = [ask(fault_server, "/f", "Range: bytes=0-99").get("etag") for _ in range(3)]
    assert tags == ['"v1"', '"v1"', '"v2"']
    assert ask(fault_server, "/f").get("content-length") == "5000"


def test_h7_replace_by_hand(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    fault_server.replace(changed(FILE, seed=5, etag='"other"'))
    reply = ask(fault_server, "/f")
    assert (reply.get("etag"), reply.body) == ('"other"', body_bytes(5, 0, 4000))


def test_h8_weak_tag(fault_server: FaultServer) -> None:
    fault_server.add(FILE, weak_etag())
    reply = ask(fault_server, "/f", "Range: bytes=5-", 'If-Range: W/"v1"')
    assert (reply.status, reply.get("etag"), reply.get("last-modified")) == (200, 'W/"v1"', None)


@pytest.mark.parametrize(("honours", "status"), [(False, 206), (True, 200)])
def test_h8_rotating_tag(fault_server: FaultServer, honours: bool, status: int) -> None:
    fault_server.add(FILE, rotating_etag(honours_if_range=honours))
    assert ask(fault_server, "/f").get("etag") == '"r1"'
    reply = ask(fault_server, "/f", "Range: bytes=5-", 'If-Range: "r1"')
    assert (reply.status, reply.get("etag")) == (status, '"r2"')


def test_h8_no_validators(fault_server: FaultServer) -> None:
    fault_server.add(FILE, no_validators)
    reply = ask(fault_server, "/f")
    assert (reply.get("etag"), reply.get("last-modified")) == (None, None)


def test_h8_young_last_modified(fault_server: FaultServer) -> None:
    fault_server.add(FILE, young_last_modified)
    reply = ask(fault_server, "/f")
    assert reply.get("etag") is None
    modified, date = (
        parsedate_to_datetime(reply.get(name) or "") for name in ("last-modified", "date")
    )
    # Made a moment before Date, in the same second or the one before.
    assert timedelta(0) <= date - modified <= timedelta(seconds=1)


def test_h10_gzip_whatever_was_asked(fault_server: FaultServer) -> None:
    fault_server.add(FILE, gzip_always(framing="length"))
    reply = ask(fault_server, "/f", "Range: bytes=5-9", "Accept-Encoding: identity")
    assert (reply.status, reply.get("content-encoding")) == (200, "gzip")
    assert reply.get("content-length") == str(len(reply.body))
    assert gzip.decompress(reply.body) == body_bytes(1, 0, 4000)


def test_h10_gzip_in_chunks_and_truncated(fault_server: FaultServer) -> None:
    fault_server.add(FILE, gzip_always(send_fraction=0.5))
    reply = ask(fault_server, "/f")
    assert (reply.get("transfer-encoding"), reply.get("content-length")) == ("chunked", None)
    assert reply.body.endswith(b"0\r\n\r\n")
    unpacker = zlib.decompressobj(wbits=31)
    data = unpacker.decompress(reply.body.partition(b"\r\n")[2][:-7])
    assert not unpacker.eof
    assert body_bytes(1, 0, 4000).startswith(data)


def test_h10_bomb(fault_server: FaultServer) -> None:
    fault_server.add(FILE, gzip_bomb(10_000_000))
    reply = ask(fault_server, "/f")
    assert len(reply.body) < 20_000
    assert gzip.decompress(reply.body) == bytes(10_000_000)


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


PART, WHOLE = body_bytes(1, 100, 200), body_bytes(1, 0, 4000)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Repr-Digest", f"sha-256=:{sha256(WHOLE)}:"),
        ("Content-Digest", f"sha-256=:{sha256(PART)}:"),
        ("Digest", f"sha-256={sha256(WHOLE)}"),
        ("Content-MD5", md5(PART)),
        ("x-amz-checksum-sha256", sha256(WHOLE)),
        ("x-goog-hash", f"md5={md5(WHOLE)}"),
    ],
)
def test_h37_digests(fault_server: FaultServer, field: DigestField, value: str) -> None:
    fault_server.add(FILE, right_digest(field))
    assert ask(fault_server, "/f", "Range: bytes=100-199").get(field) == value
    fault_server.set_script("/f", wrong_digest(field))
    wrong = ask(fault_server, "/f", "Range: bytes=100-199").get(field)
    assert wrong is not None
    assert len(wrong) == len(value)
    assert wrong != value
