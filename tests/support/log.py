"""What the fault server saw and did: one record per connection and per request, thread-safe.

Owns the lock and the waiting. Records are frozen; every change replaces one.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRecord:
    """One accepted connection. Times are seconds of the monotonic clock."""

    id: int
    peer: tuple[str, int]
    opened_s: float
    closed_s: float | None = None
    body_bytes_sent: int = 0
    request_count: int = 0
    last_path: str | None = None
    ended_by: str = ""
    """``client``, ``cut``, ``reset``, ``server`` (orderly end), ``tls`` (handshake failed)."""
    tls_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request and its reply. Ranges are half-open; times are monotonic seconds."""

    id: int
    """Order of arrival at this server, from 1."""
    nth: int
    """Order of arrival at this path, from 1."""
    connection_id: int
    connection_nth: int
    """Order in which the connection first asked for this path, from 1."""
    method: str
    target: str
    """The raw request target, untouched."""
    path: str
    headers: tuple[tuple[str, str], ...]
    range: tuple[int, int | None] | None
    """What ``Range`` asked for; end ``None`` is open, start negative is a suffix."""
    started_s: float
    finished_s: float | None = None
    status: int | None = None
    """Status of the final reply head, ``None`` while none was sent."""
    body_start: int | None = None
    """Offset in the resource of the first coded body byte that was sent."""
    body_bytes_sent: int = 0
    """Body bytes (without chunk framing) that the kernel accepted."""
    outcome: str = "open"
    """``open``, ``sent``, ``cut``, ``reset``, ``client_left``, ``server_stopped``, ``error``."""

    def header(self, name: str) -> str | None:
        """Return the first value of a request header, ``None`` when it is absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class ServerLog:
    """Counts and records. Any thread may read; the server's loop writes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._connections: dict[int, ConnectionRecord] = {}
        self._requests: dict[int, RequestRecord] = {}
        self._visitors: dict[str, dict[int, int]] = {}
        self._arrived: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._sent: dict[str, int] = {}
        self._open = 0
        self._watchers: list[Callable[[], None]] = []
        self._max_open = 0
        self._max_in_flight: dict[str, int] = {}
        self._errors: list[BaseException] = []

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Held by whoever writes or reads."""
        return self._changed

    # -- writing, on the server's loop ------------------------------------------------------

    def connection_opened(self, peer: tuple[str, int]) -> int:
        """Note a new connection; return its id."""
        with self._changed:
            id = len(self._connections) + 1
            now = time.monotonic()
            self._connections[id] = ConnectionRecord(id=id, peer=peer, opened_s=now)
            self._open += 1
            self._max_open = max(self._max_open, self._open)
            self._announce()
            return id

    def connection_closed(self, id: int, ended_by: str, tls_error: str = "") -> None:
        """Note the end of a connection."""
        with self._changed:
            self._open -= 1
            self._connections[id] = replace(
                self._connections[id],
                closed_s=time.monotonic(),
                ended_by=ended_by,
                tls_error=tls_error,
            )
            self._announce()

    def request_started(
        self,
        connection_id: int,
        *,
        method: str,
        target: str,
        path: str,
        headers: tuple[tuple[str, str], ...],
        asked: tuple[int, int | None] | None,
    ) -> RequestRecord:
        """Note a request whose head is complete."""
        with self._changed:
            visitors = self._visitors.setdefault(path, {})
            self._arrived[path] = self._arrived.get(path, 0) + 1
            self._running[path] = running = self._running.get(path, 0) + 1
            self._max_in_flight[path] = max(self._max_in_flight.get(path, 0), running)
            record = RequestRecord(
                id=len(self._requests) + 1,
                nth=self._arrived[path],
                connection_id=connection_id,
                connection_nth=visitors.setdefault(connection_id, len(visitors) + 1),
                method=method,
                target=target,
                path=path,
                headers=headers,
                range=asked,
                started_s=time.monotonic(),
            )
            self._requests[record.id] = record
            connection = self._connections[connection_id]
            self._connections[connection_id] = replace(
                connection, request_count=connection.request_count + 1, last_path=path
            )
            self._announce()
            return record

    def body_sent(self, request_id: int, count: int, at: int | None) -> None:
        """Note ``count`` body bytes taken by the kernel, coded for resource offset ``at``."""
        with self._changed:
            record = self._requests[request_id]
            self._sent[record.path] = self._sent.get(record.path, 0) + count
            self._requests[request_id] = replace(
                record,
                body_bytes_sent=record.body_bytes_sent + count,
                body_start=at if record.body_start is None else record.body_start,
            )
            connection = self._connections[record.connection_id]
            self._connections[connection.id] = replace(
                connection, body_bytes_sent=connection.body_bytes_sent + count
            )
            self._announce()

    def head_sent(self, request_id: int, status: int) -> None:
        """Note the final status."""
        with self._changed:
            self._requests[request_id] = replace(self._requests[request_id], status=status)
            self._announce()

    def request_finished(self, request_id: int, outcome: str) -> None:
        """Note how the answer ended."""
        with self._changed:
            record = self._requests[request_id]
            self._running[record.path] -= 1
            self._requests[request_id] = replace(
                record, finished_s=time.monotonic(), outcome=outcome
            )
            self._announce()

    def error(self, problem: BaseException) -> None:
        """Keep a mistake of a script, to be raised when the server closes."""
        with self._changed:
            self._errors.append(problem)
            self._announce()

    def _announce(self) -> None:
        self._changed.notify_all()
        for watcher in self._watchers:
            watcher()

    # -- reading, on any thread ---------------------------------------------------------------

    @property
    def requests(self) -> list[RequestRecord]:
        """All requests in order of arrival."""
        with self._changed:
            return list(self._requests.values())

    @property
    def connections(self) -> list[ConnectionRecord]:
        """All connections in order of arrival."""
        with self._changed:
            return list(self._connections.values())

    @property
    def errors(self) -> list[BaseException]:
        """Mistakes of scripts."""
        with self._changed:
            return list(self._errors)

    @property
    def max_open(self) -> int:
        """Most connections open at one time."""
        with self._changed:
            return self._max_open

    def open_connections(self, path: str | None = None) -> int:
        """Return connections open now, of those whose last request was for ``path``."""
        with self._changed:
            return sum(
                c.closed_s is None and (path is None or c.last_path == path)
                for c in self._connections.values()
            )

    def in_flight(self, path: str) -> int:
        """Return requests for ``path`` that are being answered now."""
        with self._changed:
            return self._running.get(path, 0)

    @property
    def is_idle(self) -> bool:
        """No request is being answered."""
        with self._changed:
            return not any(self._running.values())

    def max_in_flight(self, path: str) -> int:
        """Return the most requests for ``path`` that were answered at one time."""
        with self._changed:
            return self._max_in_flight.get(path, 0)

    def bytes_sent(self, path: str | None = None) -> int:
        """Return body bytes that the kernel accepted."""
        with self._changed:
            return sum(self._sent.values()) if path is None else self._sent.get(path, 0)

    # -- waiting ------------------------------------------------------------------------------

    def wait_for(self, predicate: Callable[[], bool], timeout_s: float) -> None:
        """Block the calling thread until ``predicate()`` holds.

        Raises:
            TimeoutError: it did not hold in time.
        """
        with self._changed:
            if not self._changed.wait_for(predicate, timeout_s):
                raise TimeoutError(f"not seen in {timeout_s} s; log: {self.requests}")

    async def until(self, predicate: Callable[[], bool], timeout_s: float) -> None:
        """Wait on the caller's loop until ``predicate()`` holds.

        Raises:
            TimeoutError: it did not hold in time.
        """
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def watch() -> None:
            if not changed.is_set():
                loop.call_soon_threadsafe(changed.set)

        with self._changed:
            self._watchers.append(watch)
        try:
            async with asyncio.timeout(timeout_s):
                while not predicate():
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            raise TimeoutError(f"not seen in {timeout_s} s; log: {self.requests}") from None
        finally:
            with self._changed:
                self._watchers.remove(watch)
