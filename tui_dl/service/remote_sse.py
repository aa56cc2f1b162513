"""Reading server-sent events from bytes. Pure. Source: HTML Living Standard, section 9.2.

Written for lines of bytes: a text splitter would also break at U+2028, which is legal
inside JSON.
"""

from __future__ import annotations

from tui_dl.domain.quick_dataclass import dataclass

LONGEST_LINE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SseFrame:
    """One event: its name (``message`` when none was given) and its data."""

    name: str
    data: bytes


class SseDecoder:
    """Feed it bytes in any pieces; it gives whole frames."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._name = ""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[SseFrame]:
        """Return the frames that ``piece`` completed.

        Raises:
            ValueError: a line is longer than any that we would send.
        """
        head, line_feed, tail = piece.rpartition(b"\n")
        if not line_feed:
            self._keep(piece)
            return []
        lines = b"".join((*self._rest, head)).split(b"\n")
        self._rest, self._rest_bytes = [], 0
        self._keep(tail)
        frames = (self._take(line.removesuffix(b"\r")) for line in lines)
        return [frame for frame in frames if frame is not None]

    def _keep(self, piece: bytes) -> None:
        # Pieces are joined once, at the line's end: a long line must not cost its square.
        self._rest.append(piece)
        self._rest_bytes += len(piece)
        if self._rest_bytes > LONGEST_LINE_BYTES:
            raise ValueError("an event is too long")

    def _take(self, line: bytes) -> SseFrame | None:
        if not line:
            return self._finish()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"data":
            self._data.append(value)
        return None

    def _finish(self) -> SseFrame | None:
        name, data = self._name, self._data
        self._name, self._data = "", []
        return SseFrame(name or "message", b"\n".join(data)) if data else None
