"""The server starts, breaks its link and ends without leaving anything behind."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.support.fault_server import Exchange, FaultServer, Resource, Script, stall_after
from tests.support_tests.raw_client import ask, connect, read_to_end, request_head

FILE = Resource(path="/f", size=1000)


def test_closing_ends_thread_sockets_and_stalled_replies() -> None:
    before = threading.active_count()
    server = FaultServer()
    server.add(FILE, stall_after(10))
    with connect(server) as sock:
        sock.sendall(request_head("/f"))
        server.wait_for(lambda s: s.bytes_sent() == 10)
        server.close()
        data, _ = read_to_end(sock)
    assert len(data) > 10
    assert not server.is_alive
    assert threading.active_count() == before
    assert server.requests()[0].outcome == "server_stopped"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)
    server.close()


def provoke(script: Script, request: bytes = request_head("/f")) -> None:
    """Send one request and end the server, as a test's with block does."""
    with FaultServer() as server:
        server.add(FILE, script)
        with connect(server) as sock:
            sock.sendall(request)
            assert read_to_end(sock) == (b"", "fin")
            server.wait_for(lambda s: bool(s.log.errors))


def test_a_mistake_in_a_script_fails_the_test_that_made_it() -> None:
    async def wrong(x: Exchange) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(BaseExceptionGroup) as caught:
        provoke(wrong)
    assert caught.group_contains(ZeroDivisionError, match="mine")


def test_sending_after_the_end_is_a_mistake() -> None:
    async def wrong(x: Exchange) -> None:
        await x.cut()
        await x.send_head()

    with pytest.raises(BaseExceptionGroup) as caught:
        provoke(wrong)
    assert caught.group_contains(RuntimeError, match="sends after its cut")


def test_a_line_that_is_no_request_is_a_mistake_too() -> None:
    with pytest.raises(BaseExceptionGroup):
        provoke(None, b"nonsense\r\n\r\n")


def test_link_down_and_up(fault_server: FaultServer) -> None:
    fault_server.add(FILE, stall_after(10))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        fault_server.wait_for(lambda s: s.bytes_sent() == 10)
        fault_server.link_down()
        assert read_to_end(sock)[1] == "reset"
    fault_server.wait_for(lambda s: s.open_connections() == 0)
    with pytest.raises(ConnectionRefusedError):
        connect(fault_server)
    fault_server.link_up()
    fault_server.set_script("/f", None)
    assert len(ask(fault_server, "/f").body) == 1000


def test_connections_may_be_dropped_without_reset(fault_server: FaultServer) -> None:
    fault_server.add(FILE, stall_after(10))
    with connect(fault_server) as sock:
        sock.sendall(request_head("/f"))
        fault_server.wait_for(lambda s: s.bytes_sent() == 10)
        fault_server.drop_connections(reset=False)
        assert read_to_end(sock)[1] == "fin"


def test_a_small_send_buffer_bounds_what_runs_ahead_of_the_client() -> None:
    size = 100 << 20
    with FaultServer(sndbuf_bytes=65536) as server:
        server.add(Resource(path="/f", size=size))
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.connect(("127.0.0.1", server.port))
        with sock:
            sock.sendall(request_head("/f"))
            server.wait_for(lambda s: s.bytes_sent() > 0)
            sock.recv(1)
        server.wait_for(lambda s: s.open_connections() == 0)
        assert server.bytes_sent() < 4 << 20
