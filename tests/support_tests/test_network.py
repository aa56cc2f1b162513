"""Connections end, stall and crawl where the script says, and nowhere else (H17-H22, H35)."""

from __future__ import annotations

import threading

import pytest

from tests.support.fault_server import (
    Behaviour,
    FaultServer,
    Resource,
    body_bytes,
    cap_connections,
    close_after_reply,
    cut_after,
    cut_at,
    cut_before_head,
    drip,
    drip_one,
    early_hints_flood,
    header_bomb,
    nth,
    on_connection,
    one_connection_stalls,
    pause_at,
    rst_at,
    rst_before_head,
    rst_every,
    slow_first_byte,
    slow_headers,
    stall_after,
    stall_at,
    stall_before_head,
    stragglers,
)
from tests.support_tests.raw_client import (
    ask,
    connect,
    parse,
    read_exactly,
    read_to_end,
    request_head,
)

SIZE = 1_000_000
FILE = Resource(path="/f", size=SIZE)


@pytest.mark.parametrize("sent", [0, 1, 70_000, SIZE - 1])
@pytest.mark.parametrize(("fault", "ended"), [(cut_after, "fin"), (rst_every, "reset")])
def test_h17_h18_the_body_ends_at_the_byte(
    fault_server: FaultServer, fault: object, ended: str, sent: int
) -> None:
    assert callable(fault)
    fault_server.add(FILE, fault(sent))
    reply = ask(fault_server, "/f", close=False)
    assert reply.get("content-length") == str(SIZE)
    assert (len(reply.body), reply.ended) == (sent, ended)
    assert reply.body == body_bytes(1, 0, sent)
    record = fault_server.requests()[0]
    assert record.body_bytes_sent == sent
    assert record.outcome == {"fin": "cut", "reset": "reset"}[ended]


@pytest.mark.parametrize(("fault", "ended"), [(cut_at, "fin"), (rst_at, "reset")])
def test_a_fraction_breaks_once_wherever_it_is_met(
    fault_server: FaultServer, fault: object, ended: str
) -> None:
    assert callable(fault)
    fault_server.add(FILE, fault(0.25, 0.5))
    first = ask(fault_server, "/f", close=False)
    assert (len(first.body), first.ended) == (250_000, ended)
    second = ask(fault_server, "/f", "Range: bytes=250000-", close=False)
    assert (len(second.body), second.ended) == (250_000, ended)
    third = ask(fault_server, "/f", "Range: bytes=500000-")
    assert third.body == body_bytes(1, 500_000, SIZE)


@pytest.mark.parametrize(
    ("behaviour", "at"), [(stall_after(5000), 5000), (stall_at(0.99), 990_000)]
)
def test_h19_a_stall_lasts_until_the_client_leaves(
    fault_server: FaultServer, behaviour: Behaviour, at: int
) -> None:
    fault_server.add(FILE, behaviour)
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        data = b""
        while not data.endswith(body_bytes(1, at - 100, at)):
            data += sock.recv(1 << 20)
        assert fault_server.open_connections("/f") == 1
        assert fault_server.requests()[0].outcome == "open"
    fault_server.wait_for(lambda s: s.open_connections() == 0)
    record = fault_server.requests()[0]
    assert (record.outcome, record.body_bytes_sent) == ("client_left", at)
    assert fault_server.connections[0].ended_by == "client"


def test_a_stalled_fraction_is_served_to_the_next_try(fault_server: FaultServer) -> None:
    fault_server.add(FILE, stall_at(0.5))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        fault_server.wait_for(lambda s: s.bytes_sent() == 500_000)
    assert ask(fault_server, "/f", "Range: bytes=500000-").body == body_bytes(1, 500_000, SIZE)


def test_a_pause_ends_by_itself(fault_server: FaultServer) -> None:
    fault_server.add(FILE, pause_at(0.5, 0.05))
    assert ask(fault_server, "/f").body == body_bytes(1, 0, SIZE)


def test_h20_a_drip_leaves_byte_by_byte(fault_server: FaultServer) -> None:
    fault_server.add(FILE, drip(0.001))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        data = b""
        while not parse(data).body:
            data += sock.recv(65536)
        assert parse(data).body == body_bytes(1, 0, 1)
    fault_server.wait_idle()
    assert fault_server.bytes_sent() == 1


def test_the_rate_holds_for_a_connection(fault_server: FaultServer) -> None:
    """The server's own clock says how long the body took; it is never faster than the rate."""
    fault_server.add(Resource(path="/f", size=60_000, rate_bps=200_000))
    assert ask(fault_server, "/f").body == body_bytes(1, 0, 60_000)
    record = fault_server.requests()[0]
    assert record.finished_s is not None
    assert record.finished_s - record.started_s >= 0.25


@pytest.mark.parametrize(
    ("behaviour", "slow"),
    [
        (drip_one(2, 1), 2),
        (on_connection(2, drip(1)), 2),
        (stragglers(3, 1), 3),
        (one_connection_stalls(2, 10), 2),
    ],
)
def test_only_the_named_connection_is_slow(
    fault_server: FaultServer, behaviour: Behaviour, slow: int
) -> None:
    fault_server.add(FILE, behaviour)
    for number in range(1, 4):
        if number != slow:
            assert len(ask(fault_server, "/f").body) == SIZE
            continue
        with connect(fault_server) as sock:
            sock.sendall(request_head("/f"))
            read_exactly(sock, 100)
            record = fault_server.requests()[-1]
            assert record.nth == number
            assert record.finished_s is None
            assert record.body_bytes_sent < 1000


