"""The fault server answers correctly when no fault is asked of it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fault_server import (
    FaultServer,
    Resource,
    body_bytes,
    check_file,
    diagnose,
    write_body,
)


def ask(server: FaultServer, path: str, *lines: str) -> bytes:
    """Send one raw request and return everything until the server ends."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        head = [f"GET {path} HTTP/1.1", "Host: test", "Connection: close", *lines, "", ""]
        sock.sendall("\r\n".join(head).encode("latin-1"))
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_a_range_gets_206_with_its_bytes(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/f", size=1000, seed=3))
    head, _, body = ask(fault_server, "/f", "Range: bytes=100-199").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206 Partial Content\r\n")
    assert b"Content-Range: bytes 100-199/1000" in head
    assert body == body_bytes(3, 100, 200)


@given(
    seed=st.integers(0, 5),
    start=st.integers(0, 3 << 20),
    length=st.integers(0, 4096),
    cut=st.integers(0, 4096),
)
def test_body_is_the_same_however_it_is_cut(seed: int, start: int, length: int, cut: int) -> None:
    middle = min(start + cut, start + length)
    whole = body_bytes(seed, start, start + length)
    parts = body_bytes(seed, start, middle) + body_bytes(seed, middle, start + length)
    assert whole == parts
    assert diagnose(whole, seed, start) == ""


def test_check_file_names_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_body(path, 4, 3_000_000)
    check_file(path, 4, 3_000_000)
    with path.open("r+b") as file:
        file.seek(2_000_000)
        file.write(body_bytes(4, 0, 100))
    with pytest.raises(AssertionError, match="100 bytes at 2000000 belong to offset 0"):
        check_file(path, 4, 3_000_000)
