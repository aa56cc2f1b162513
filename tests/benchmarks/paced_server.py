"""A server whose connections each have an exact rate, and some of them a bad habit.

nginx lets a second's worth go at once and paces by whole seconds; here a connection gets
its rate from the first byte on. Speaks just enough HTTP/1.1: GET, one range, keep-alive.
Knows one file. Serves from a thread, by sendfile, so that it costs little beside what is
measured.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

TICK_S = 0.01
BURST_S = 0.02
"""The most that a connection may catch up on when the machine was busy."""
STALLS_AFTER_BYTES = 64 * 1024
RESETS_AFTER_BYTES = 256 * 1024
_RANGE = re.compile(rb"\r\nrange:[ \t]*bytes=(\d+)-(\d*)", re.IGNORECASE)


class Habit(Enum):
    """How a connection misbehaves, if it does."""

    NONE = "none"
    STALLS = "stalls"
    RESETS = "resets"


@dataclass(frozen=True, slots=True)
class Manner:
    """What one connection is like."""

    rate_bps: float
    habit: Habit = Habit.NONE


class _Peer:
    """One connection."""

    def __init__(self, sock: socket.socket, manner: Manner) -> None:
        self.sock = sock
        self.manner = manner
        self.head = b""
        self.position = self.end = 0
        self.sent_bytes = 0
        self.paid_s = time.monotonic()
        """Until when the rate has been used up."""

    @property
    def is_sending(self) -> bool:
        """Whether a reply is under way."""
        return self.position < self.end


class PacedServer:
    """Serves ``path`` as /file.bin on a free loopback port; a context manager.

    ``manner_of`` gets the number of a connection, counted from 1 since ``start_over``.
    """

    def __init__(self, path: Path, manner_of: Callable[[int], Manner]) -> None:
        self.path = path
        self._file = path.open("rb")
        self._size = path.stat().st_size
        self._manner_of = manner_of
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(1024)
        self._listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/file.bin"
        self.accepted = 0
        self.sent_bytes = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: set[_Peer] = set()
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, name="paced-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = True
        self._thread.join()
        for peer in tuple(self._peers):
            self._drop(peer)
        self._listener.close()
        self._selector.close()
        self._file.close()

    def start_over(self) -> None:
        """Count connections and bytes from zero again. Nobody may be connected."""
        self.accepted = self.sent_bytes = 0

    def _serve(self) -> None:
        due_s = time.monotonic()
        while not self._is_over:
            for key, _ in self._selector.select(max(0.0, due_s - time.monotonic())):
                if isinstance(key.data, _Peer):
                    self._listen_to(key.data)
                else:
                    self._accept()
            now_s = time.monotonic()
            if now_s >= due_s:
                due_s = now_s + TICK_S
                for peer in tuple(self._peers):
                    if peer.is_sending:
                        self._send(peer, now_s)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock, _ = self._listener.accept()
                self.accepted += 1
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer = _Peer(sock, self._manner_of(self.accepted))
                self._peers.add(peer)
                self._selector.register(sock, selectors.EVENT_READ, peer)

    def _listen_to(self, peer: _Peer) -> None:
        try:
            data = peer.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(peer)
            return
        peer.head += data
        if b"\r\n\r\n" in peer.head and not peer.is_sending:
            self._begin(peer)

    def _begin(self, peer: _Peer) -> None:
        """Answer the request; the body follows at the connection's rate."""
        head, _, peer.head = peer.head.partition(b"\r\n\r\n")
        asked = _RANGE.search(head)
        start, end = 0, self._size
        if asked is not None:
            start = int(asked[1])
            end = min(end, int(asked[2]) + 1) if asked[2] else end
        if start >= end:
            self._drop(peer)
            return
        lines = ["HTTP/1.1 200 OK" if asked is None else "HTTP/1.1 206 Partial Content"]
        if asked is not None:
            lines.append(f"Content-Range: bytes {start}-{end - 1}/{self._size}")
        lines += [
            "Content-Type: application/octet-stream",
            f"Content-Length: {end - start}",
            "Accept-Ranges: bytes",
            'ETag: "paced"',
            "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
        ]
        peer.sock.send("".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii"))
        is_head = head.startswith(b"HEAD ")
        peer.position, peer.end = (end, end) if is_head else (start, end)
        peer.paid_s = max(peer.paid_s, time.monotonic() - BURST_S)

    def _send(self, peer: _Peer, now_s: float) -> None:
        rate_bps = peer.manner.rate_bps
        peer.paid_s = max(peer.paid_s, now_s - BURST_S)
        count = min(peer.end - peer.position, int((now_s - peer.paid_s) * rate_bps))
        if peer.manner.habit is Habit.STALLS:
            count = min(count, STALLS_AFTER_BYTES - peer.sent_bytes)
        if count <= 0:
            return
        try:
            sent = os.sendfile(peer.sock.fileno(), self._file.fileno(), peer.position, count)
        except BlockingIOError:
            return
        except OSError:
            self._drop(peer)
            return
        peer.position += sent
        peer.sent_bytes += sent
        peer.paid_s += sent / rate_bps
        self.sent_bytes += sent
        if peer.manner.habit is Habit.RESETS and peer.sent_bytes >= RESETS_AFTER_BYTES:
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._drop(peer)
        elif not peer.is_sending and b"\r\n\r\n" in peer.head:
            self._begin(peer)

    def _drop(self, peer: _Peer) -> None:
        self._peers.discard(peer)
        with contextlib.suppress(KeyError):
            self._selector.unregister(peer.sock)
        peer.sock.close()
