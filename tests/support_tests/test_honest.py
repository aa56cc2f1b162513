"""Without a script the server answers as RFC 9110 wants."""

from __future__ import annotations

import hashlib
import subprocess

import pytest

from tests.support.fault_server import (
    FaultServer,
    Resource,
    Script,
    after,
    body_bytes,
    cut_before_head,
    honour,
    sha256_of,
    status,
)
from tests.support_tests.raw_client import ask, connect, parse, read_exactly, request_head


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=100-199", (100, 200)),
        ("bytes=0-", (0, 1000)),
        ("bytes=999-", (999, 1000)),
        ("bytes=500-9999", (500, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=0-0", (0, 1)),
    ],
)
def test_a_range_gets_206(fault_server: FaultServer, asked: str, span: tuple[int, int]) -> None:
    fault_server.add(Resource(path="/f", size=1000, seed=3))
    reply = ask(fault_server, "/f", f"Range: {asked}")
    assert reply.status == 206
    assert reply.get("content-range") == f"bytes {span[0]}-{span[1] - 1}/1000"
    assert reply.get("content-length") == str(span[1] - span[0])
    assert reply.body == body_bytes(3, *span)


@pytest.mark.parametrize("asked", ["bytes=5-4", "bytes=0-1,5-6", "lines=1-2", "bytes=-"])
def test_what_is_no_single_range_gets_200(fault_server: FaultServer, asked: str) -> None:
    fault_server.add(Resource(path="/f", size=10))
    assert ask(fault_server, "/f", f"Range: {asked}").status == 200


@pytest.mark.parametrize(("size", "asked"), [(0, "bytes=0-0"), (1000, "bytes=1000-")])
def test_an_unsatisfiable_range_gets_416(fault_server: FaultServer, size: int, asked: str) -> None:
    fault_server.add(Resource(path="/f", size=size))
    reply = ask(fault_server, "/f", f"Range: {asked}")
    assert reply.status == 416
    assert reply.get("content-range") == f"bytes */{size}"


@pytest.mark.parametrize(
    ("validator", "status"),
    [
        ('"v1"', 206),
        ('"v0"', 200),
        ('W/"v1"', 200),
        ("Mon, 01 Jan 2024 00:00:00 GMT", 206),
        ("Mon, 01 Jan 2024 00:00:01 GMT", 200),
    ],
)
def test_if_range_is_compared_strongly(
    fault_server: FaultServer, validator: str, status: int
) -> None:
    fault_server.add(Resource(path="/f", size=1000))
    assert ask(fault_server, "/f", "Range: bytes=5-", f"If-Range: {validator}").status == status


def test_if_range_may_be_ignored(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=1000, honours_if_range=False))
    assert ask(fault_server, "/f", "Range: bytes=5-", 'If-Range: "v0"').status == 206


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('If-None-Match: "v1"', 304),
        ('If-None-Match: W/"v1"', 304),
        ('If-None-Match: "v2"', 200),
        ("If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT", 304),
        ('If-Match: "v2"', 412),
    ],
)
def test_preconditions(fault_server: FaultServer, condition: str, status: int) -> None:
    fault_server.add(Resource(path="/f", size=1000))
    reply = ask(fault_server, "/f", condition)
    assert reply.status == status
    assert len(reply.body) == (1000 if status == 200 else 0)


def test_head_has_the_length_and_no_body(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=1000))
    reply = ask(fault_server, "/f", method="HEAD")
    assert (reply.status, reply.get("content-length"), reply.body) == (200, "1000", b"")


def test_a_server_without_ranges(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=1000, accept_ranges=False))
    reply = ask(fault_server, "/f", "Range: bytes=5-")
    assert (reply.status, reply.get("accept-ranges"), len(reply.body)) == (200, None, 1000)


@pytest.mark.parametrize("size", [(4 << 30) - 1, (4 << 30) + 1, 2**53 + 1, 2**63])
def test_a_huge_resource_costs_nothing_until_it_is_read(
    fault_server: FaultServer, size: int
) -> None:
    fault_server.add(Resource(path="/f", size=size, seed=9))
    reply = ask(fault_server, "/f", f"Range: bytes={size - 20}-")
    assert reply.get("content-range") == f"bytes {size - 20}-{size - 1}/{size}"
    assert reply.body == body_bytes(9, size - 20, size)
    head = ask(fault_server, "/f", method="HEAD")
    assert head.get("content-length") == str(size)


def test_header_bytes_leave_untouched(fault_server: FaultServer) -> None:
    raw = b'attachment; filename="\x1b]0;x\x07\xff.bin"'
    fault_server.add(Resource(path="/f", size=1, headers=(("Content-Disposition", raw),)))
    said = ask(fault_server, "/f").get("content-disposition")
    assert said is not None
    assert said.encode("latin-1") == raw


def test_routes_exact_before_prefix_before_404(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/any/*", size=3))
    fault_server.add(Resource(path="/any/one", size=5))
    assert len(ask(fault_server, "/any/..%2fx?y=/any/one").body) == 3
    assert len(ask(fault_server, "/any/one?q=1").body) == 5
    assert ask(fault_server, "/other").status == 404
    assert fault_server.requests()[0].target == "/any/..%2fx?y=/any/one"


def test_a_proxy_style_target_finds_its_path(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=5))
    assert len(ask(fault_server, "http://far.example/f?x=1").body) == 5
    assert fault_server.requests("/f")[0].target == "http://far.example/f?x=1"


def test_a_connection_serves_many_requests(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=100, seed=2))
    with connect(fault_server) as sock:
        for start in (0, 50):
            sock.sendall(request_head("/f", f"Range: bytes={start}-{start + 9}"))
            data = b""
            while not data.endswith(body_bytes(2, start, start + 10)):
                data += read_exactly(sock, 1)
            assert parse(data).status == 206
    assert {r.connection_id for r in fault_server.requests()} == {1}


def test_a_request_body_is_skipped(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=4))
    with connect(fault_server) as sock:
        body = request_head("/f", "Content-Length: 5", method="POST") + b"GET x"
        sock.sendall(body + request_head("/f", "Connection: close"))
        fault_server.wait_for(lambda s: len(s.requests()) == 2)
    assert [r.method for r in fault_server.requests()] == ["POST", "GET"]


def test_curl_agrees(fault_server: FaultServer) -> None:
    size = 5_000_017
    url = fault_server.add(Resource(path="/f", size=size, seed=8))
    out = subprocess.run(["curl", "-sSf", url], capture_output=True, check=True).stdout
    assert hashlib.sha256(out).hexdigest() == sha256_of(8, size)


def test_localhost_and_ipv6_reach_the_same_server() -> None:
    with FaultServer(ipv6=True) as server:
        server.add(Resource(path="/f", size=7))
        for host in ("127.0.0.1", "localhost", "::1"):
            run = subprocess.run(
                ["curl", "-sSfg", server.url("/f", host)], capture_output=True, check=True
            )
            assert len(run.stdout) == 7
        assert {c.peer[0] for c in server.connections} >= {"127.0.0.1", "::1"}


def test_scripts_may_be_one_behaviour_or_several(fault_server: FaultServer) -> None:
    expected: list[tuple[Script, int]] = [
        (None, 200),
        (status(500), 500),
        ([honour, cut_before_head], 200),
        ([after(99, status(500))], 200),
    ]
    for number, (script, code) in enumerate(expected):
        fault_server.add(Resource(path=f"/{number}", size=1), script)
        assert ask(fault_server, f"/{number}").status == code
