"""Broken framing reaches the wire broken (H15-H17, H24)."""

from __future__ import annotations

import pytest

from tests.support.fault_server import (
    Behaviour,
    FaultServer,
    Resource,
    bad_length,
    bare_line_feeds,
    body_bytes,
    chain,
    chunked,
    chunked_cut,
    chunked_short,
    close_delimited,
    conflicting_length,
    cut_after,
    junk_after_body,
    length_and_chunked,
    length_off,
    negative_length,
    raw_reply,
    repeated_length,
    status_line,
    transfer_encoding,
)
from tests.support_tests.raw_client import ask, connect, parse, read_to_end, request_head

FILE = Resource(path="/f", size=1000, chunk_bytes=300)
BODY = body_bytes(1, 0, 1000)


def unchunk(data: bytes) -> tuple[bytes, bool]:
    """Return the chunks' bytes and whether the last chunk came."""
    out = b""
    while data:
        size_text, _, rest = data.partition(b"\r\n")
        size = int(size_text, 16)
        if size == 0:
            return out, rest == b"\r\n"
        out, data = out + rest[:size], rest[size + 2 :]
    return out, False


@pytest.mark.parametrize(
    ("behaviour", "lengths"),
    [
        (conflicting_length, ["1000", "1001"]),
        (repeated_length, ["1000, 1000"]),
        (negative_length, ["-5"]),
        (bad_length("12abc"), ["12abc"]),
        (length_off(7), ["1007"]),
        (length_off(-7), ["993"]),
    ],
)
def test_h15_lengths(fault_server: FaultServer, behaviour: Behaviour, lengths: list[str]) -> None:
    fault_server.add(FILE, behaviour)
    reply = ask(fault_server, "/f")
    assert reply.all("content-length") == lengths
    assert reply.body == BODY
    assert reply.ended == "fin"


def test_h15_length_beside_chunks(fault_server: FaultServer) -> None:
    fault_server.add(FILE, length_and_chunked)
    reply = ask(fault_server, "/f")
    assert (reply.get("content-length"), reply.get("transfer-encoding")) == ("1000", "chunked")
    assert unchunk(reply.body) == (BODY, True)


def test_h15_odd_transfer_encoding(fault_server: FaultServer) -> None:
    fault_server.add(FILE, transfer_encoding("gzip, chunked"))
    assert ask(fault_server, "/f").all("transfer-encoding") == ["gzip, chunked"]


def test_h16_chunked(fault_server: FaultServer) -> None:
    fault_server.add(FILE, chunked())
    reply = ask(fault_server, "/f", "Range: bytes=10-909")
    assert (reply.status, reply.get("content-length")) == (206, None)
    assert reply.body.startswith(b"12c\r\n")
    assert unchunk(reply.body) == (body_bytes(1, 10, 910), True)
    fault_server.set_script("/f", chunked(hide_ranges=True))
    reply = ask(fault_server, "/f", "Range: bytes=10-909")
    assert (reply.status, reply.get("content-range"), reply.get("accept-ranges")) == (
        200,
        None,
        None,
    )
    assert unchunk(reply.body) == (BODY, True)


@pytest.mark.parametrize(
    ("behaviour", "first_line", "length"),
    [
        (close_delimited(), "HTTP/1.1 200 OK", 1000),
        (close_delimited(http_10=True), "HTTP/1.0 200 OK", 1000),
        (chain(close_delimited(), cut_after(400)), "HTTP/1.1 200 OK", 400),
    ],
)
def test_h16_close_delimited(
    fault_server: FaultServer, behaviour: Behaviour, first_line: str, length: int
) -> None:
    fault_server.add(FILE, behaviour)
    reply = ask(fault_server, "/f", "Range: bytes=5-", close=False)
    assert reply.first_line == first_line
    assert (reply.get("content-length"), reply.get("transfer-encoding")) == (None, None)
    assert (reply.body, reply.ended) == (BODY[:length], "fin")


def test_h17_chunks_without_an_end(fault_server: FaultServer) -> None:
    fault_server.add(FILE, chunked_cut(500))
    reply = ask(fault_server, "/f", close=False)
    assert unchunk(reply.body) == (BODY[:500], False)
    assert reply.ended == "fin"


def test_h3_chunks_that_end_cleanly_too_early(fault_server: FaultServer) -> None:
    fault_server.add(FILE, chunked_short(250))
    reply = ask(fault_server, "/f", "Range: bytes=100-")
    assert reply.get("content-range") == "bytes 100-999/1000"
    assert unchunk(reply.body) == (body_bytes(1, 100, 350), True)


def test_h12_junk_after_the_body(fault_server: FaultServer) -> None:
    fault_server.add(FILE, junk_after_body(b"surplus"))
    assert ask(fault_server, "/f").body == BODY + b"surplus"
    assert fault_server.requests()[0].body_bytes_sent == 1000


@pytest.mark.parametrize("line", [b"HTTP/1.1 200", b"ICY 200 OK", b"HTTP/1.1 206 \xff"])
def test_h24_status_lines(fault_server: FaultServer, line: bytes) -> None:
    fault_server.add(FILE, status_line(line))
    assert ask(fault_server, "/f").first_line == line.decode("latin-1")


def test_h24_bare_line_feeds(fault_server: FaultServer) -> None:
    fault_server.add(FILE, bare_line_feeds)
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f", "Connection: close"))
        data, _ = read_to_end(sock)
    head, _, body = data.partition(b"\n\n")
    assert b"\r" not in head
    assert (parse(data, eol=b"\n").get("content-length"), body) == ("1000", BODY)


def test_raw_reply(fault_server: FaultServer) -> None:
    fault_server.add(FILE, raw_reply(b"SSH-2.0-nope\r\n"))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        assert read_to_end(sock) == (b"SSH-2.0-nope\r\n", "fin")
