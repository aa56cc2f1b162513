"""One TCP connection, with or without TLS: bytes in one buffer, and how it ended.

Owns the buffer, pausing, and the truth about the end of the stream. Must not know HTTP:
``head.py`` and ``body.py`` read the buffer. Works on asyncio's loop and on uvloop.
"""

from __future__ import annotations

import asyncio
import os
import select
import ssl
from collections.abc import Callable
from enum import Enum
from typing import cast

from tui_dl.net.errors import connection_lost
from tui_dl.net.pipe import Pipe
from tui_dl.net.tls import TlsLayer

SMALL_BUFFER_BYTES = 64 * 1024
"""Every connection starts with this."""
LARGE_BUFFER_BYTES = 256 * 1024
"""A fast one gets this: fewer, larger reads and writes (0.5 against 1.0 CPU s a GiB)."""
LARGE_BUFFERS = 64
"""How many at once: 800 connections must not take 200 MiB."""
DIVERSIONS = 32
"""How many at once past the buffer: each takes another descriptor, of which 1,024 are usual."""


class Memory:
    """What the connections of one loop share: room for ciphertext, and a budget."""

    def __init__(self) -> None:
        self.ciphertext = memoryview(bytearray(LARGE_BUFFER_BYTES))
        """Emptied within the callback that filled it, so one is enough for all."""
        self.large_left = LARGE_BUFFERS
        self.diversions_left = DIVERSIONS
        self.pipe = Pipe()


class Ending(Enum):
    """Whether and how the peer stopped sending."""

    OPEN = "open"
    CLEAN = "clean"
    """FIN, and with TLS a close_notify before it."""
    CUT = "cut"
    """TLS without close_notify: anybody on the way could have done that."""
    LOST = "lost"
    """Reset, or closed by ourselves."""


