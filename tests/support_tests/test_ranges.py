"""Each wrong answer to a range is wrong on the wire in exactly its own way (H1-H6, H11-H13)."""

from __future__ import annotations

import pytest

from tests.support.fault_server import (
    Behaviour,
    FaultServer,
    Resource,
    body_bytes,
    cap,
    ignore_range,
    mislabelled,
    multipart,
    no_content_range,
    off_by_one,
    ok_with_content_range,
    range_shift,
    raw_content_range,
    total_changes,
    total_star,
    unsatisfied,
)
from tests.support_tests.raw_client import RawReply, ask

SIZE = 20_000


def ranged(server: FaultServer, behaviour: Behaviour) -> RawReply:
    """Ask for 8000..9000 of a resource under ``behaviour``."""
    server.add(Resource(path="/f", size=SIZE), behaviour)
    return ask(server, "/f", "Range: bytes=8000-8999")


def test_h1_the_range_is_ignored(fault_server: FaultServer) -> None:
    reply = ranged(fault_server, ignore_range())
    assert (reply.status, reply.get("content-range")) == (200, None)
    assert (reply.get("content-length"), reply.get("accept-ranges")) == (str(SIZE), "bytes")
    assert reply.body == body_bytes(1, 0, SIZE)


@pytest.mark.parametrize("delta", [1, -1, -4096])
def test_h2_the_range_is_moved_and_labelled(fault_server: FaultServer, delta: int) -> None:
    reply = ranged(fault_server, range_shift(delta))
    assert reply.status == 206
    assert reply.get("content-range") == f"bytes {8000 + delta}-8999/{SIZE}"
    assert reply.get("content-length") == str(1000 - delta)
    assert reply.body == body_bytes(1, 8000 + delta, 9000)


def test_h2_a_shift_stops_at_the_start(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=SIZE), range_shift(-4096))
    reply = ask(fault_server, "/f", "Range: bytes=100-199")
    assert reply.get("content-range") == f"bytes 0-199/{SIZE}"


def test_h2_the_label_lies(fault_server: FaultServer) -> None:
    reply = ranged(fault_server, mislabelled(-8))
    assert reply.get("content-range") == f"bytes 8000-8999/{SIZE}"
    assert reply.body == body_bytes(1, 7992, 8992)


def test_h2_no_content_range(fault_server: FaultServer) -> None:
    reply = ranged(fault_server, no_content_range)
    assert (reply.status, reply.get("content-range")) == (206, None)
    assert reply.body == body_bytes(1, 8000, 9000)


def test_h3_replies_are_capped(fault_server: FaultServer) -> None:
    reply = ranged(fault_server, cap(64))
    assert reply.get("content-range") == f"bytes 8000-8063/{SIZE}"
    assert reply.body == body_bytes(1, 8000, 8064)


@pytest.mark.parametrize(
    ("behaviour", "label"),
    [
        (total_star, "bytes 8000-8999/*"),
        (total_changes(777_777), "bytes 8000-8999/777777"),
        (raw_content_range("bytes=0-9/10"), "bytes=0-9/10"),
    ],
)
def test_h4_h11_odd_totals(fault_server: FaultServer, behaviour: Behaviour, label: str) -> None:
    reply = ranged(fault_server, behaviour)
    assert (reply.status, reply.get("content-range")) == (206, label)
    assert reply.body == body_bytes(1, 8000, 9000)


def test_h5_multipart(fault_server: FaultServer) -> None:
    reply = ranged(fault_server, multipart("SEP"))
    assert reply.get("content-type") == "multipart/byteranges; boundary=SEP"
    assert reply.get("content-length") == str(len(reply.body))
    head, data, tail = (
        reply.body.partition(b"\r\n\r\n")[0],
        reply.body.partition(b"\r\n\r\n")[2][:1000],
        reply.body[-11:],
    )
    assert b"--SEP" in head
    assert b"Content-Range: bytes 8000-8999/20000" in head
    assert data == body_bytes(1, 8000, 9000)
    assert tail == b"\r\n--SEP--\r\n"


@pytest.mark.parametrize(
    ("behaviour", "label"),
    [
        (unsatisfied("complete"), "bytes */20000"),
        (unsatisfied("shrunk"), "bytes */10000"),
        (unsatisfied("shrunk", total=5), "bytes */5"),
        (unsatisfied("bare"), None),
    ],
)
def test_h6_416(fault_server: FaultServer, behaviour: Behaviour, label: str | None) -> None:
    reply = ranged(fault_server, behaviour)
    assert (reply.status, reply.get("content-range")) == (416, label)
    assert reply.body.startswith(b"<html>")
    assert ask(fault_server, "/f").status == 200


def test_h11_200_with_a_content_range(fault_server: FaultServer) -> None:
    reply = ranged(fault_server, ok_with_content_range)
    assert (reply.status, reply.get("content-range")) == (200, f"bytes 8000-8999/{SIZE}")
    assert reply.body == body_bytes(1, 8000, 9000)


@pytest.mark.parametrize(
    ("behaviour", "label", "length", "end"),
    [
        (off_by_one("end_plus"), "bytes 8000-9000/20000", "1001", 9001),
        (off_by_one("end_minus"), "bytes 8000-8998/20000", "999", 8999),
        (off_by_one("label_plus"), "bytes 8000-9000/20000", "1000", 9000),
        (off_by_one("length_minus"), "bytes 8000-8999/20000", "999", 9000),
    ],
)
def test_h12_off_by_one(
    fault_server: FaultServer, behaviour: Behaviour, label: str, length: str, end: int
) -> None:
    reply = ranged(fault_server, behaviour)
    assert (reply.get("content-range"), reply.get("content-length")) == (label, length)
    assert reply.body == body_bytes(1, 8000, end)
