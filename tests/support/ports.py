"""A port of this machine that nobody uses now."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return one; another program may take it before it is used."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
