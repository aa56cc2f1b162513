"""One accepted socket, plain or TLS, that reports what the kernel took and can die in any way.

Non-blocking calls under asyncio's readiness callbacks: streams would hide how many bytes left.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import ssl
import struct
import termios
from collections.abc import Callable
from contextlib import AbstractContextManager

_WANTS_READ = (BlockingIOError, ssl.SSLWantReadError)
_WANTS_WRITE = (BlockingIOError, ssl.SSLWantWriteError)


class Wire:
    """A connected socket. All methods run on the server's loop."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext | None = None) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop = asyncio.get_running_loop()
        self._tls: ssl.SSLSocket | None = None
        if context is not None:
            self._tls = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            sock = self._tls
        self._sock = sock
        self._waiters: set[asyncio.Future[None]] = set()
        self.is_closed = False

    async def handshake(self) -> None:
        """Finish the TLS handshake; nothing to do for a plain socket.

        Raises:
            OSError: the client refused the certificate or went away (ssl.SSLError is one).
        """
        while self._tls is not None:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._ready(self._loop.add_reader, self._loop.remove_reader)
            except ssl.SSLWantWriteError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            else:
                return

    async def recv(self, most: int = 65536) -> bytes:
        """Return some bytes, empty at the peer's end of stream or after a local close."""
        while not self.is_closed:
            try:
                return self._sock.recv(most)
            except _WANTS_READ:
                await self._ready(self._loop.add_reader, self._loop.remove_reader)
        return b""

    async def send(
        self, data: memoryview, took: Callable[[int], None], lock: AbstractContextManager[object]
    ) -> None:
        """Send all of ``data``, calling ``took`` with each count the kernel accepted.

        ``lock`` is held over each send and its ``took``: who reads the log under it never
        finds less than a client has received.

        Raises:
            OSError: the peer is gone or the wire was closed here.
        """
        while data:
            if self.is_closed:
                raise ConnectionAbortedError("the server closed this connection")
            try:
                with lock:
                    count = self._sock.send(data)
                    took(count)
            except _WANTS_WRITE:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
                continue
            except ssl.SSLWantReadError:
                # The reader callback belongs to the receiving side; a TLS write that needs a
                # read is rare enough to look again.
                await asyncio.sleep(0.001)
                continue
            data = data[count:]

    async def flushed(self, timeout_s: float = 1.0) -> None:
        """Wait until the peer's kernel has every byte, or ``timeout_s`` went by."""
        deadline = self._loop.time() + timeout_s
        while not self.is_closed and self._loop.time() < deadline:
            raw = fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
            if struct.unpack("i", raw)[0] == 0:
                return
            await asyncio.sleep(0.001)

    def close(self, *, close_notify: bool = True) -> None:
        """End the connection with FIN; TLS says so first unless ``close_notify`` is off."""
        if self.is_closed:
            return
        if self._tls is not None and close_notify:
            # The notice goes out at once; the peer's answer is not waited for.
            with contextlib.suppress(OSError, ValueError):
                self._tls.unwrap()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
        self._release()

    def reset(self) -> None:
        """End the connection with RST: bytes still in the send queue are lost."""
        if self.is_closed:
            return
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._release()

    def _release(self) -> None:
        self.is_closed = True
        fd = self._sock.fileno()
        if fd >= 0:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
        self._sock.close()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _ready(
        self,
        add: Callable[[int, Callable[[asyncio.Future[None]], None], asyncio.Future[None]], None],
        remove: Callable[[int], bool],
    ) -> None:
        if self.is_closed:
            return
        waiter = self._loop.create_future()
        self._waiters.add(waiter)
        add(self._sock.fileno(), _wake, waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if not self.is_closed:
                remove(self._sock.fileno())


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
