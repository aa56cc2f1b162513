"""Where a body begins and ends on the wire (RFC 9112 sections 6 and 7.1). Strict, no I/O.

Owns the choice of framing and the decoders that find body bytes inside a buffer.
Must not copy bodies: a decoder names slices of the buffer that it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.net.reply import Framing

LINE_LIMIT_BYTES = 4096
"""Longest chunk-size line, extensions included, and longest trailer line."""
TRAILER_LIMIT_BYTES = 64 * 1024

_LENGTH = re.compile(rb"[0-9]{1,20}")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """How one body is delimited; ``length`` is bytes, for LENGTH and EMPTY only."""

    framing: Framing
    length: int | None


def plan_body(status: int, fields: Sequence[tuple[bytes, bytes]]) -> BodyPlan:
    """Choose the framing of the reply to a GET (RFC 9112 section 6.3).

    ``fields`` have lower-case names. Stricter than the RFC where it leaves a choice: a
    length beside a transfer coding is refused, for one of the two is a lie.

    Raises:
        TransferError: PROTOCOL, lengths that are malformed or contradict each other, or a
            transfer coding other than ``chunked``.
    """
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if codings and lengths:
        raise broken("The server sent both Content-Length and Transfer-Encoding.")
    length = _content_length(lengths)
    if status in (204, 304):
        return BodyPlan(Framing.EMPTY, 0)
    if codings:
        if [coding.strip().lower() for coding in codings] != [b"chunked"]:
            raise broken("The server uses a transfer coding other than chunked.")
        return BodyPlan(Framing.CHUNKED, None)
    if length is None:
        return BodyPlan(Framing.CLOSE, None)
    return BodyPlan(Framing.EMPTY if length == 0 else Framing.LENGTH, length)


def broken(message: str) -> TransferError:
    """Make the error for a server that does not keep to HTTP."""
    return TransferError(message, code=ErrorCode.PROTOCOL)


def _content_length(values: list[bytes]) -> int | None:
    """Return the one length that all fields agree on; ``50, 50`` is 50 (RFC 9110 8.6)."""
    numbers = {part.strip(b" \t") for value in values for part in value.split(b",")}
    if not numbers:
        return None
    if not all(_LENGTH.fullmatch(number) for number in numbers):
        raise broken("The server sent a Content-Length that is not a number.")
    if len({int(number) for number in numbers}) > 1:
        raise broken("The server sent two different Content-Lengths.")
    return int(numbers.pop())


class Decoder(Protocol):
    """Finds the body in what arrives."""

    done: bool
    """Whether the last byte of the body was named."""

    def take(self, buffer: bytearray, start: int, end: int) -> tuple[int, int, int]:
        """Return (first, last, next): body bytes are ``buffer[first:last]``, maybe none.

        Everything before ``next`` is dealt with; ``next`` is beyond ``start``. Call again
        until it is ``end`` or the body is done.

        Raises:
            TransferError: PROTOCOL, when the framing is broken.
        """


class LengthDecoder:
    """Counts down a known length. What follows it is left alone."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0

    @property
    def left(self) -> int:
        """Bytes that are still due."""
        return self._left

    def skip(self, count: int) -> None:
        """Count bytes that went another way; fewer than ``left``."""
        self._left -= count

    def take(self, buffer: bytearray, start: int, end: int) -> tuple[int, int, int]:
        """Name at most as many bytes as are still due."""
        last = min(end, start + self._left)
        self._left -= last - start
        self.done = self._left == 0
        return start, last, last


class CloseDecoder:
    """Takes everything; the end of the connection is the end of the body."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False

    def take(self, buffer: bytearray, start: int, end: int) -> tuple[int, int, int]:
        """Name all bytes."""
        return start, end, end


class _Expect(Enum):
    SIZE = "size"
    DATA = "data"
    DATA_END = "data end"
    TRAILER = "trailer"


class ChunkedDecoder:
    """Undoes the chunked coding (RFC 9112 section 7.1). Trailers are read and dropped."""

    __slots__ = ("_expect", "_left", "_line", "_trailer_bytes", "done")

    def __init__(self) -> None:
        self.done = False
        self._expect = _Expect.SIZE
        self._left = 0
        self._line = b""
        self._trailer_bytes = 0

    def take(self, buffer: bytearray, start: int, end: int) -> tuple[int, int, int]:
        """Name the rest of the present chunk, or digest one line of the coding."""
        if self._expect is _Expect.DATA:
            last = min(end, start + self._left)
            self._left -= last - start
            if self._left == 0:
                self._expect = _Expect.DATA_END
            return start, last, last
        newline = buffer.find(b"\n", start, end)
        after = end if newline < 0 else newline + 1
        if after - start + len(self._line) > LINE_LIMIT_BYTES:
            raise broken("The server sent an endless line in its chunked body.")
        self._line += buffer[start:after]
        if newline >= 0:
            line, self._line = self._line, b""
            self._digest(line)
        return after, after, after

    def _digest(self, line: bytes) -> None:
        """Act on one whole line."""
        if not line.endswith(b"\r\n"):
            raise broken("The server sent a chunked body with bare line feeds.")
        text = line[:-2]
        if self._expect is _Expect.DATA_END:
            if text:
                raise broken("The server sent a chunk that is longer than it said.")
            self._expect = _Expect.SIZE
        elif self._expect is _Expect.TRAILER:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > TRAILER_LIMIT_BYTES:
                raise broken("The server sent endless trailers.")
            self.done = not text
        else:
            match = _CHUNK_LINE.fullmatch(text)
            if match is None:
                raise broken("The server sent a malformed chunk size.")
            self._left = int(match[1], 16)
            self._expect = _Expect.DATA if self._left else _Expect.TRAILER


def decoder_for(plan: BodyPlan) -> Decoder:
    """Return a fresh decoder."""
    if plan.framing is Framing.CHUNKED:
        return ChunkedDecoder()
    if plan.framing is Framing.CLOSE:
        return CloseDecoder()
    return LengthDecoder(plan.length or 0)