class Connection(asyncio.BufferedProtocol):
    """Fills ``buffer[start:end]``; the reader moves ``start`` behind what it has taken.

    Bytes of ``buffer[start:end]`` are never moved or overwritten while ``hold`` is in
    force. ``on_change`` is called in the loop after bytes came or the stream ended.
    """

    def __init__(self, where: str, tls: TlsLayer | None, memory: Memory) -> None:
        self.where = where
        """``host:port`` for sentences."""
        self.peer = ""
        """IP address of the other side."""
        self.buffer = bytearray(SMALL_BUFFER_BYTES)
        self.view = memoryview(self.buffer)
        self.start = 0
        self.end = 0
        self.ending = Ending.OPEN
        self.error: BaseException | None = None
        """What broke the connection, when something did."""
        self.prepared_s = 0.0
        """How long certificates were loaded before it was opened."""
        self.replies = 0
        """Heads that were read so far."""
        self.on_change: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        """Called once, when the socket is gone."""
        self._tls = tls
        self._memory = memory
        self.pipe = memory.pipe
        self._shaking = tls is not None
        self.is_gone = False
        """Whether the socket is closed."""
        self._held = False
        self._is_fast = False
        self._is_large = False
        self._diverted_fd = -1
        """A second descriptor of the socket, while the loop itself must not read it."""
        self._breakage: select.poll | None = None
        """Tells of its errors."""
        self._transport: asyncio.Transport | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # What a reader calls.

    async def ready(self) -> None:
        """Wait for the end of the TLS handshake.

        Raises:
            ssl.SSLError: the handshake failed.
            TransferError: the connection was lost in it.
        """
        await self._ready

    @property
    def is_open(self) -> bool:
        """Whether bytes may still come."""
        return self.ending is Ending.OPEN

    def write(self, data: bytes) -> None:
        """Send ``data``; small, so that nobody needs to wait."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._tls is None:
            self._transport.write(data)
        else:
            self._tls.write(data)
            self._transport.write(self._tls.output())

    async def change(self) -> None:
        """Wait until bytes came or the stream ended."""
        changed = asyncio.get_running_loop().create_future()
        self.on_change = lambda: None if changed.done() else changed.set_result(None)
        self._let_in()
        try:
            await changed
        finally:
            self.on_change = None

    def hold(self) -> None:
        """Stop reading, so that the peer's window closes, and leave the buffer alone."""
        if not self._held:
            self._held = True
            if self._transport is not None and not self._transport.is_closing():
                self._transport.pause_reading()

    def release(self) -> None:
        """Read again; what was decrypted late is announced before this returns."""
        if not self._held or self.is_diverted:
            return
        self._held = False
        self._let_in()
        if self._held or not self.is_open:  # somebody held it anew, or it ended
            return
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    @property
    def may_divert(self) -> bool:
        """Whether bytes that come now may go past the buffer: it is empty, they come fast."""
        return (
            self._is_fast
            and self._tls is None
            and self.start == self.end
            and self.is_open
            and not self._held
            and self._memory.diversions_left > 0
            and self.pipe.is_ready()
        )

    @property
    def is_diverted(self) -> bool:
        """Whether ``divert`` is in force."""
        return self._diverted_fd >= 0

    def divert(self, on_readable: Callable[[], None]) -> None:
        """Fill the buffer no more: call ``on_readable`` in the loop when ``fill_pipe`` can act.

        Only where ``may_divert``. ``undivert`` must follow. Without a free descriptor nothing
        changes.
        """
        assert self._transport is not None
        try:
            # A loop watches no descriptor that a transport of its has: it gets another one.
            fd = os.dup(self._transport.get_extra_info("socket").fileno())
        except OSError:
            return
        self.hold()
        self._diverted_fd = fd
        self._breakage = select.poll()
        self._breakage.register(fd, 0)  # errors come unasked
        self._memory.diversions_left -= 1
        asyncio.get_running_loop().add_reader(fd, on_readable)

    def fill_pipe(self, count: int) -> int:
        """Move up to ``count`` bytes from the socket into the pipe: see ``Pipe.fill``."""
        return self.pipe.fill(self._diverted_fd, count)

    @property
    def is_broken(self) -> bool:
        """Whether what is diverted was reset; what came before it can be read all the same.

        To be asked after each ``fill_pipe``: uvloop calls ``on_readable`` once for a reset, and
        then never again, though there may be more to read.
        """
        return self._breakage is not None and bool(self._breakage.poll(0))

    def undivert(self) -> None:
        """End what ``divert`` began; the connection is held until ``release``. Idempotent."""
        fd, self._diverted_fd = self._diverted_fd, -1
        self._breakage = None
        if fd >= 0:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)
            self._memory.diversions_left += 1

    def abort(self) -> None:
        """Close at once, dropping everything."""
        if self._transport is not None:
            self._transport.abort()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; with TLS by saying hello."""
        # uvloop's transports are not registered as asyncio's: an assertion would fail.
        self._transport = cast(asyncio.Transport, transport)
        if self._tls is None:
            self._ready.set_result(None)
        else:
            self._shake_hands(self._tls)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the kernel memory to read into."""
        return self._room() if self._tls is None else self._memory.ciphertext

    def buffer_updated(self, nbytes: int) -> None:
        """Take what the kernel put there."""
        if self._tls is None:
            self._grow_by(nbytes)
            return
        self._tls.receive(self._memory.ciphertext[:nbytes])
        if self._shaking:
            self._shake_hands(self._tls)
        if not self._shaking:
            self._decrypt(self._tls)

    def eof_received(self) -> bool:
        """Note the FIN. The transport stays, until the reader has drained the buffer."""
        if self._tls is None:
            self._end_as(Ending.CLEAN)
        else:
            self._tls.receive_end()
            if self._shaking:
                self._end_as(Ending.LOST, connection_lost(self.where))
            else:
                self._decrypt(self._tls)
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note a reset, or our own close."""
        self._transport = None
        self.is_gone = True
        self.undivert()
        if self._is_large:
            self._is_large = False
            self._memory.large_left += 1
        self._end_as(Ending.LOST, exc)
        if self.on_closed is not None:
            self.on_closed()

    # Inside.

    def _room(self) -> memoryview:
        """Return the free part of the buffer, never empty unless it is held."""
        if self.start == self.end:
            self.start = self.end = 0
            if self._is_fast and not self._is_large and self._memory.large_left:
                self._memory.large_left -= 1
                self._is_large = True
                self.buffer = bytearray(LARGE_BUFFER_BYTES)
                self.view = memoryview(self.buffer)
        elif self.end == len(self.buffer) and self.start:
            kept = self.end - self.start
            self.view[:kept] = self.view[self.start : self.end]
            self.start, self.end = 0, kept
        return self.view[self.end :]

    def _grow_by(self, count: int) -> None:
        """Announce ``count`` new bytes; hold when nobody took them and there is no room."""
        self.end += count
        if self.end == len(self.buffer):
            self._is_fast = True
        if self.on_change is not None:
            self.on_change()
        if self.start == 0 and self.end == len(self.buffer):
            self.hold()

    def _end_as(self, ending: Ending, error: BaseException | None = None) -> None:
        """Note the end once and announce it."""
        if self.ending is not Ending.OPEN:
            return
        self.ending = ending
        self.error = error
        if not self._ready.done():
            self._ready.set_exception(error or connection_lost(self.where))
            self._ready.exception()  # noted: nobody may be waiting any more
        if self.on_change is not None:
            self.on_change()

    def _let_in(self) -> None:
        """Decrypt what came while the buffer was held or full."""
        if self._tls is not None and not self._shaking and self.is_open:
            self._decrypt(self._tls)

    def _shake_hands(self, tls: TlsLayer) -> None:
        """Take one step of the handshake."""
        try:
            self._shaking = not tls.handshake()
        except ssl.SSLError as error:
            self._flush(tls)  # the alert that tells the server why
            self._end_as(Ending.LOST, error)
            self.abort()
            return
        self._flush(tls)
        if not self._shaking and not self._ready.done():
            self._ready.set_result(None)

    def _decrypt(self, tls: TlsLayer) -> None:
        """Move plaintext into the buffer until nothing is left or somebody holds it."""
        while not self._held and self.is_open:
            try:
                count = tls.read_into(self._room())
            except ssl.SSLEOFError:
                self._end_as(Ending.CUT)
                break
            except ssl.SSLError as error:
                self._end_as(Ending.LOST, error)
                break
            if count:
                self._grow_by(count)
            elif tls.closed:
                self._end_as(Ending.CLEAN)
            if tls.is_drained or not count:
                break
        self._flush(tls)

    def _flush(self, tls: TlsLayer) -> None:
        """Send what TLS itself has to say."""
        output = tls.output()
        if output and self._transport is not None and not self._transport.is_closing():
            self._transport.write(output)
