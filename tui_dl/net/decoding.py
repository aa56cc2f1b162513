"""Undo a content coding that a server applied although identity was asked for (trap H10).

Must not hold more than a piece of the decoded body: a small body may grow a thousandfold.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tui_dl.domain.errors import ErrorCode, ReplyRefusedError, TransferError

PIECE_BYTES = 256 * 1024
CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
"""What the standard library can undo. Others are refused in words."""

RAW_TYPES = frozenset({"application/gzip", "application/x-gzip", "application/x-tgz"})
RAW_ENDINGS = (".gz", ".tgz", ".svgz")


def is_meant_raw(target: str, content_type: str | None) -> bool:
    """Return whether the coded bytes are the file itself.

    Servers that label ``x.tar.gz`` with ``Content-Encoding: gzip`` mean the archive.
    """
    path = target.partition("?")[0].lower()
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return path.endswith(RAW_ENDINGS) or media_type in RAW_TYPES


class Decoder:
    """Decodes one body piece by piece.

    Raises:
        ReplyRefusedError: the coding is none that can be undone here.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding.strip().lower()
        if self._coding not in CODINGS:
            raise ReplyRefusedError(
                f"The server packs the file as {self._coding!r}, which tui-dl cannot unpack.",
                code=ErrorCode.UNEXPECTED_CONTENT,
                retryable=False,
            )
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._is_first = True

    def feed(self, data: memoryview | bytes) -> Iterator[bytes]:
        """Yield what ``data`` decodes to, at most ``PIECE_BYTES`` at a time.

        Raises:
            TransferError: the body is not what its coding says.
        """
        rest: memoryview | bytes = data
        while len(rest) and not self._inflate.eof:
            piece = self._decompress(rest)
            rest = self._inflate.unconsumed_tail
            if piece:
                yield piece
            elif not rest:
                return
        if self._inflate.eof and self._inflate.unused_data.strip(b"\0"):
            yield from self._next_member()

    def _next_member(self) -> Iterator[bytes]:
        rest = self._inflate.unused_data
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        yield from self.feed(rest)

    def _decompress(self, data: memoryview | bytes) -> bytes:
        try:
            return self._inflate.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            if self._is_first and self._coding == "deflate":
                # Many servers send raw deflate where RFC 9110 means zlib.
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
                self._is_first = False
                return self._decompress(data)
            raise TransferError(
                f"The {self._coding} body is broken.", code=ErrorCode.PROTOCOL
            ) from error
        finally:
            self._is_first = False

    def finish(self) -> None:
        """Check that the coded body is complete.

        Raises:
            TransferError: it ended early.
        """
        if not self._inflate.eof:
            raise TransferError(f"The {self._coding} body ended early.", code=ErrorCode.TRUNCATED)