def test_h22_the_connection_ends_unannounced_after_a_reply(fault_server: FaultServer) -> None:
    fault_server.add(FILE, close_after_reply(0))
    reply = ask(fault_server, "/f", close=False)
    assert (reply.get("connection"), len(reply.body), reply.ended) == (None, SIZE, "fin")
    assert fault_server.requests()[0].outcome == "sent"
    fault_server.set_script("/f", close_after_reply(0, announced=True))
    assert ask(fault_server, "/f", close=False).get("connection") == "close"


@pytest.mark.parametrize(
    ("behaviour", "ended"), [(cut_before_head, "fin"), (rst_before_head, "reset")]
)
def test_h22_no_reply_at_all(fault_server: FaultServer, behaviour: Behaviour, ended: str) -> None:
    fault_server.add(FILE, behaviour)
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        assert read_to_end(sock) == (b"", ended)
    assert fault_server.requests()[0].status is None


def test_h34_a_hanging_head(fault_server: FaultServer) -> None:
    fault_server.add(FILE, stall_before_head)
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f", method="HEAD"))
        fault_server.wait_for(lambda s: len(s.requests()) == 1)
        assert fault_server.requests()[0].finished_s is None
    fault_server.wait_for(lambda s: s.open_connections() == 0)


@pytest.mark.parametrize("how", ["503", "429", "rst"])
def test_h35_more_than_the_cap_are_turned_away(fault_server: FaultServer, how: str) -> None:
    fault_server.add(FILE, [cap_connections(2, how, retry_after="1"), stall_after(10)])
    with connect(fault_server) as one, connect(fault_server) as two:
        for sock in (one, two):
            sock.sendall(request_head("/f"))
        fault_server.wait_for(lambda s: s.bytes_sent() == 20)
        with connect(fault_server) as three:
            three.sendall(request_head("/f"))
            if how == "rst":
                assert read_to_end(three) == (b"", "reset")
            else:
                reply = parse(read_exactly(three, 40))
                assert reply.status == int(how)
    fault_server.wait_for(lambda s: s.open_connections() == 0)
    assert fault_server.max_in_flight("/f") == 3
    with connect(fault_server) as again:
        again.sendall(request_head("/f"))
        fault_server.wait_for(lambda s: s.requests()[-1].body_bytes_sent == 10)
    assert [r.status for r in fault_server.requests()].count(200) == 3


def test_h21_the_head_comes_byte_by_byte(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=3), slow_headers(0.001))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        assert sock.recv(65536) == b"H"
    fault_server.wait_idle()
    record = fault_server.requests()[0]
    assert (record.status, record.outcome) == (None, "client_left")


def test_h21_a_slow_head_arrives_whole_in_the_end(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=3), slow_headers(5000))
    assert ask(fault_server, "/f").body == body_bytes(1, 0, 3)
    record = fault_server.requests()[0]
    assert record.finished_s is not None
    assert record.finished_s - record.started_s >= 0.03  # 200 bytes of head cannot take less


def test_h21_interim_replies_come_first(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=3), early_hints_flood(count=5, pause_s=0))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f", "Connection: close"))
        data, _ = read_to_end(sock)
    assert data.count(b"HTTP/1.1 103 Hint\r\n") == 5
    assert data.endswith(body_bytes(1, 0, 3))
    assert fault_server.requests()[0].status == 200


def test_h21_an_endless_flood_stops_with_the_client(fault_server: FaultServer) -> None:
    fault_server.add(FILE, early_hints_flood(pause_s=0))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        assert read_exactly(sock, 20_000).count(b"103 Hint") > 100
    fault_server.wait_for(lambda s: s.open_connections() == 0)
    assert fault_server.requests()[0].status is None


def test_h21_a_header_bomb(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=3), header_bomb(300_000, 1000))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f", "Connection: close"))
        data, _ = read_to_end(sock)
    assert data.index(b"\r\n\r\n") > 300_000
    assert data.endswith(b"\r\n\r\n" + body_bytes(1, 0, 3))


def test_a_slow_first_byte_delays_each_reply_and_blocks_no_other(
    fault_server: FaultServer,
) -> None:
    fault_server.add(FILE, nth(1, slow_first_byte(3600)))
    with connect(fault_server) as waiting:
        waiting.sendall(request_head("/f"))
        fault_server.wait_for(lambda s: len(s.requests()) == 1)
        assert len(ask(fault_server, "/f").body) == SIZE
        assert fault_server.requests()[0].status is None


def test_an_endless_reply_does_not_block_the_others(fault_server: FaultServer) -> None:
    url_size = 1 << 40
    fault_server.add(Resource(path="/endless", size=url_size))
    fault_server.add(FILE)
    stop = threading.Event()

    def drain() -> None:
        with connect(fault_server) as sock:
            sock.sendall(request_head("/endless"))
            while not stop.is_set():
                sock.recv(1 << 20)

    thread = threading.Thread(target=drain)
    thread.start()
    try:
        fault_server.wait_for(lambda s: s.bytes_sent("/endless") > 1 << 20)
        assert len(ask(fault_server, "/f").body) == SIZE
    finally:
        stop.set()
        thread.join()
