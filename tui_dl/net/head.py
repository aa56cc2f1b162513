"""The head of an exchange: the request line out, status line and fields in, by h11.

Owns the limits on heads (trap H21). Must not touch bodies: it stops behind the blank line.
"""

from __future__ import annotations

import re

import h11

from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.net.connection import Connection, Ending
from tui_dl.net.errors import connection_lost, transfer_error
from tui_dl.net.framing import BodyPlan, broken, plan_body

HEAD_LIMIT_BYTES = 64 * 1024
INTERIM_LIMIT = 20
"""1xx replies before the final one."""

_BLANK_LINE = re.compile(rb"\n\r?\n")
_START = b"HTTP/"


@dataclass(frozen=True, slots=True)
class ReplyHead:
    """Everything before the body."""

    version: bytes
    """``1.1`` or ``1.0``."""
    status: int
    reason: bytes
    fields: list[tuple[bytes, bytes]]
    """Lower-case names, in the order of the wire."""
    plan: BodyPlan
    keep_alive: bool
    """Whether the connection may carry another request (RFC 9112 section 9.3)."""


class NoReplyError(Exception):
    """The connection ended before a single byte of the reply: the race of trap H22."""


class Exchange:
    """One request and the head of its reply on one connection."""

    def __init__(self, method: bytes, target: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        """Check the request.

        Raises:
            UsageError: it cannot be written as HTTP/1.1.
        """
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT_BYTES)
        try:
            request = h11.Request(method=method, target=target, headers=fields)
            self._bytes = self._parser.send(request) or b""
            self._parser.send(h11.EndOfMessage())
        except h11.LocalProtocolError as error:
            raise UsageError(f"The request cannot be sent: {error}.") from error

    async def run(self, connection: Connection) -> ReplyHead:
        """Send the request and read up to the end of the final head.

        The caller sets the time limit. After a failure or a cancellation the connection
        must be aborted.

        Raises:
            NoReplyError: the connection ended before anything came.
            TransferError: PROTOCOL, TRUNCATED or CONNECTION_LOST.
        """
        connection.write(self._bytes)
        interim = 0
        got_something = False
        while True:
            head = await self._next_head(connection, got_something=got_something)
            got_something = True
            if isinstance(head, h11.Response):
                return _finished(head)
            interim += 1
            if head.status_code == 101 or interim > INTERIM_LIMIT:
                raise broken(f"{connection.where} does not come to the point: too many 1xx.")

    async def _next_head(
        self, connection: Connection, *, got_something: bool
    ) -> h11.InformationalResponse | h11.Response:
        """Read one status line with its fields."""
        searched = 0
        while True:
            match = _BLANK_LINE.search(
                connection.buffer, connection.start + searched, connection.end
            )
            if match is not None:
                return self._parse(connection, match.end())
            size = connection.end - connection.start
            begin = connection.start + min(size, len(_START))
            if not _START.startswith(connection.view[connection.start : begin]):
                raise broken(f"{connection.where} does not speak HTTP/1.1.")
            if size >= HEAD_LIMIT_BYTES:
                raise broken(f"{connection.where} sent an endless head.")
            if not connection.is_open:
                raise _ended(connection, nothing=not (size or got_something))
            searched = max(0, size - 2)
            await connection.change()

    def _parse(self, connection: Connection, end: int) -> h11.InformationalResponse | h11.Response:
        """Let h11 read ``buffer[start:end]``, which is one whole head."""
        raw = bytes(connection.view[connection.start : end])
        connection.start = end
        if len(raw) > HEAD_LIMIT_BYTES:
            raise broken(f"{connection.where} sent an endless head.")
        try:
            self._parser.receive_data(raw)
            event = self._parser.next_event()
        except h11.ProtocolError as error:
            raise transfer_error(error, connection.where) from error
        if not isinstance(event, h11.InformationalResponse | h11.Response):
            raise broken(f"{connection.where} sent a head that makes no sense.")
        return event


def _finished(response: h11.Response) -> ReplyHead:
    """Draw the conclusions from a final head."""
    fields = list(response.headers)
    if not response.http_version.startswith(b"1."):
        raise broken("The server answered in an HTTP version that was not asked for.")
    plan = plan_body(response.status_code, fields)
    options = b",".join(value for name, value in fields if name == b"connection").lower()
    tokens = {option.strip() for option in options.split(b",")}
    return ReplyHead(
        version=response.http_version,
        status=response.status_code,
        reason=response.reason,
        fields=fields,
        plan=plan,
        keep_alive=response.http_version >= b"1.1" and b"close" not in tokens,
    )


def _ended(connection: Connection, *, nothing: bool) -> Exception:
    """Name the end of a connection that owes a head."""
    if nothing:
        return NoReplyError()
    if connection.ending is Ending.LOST:
        return connection_lost(connection.where)
    return TransferError(
        f"{connection.where} ended the connection inside the head of its reply.",
        code=ErrorCode.TRUNCATED,
    )
