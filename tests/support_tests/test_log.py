"""The log tells what happened, and waiting on it works from threads and loops."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from tests.support.fault_server import (
    Exchange,
    FaultServer,
    Resource,
    after,
    body_bytes,
    chain,
    cut_after,
    every,
    first,
    nth,
    on_connection,
    on_method,
    once,
    only_ranged,
    only_resumed,
    randomly,
    stall_after,
    status,
)
from tests.support_tests.raw_client import ask, connect, read_exactly, request_head

FILE = Resource(path="/f", size=1000)


def test_counts_are_never_behind_the_client(fault_server: FaultServer) -> None:
    """The reader competes with the server for the interpreter: without the lock it wins."""
    fault_server.add(Resource(path="/f", size=10))
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with connect(fault_server) as sock:
            for number in range(1, 300):
                sock.sendall(request_head("/f"))
                data = b""
                while not data.endswith(body_bytes(1, 0, 10)):
                    data += sock.recv(4096)
                assert fault_server.bytes_sent() == 10 * number
                assert fault_server.requests()[-1].status == 200
    finally:
        sys.setswitchinterval(switch_s)


def test_a_request_is_told_in_full(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    ask(fault_server, "/f?q=%2F", "Range: bytes=100-199", "X-Odd:  two  words ", "X-Odd: again")
    fault_server.wait_for(lambda s: s.open_connections() == 0)
    (record,) = fault_server.requests()
    assert (record.method, record.target, record.path) == ("GET", "/f?q=%2F", "/f")
    assert (record.range, record.status, record.outcome) == ((100, 200), 206, "sent")
    assert (record.body_start, record.body_bytes_sent) == (100, 100)
    assert record.header("x-odd") == "two  words"
    assert [v for k, v in record.headers if k == "X-Odd"] == ["two  words", "again"]
    assert record.finished_s is not None
    assert record.started_s <= record.finished_s
    (connection,) = fault_server.connections
    assert connection.closed_s is not None
    assert connection.opened_s <= record.started_s
    assert record.finished_s <= connection.closed_s
    assert (connection.peer[0], connection.request_count) == ("127.0.0.1", 1)
    assert (connection.body_bytes_sent, connection.ended_by) == (100, "server")


@pytest.mark.parametrize(
    ("asked", "told"),
    [("bytes=5-", (5, None)), ("bytes=-7", (-7, None)), ("bytes=0-1,4-5", None)],
)
def test_ranges_are_told_half_open(
    fault_server: FaultServer, asked: str, told: tuple[int, int | None] | None
) -> None:
    fault_server.add(FILE)
    ask(fault_server, "/f", f"Range: {asked}")
    assert fault_server.requests()[0].range == told


def test_counts_by_path_and_connection(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    fault_server.add(Resource(path="/g", size=10))
    ask(fault_server, "/g")
    with connect(fault_server) as sock:
        for _ in range(2):
            sock.sendall(request_head("/f"))
            fault_server.wait_for(lambda s: s.requests()[-1].outcome == "sent")
            read_exactly(sock, 1000)
        ask(fault_server, "/f")
        assert fault_server.open_connections("/f") >= 1
    numbers = [(r.id, r.path, r.nth, r.connection_nth) for r in fault_server.requests()]
    assert numbers == [(1, "/g", 1, 1), (2, "/f", 1, 1), (3, "/f", 2, 1), (4, "/f", 3, 2)]
    assert (fault_server.bytes_sent("/f"), fault_server.bytes_sent("/g")) == (3000, 10)
    assert fault_server.bytes_sent() == 3010


def test_the_peak_of_connections(fault_server: FaultServer) -> None:
    fault_server.add(FILE, stall_after(1))
    socks = [connect(fault_server) for _ in range(3)]
    try:
        for sock in socks:
            sock.sendall(request_head("/f"))
        fault_server.wait_for(lambda s: s.bytes_sent() == 3)
        assert fault_server.open_connections() == 3
    finally:
        for sock in socks:
            sock.close()
    fault_server.wait_for(lambda s: s.open_connections() == 0)
    assert (fault_server.max_open, fault_server.max_in_flight("/f")) == (3, 3)


def test_waiting_in_vain_ends(fault_server: FaultServer) -> None:
    with pytest.raises(TimeoutError, match=r"not seen in 0\.05 s"):
        fault_server.wait_for(lambda s: s.max_open > 0, timeout_s=0.05)


async def test_waiting_on_a_loop_leaves_the_loop_free(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    waiting = asyncio.create_task(fault_server.until(lambda s: s.bytes_sent() == 2000))
    for _ in range(2):
        assert not waiting.done()
        reader, writer = await asyncio.open_connection("127.0.0.1", fault_server.port)
        writer.write(request_head("/f", "Connection: close"))
        await reader.read()
        writer.close()
        await writer.wait_closed()
    await waiting
    with pytest.raises(TimeoutError, match="not seen"):
        await fault_server.until(lambda s: s.bytes_sent() == 1, timeout_s=0.05)


def test_waiting_in_a_thread(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    seen = threading.Event()

    def wait() -> None:
        fault_server.wait_for(lambda s: s.bytes_sent("/f") == 1000)
        seen.set()

    thread = threading.Thread(target=wait)
    thread.start()
    ask(fault_server, "/f")
    thread.join(10)
    assert seen.is_set()


def codes(server: FaultServer, *heads: tuple[str, str]) -> list[int]:
    """Return the statuses of requests given as (method, range or empty)."""
    out = []
    for method, span in heads:
        lines = [f"Range: bytes={span}"] if span else []
        out.append(ask(server, "/f", *lines, method=method).status)
    return out


GET = ("GET", "")


def test_rules_pick_their_requests(fault_server: FaultServer) -> None:
    no = status(500)
    for rule, expected in (
        (nth(2, no), [200, 500, 200]),
        (first(2, no), [500, 500, 200]),
        (after(2, no), [200, 200, 500]),
        (every(2, no), [200, 500, 200]),
        (on_connection(3, no), [200, 200, 500]),
        (chain(nth(1, no), nth(3, status(503))), [500, 200, 503]),
        (once(no), [500, 200, 200]),
        (randomly(1.0, 7, no), [500, 500, 500]),
        (randomly(0.0, 7, no), [200, 200, 200]),
    ):
        with FaultServer() as server:
            server.add(FILE, rule)
            assert codes(server, GET, GET, GET) == expected


def test_rules_by_kind_of_request(fault_server: FaultServer) -> None:
    heads = (GET, ("GET", "0-"), ("GET", "5-"), ("HEAD", ""))
    no = status(500)
    for rule, expected in (
        (only_ranged(no), [200, 500, 500, 200]),
        (only_resumed(no), [200, 206, 500, 200]),
        (on_method("HEAD", no), [200, 206, 206, 500]),
    ):
        fault_server.add(FILE, rule)
        assert codes(fault_server, *heads) == expected


def test_randomly_is_seeded() -> None:
    seen = []
    for _ in range(2):
        with FaultServer() as server:
            server.add(FILE, randomly(0.5, 42, status(500)))
            seen.append(codes(server, *[GET] * 12))
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}


def test_a_script_of_ones_own(fault_server: FaultServer) -> None:
    spans: list[tuple[int, int] | None] = []

    async def mine(x: Exchange) -> None:
        spans.append(x.range)
        await x.status(206)
        x.header("X-Nth", str(x.nth))
        await x.send_head()
        await x.send_body(0, 10, seed=4)
        await x.rst()

    fault_server.add(FILE, mine)
    reply = ask(fault_server, "/f", "Range: bytes=990-2000")
    assert (reply.status, reply.get("x-nth"), reply.ended) == (206, "1", "reset")
    assert len(reply.body) == 10
    assert spans == [(990, 1000)]


def test_set_script_swaps_live_and_may_count_anew(fault_server: FaultServer) -> None:
    fault_server.add(FILE, status(500))
    assert codes(fault_server, GET) == [500]
    fault_server.set_script("/f", nth(1, status(503)))
    assert codes(fault_server, GET) == [200]
    fault_server.set_script("/f", nth(1, status(503)), restart_count=True)
    assert codes(fault_server, GET, GET) == [503, 200]


def test_faults_add_up_on_one_reply(fault_server: FaultServer) -> None:
    fault_server.add(FILE, [cut_after(10), status(503, body=b"x" * 50)])
    reply = ask(fault_server, "/f")
    assert (reply.status, len(reply.body)) == (503, 10)
