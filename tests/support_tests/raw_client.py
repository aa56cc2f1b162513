"""A client that hides nothing: raw bytes of a reply and how the connection ended."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Literal

from tests.support.fault_server import FaultServer


@dataclass(frozen=True, slots=True)
class RawReply:
    """Everything that came: nothing is decoded, nothing is checked."""

    first_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """All bytes after the head, chunk framing included."""
    ended: Literal["fin", "reset"]

    @property
    def status(self) -> int:
        """The number in the first line."""
        return int(self.first_line.split(" ")[1])

    def get(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [v for k, v in self.headers if k.lower() == name.lower()]


def connect(server: FaultServer) -> socket.socket:
    """Open a connection whose reads fail after 10 s."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def request_head(path: str, *lines: str, method: str = "GET") -> bytes:
    """Return the bytes of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *lines, "", ""]).encode()


def read_to_end(sock: socket.socket) -> tuple[bytes, Literal["fin", "reset"]]:
    """Read until the server ends the connection."""
    parts: list[bytes] = []
    while True:
        try:
            part = sock.recv(1 << 20)
        except ConnectionResetError:
            return b"".join(parts), "reset"
        if not part:
            return b"".join(parts), "fin"
        parts.append(part)


def read_exactly(sock: socket.socket, count: int) -> bytes:
    """Read ``count`` bytes; fail when the server ends before."""
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, f"ended after {len(data)} of {count} bytes"
        data += part
    return data


def parse(data: bytes, ended: Literal["fin", "reset"] = "fin", eol: bytes = b"\r\n") -> RawReply:
    """Split a reply."""
    head, _, body = data.partition(eol + eol)
    first, *lines = head.decode("latin-1").split(eol.decode())
    pairs = (line.partition(": ") for line in lines)
    return RawReply(first, tuple((k, v) for k, _, v in pairs), body, ended)


def ask(
    server: FaultServer, path: str, *lines: str, method: str = "GET", close: bool = True
) -> RawReply:
    """Send one request and read until the server ends the connection."""
    extra = ("Connection: close",) if close else ()
    with connect(server) as sock:
        sock.sendall(request_head(path, *lines, *extra, method=method))
        return parse(*read_to_end(sock))
