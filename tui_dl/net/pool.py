"""Connections kept for reuse, and the count of all that are open.

Owns idle connections and the ceiling. Must not dial or speak HTTP. Who waits for room
waits in line without a time limit (trap H40); the order is first come, first served.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import ANY_ROUTE, Route
from tui_dl.net.connection import Connection
from tui_dl.net.tls import TlsOptions

IDLE_TIMEOUT_S = 15.0


OTHER_FILES = 256
"""Descriptors left for partial files, the catalog and the API's clients."""


def affordable(wanted: int) -> int:
    """Return how many connections the limit of open files allows, ``wanted`` at most."""
    try:
        import resource  # not everywhere
    except ImportError:
        return wanted
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, max(limit - OTHER_FILES, limit // 2)))


@dataclass(frozen=True, slots=True)
class PoolKey:
    """What connections must have in common to stand in for each other."""

    scheme: str
    host: str
    port: int
    tls: TlsOptions
    route: Route = ANY_ROUTE
    proxy: str | None = None


class ConnectionPool:
    """Hands out idle connections, and room for new ones."""

    def __init__(
        self,
        *,
        max_idle_per_origin: int,
        max_connections: int,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        self._max_idle_per_origin = max_idle_per_origin
        self._max_connections = max_connections
        self._idle_timeout_s = idle_timeout_s
        self._used = 0
        """Open connections and promised room."""
        self._open: set[Connection] = set()
        self._idle: OrderedDict[Connection, tuple[PoolKey, asyncio.TimerHandle]] = OrderedDict()
        """Longest idle first."""
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._is_closed = False
        self._all_gone = asyncio.Event()

    def take_idle(self, key: PoolKey) -> Connection | None:
        """Return the connection that was last used for ``key``, if one is idle."""
        for connection in reversed(self._idle):
            if self._idle[connection][0] == key:
                self._leave_idle(connection)
                return connection
        return None

    async def reserve(self) -> None:
        """Wait for room for one more connection.

        Follow with ``adopt`` or ``cancel_reservation``. Cancelling is safe.
        """
        if self._used >= self._max_connections and self._idle:
            self._drop(next(iter(self._idle)))  # its room comes when its socket is gone
        if self._used < self._max_connections and not self._has_line():
            self._used += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # the room came in the same moment
                self.cancel_reservation()
            raise

    def cancel_reservation(self) -> None:
        """Give room back; the next in line gets it."""
        if self._has_line():
            self._waiters.popleft().set_result(None)
        else:
            self._used -= 1

    def adopt(self, connection: Connection) -> None:
        """Count ``connection`` in the room that was reserved, until its socket is gone."""
        if connection.is_gone:
            self.cancel_reservation()
            return
        self._open.add(connection)
        connection.on_closed = lambda: self._forget(connection)
        if self._is_closed:
            connection.abort()

    def give_back(self, connection: Connection, key: PoolKey) -> None:
        """Keep ``connection`` for the next request, or close it when nobody could use it."""
        same = sum(1 for kept, _ in self._idle.values() if kept == key)
        if self._is_closed or self._has_line() or same >= self._max_idle_per_origin:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._idle_timeout_s, self._drop, connection)
        self._idle[connection] = (key, timer)
        connection.on_change = lambda: self._drop(connection)  # a byte or an end: out of step
        connection.release()

    def drop_idle(self) -> None:
        """Close the connections that wait for reuse."""
        for connection in list(self._idle):
            self._drop(connection)

    async def aclose(self) -> None:
        """Close all connections, the busy ones too, and wait until the sockets are gone."""
        self._is_closed = True
        for connection in list(self._open):
            connection.abort()
        if self._open:
            self._all_gone.clear()
            await self._all_gone.wait()

    def _has_line(self) -> bool:
        """Return whether somebody waits for room, after the cancelled have left."""
        while self._waiters and self._waiters[0].done():
            self._waiters.popleft()
        return bool(self._waiters)

    def _leave_idle(self, connection: Connection) -> None:
        _, timer = self._idle.pop(connection)
        timer.cancel()
        connection.on_change = None

    def _drop(self, connection: Connection) -> None:
        """Close an idle connection."""
        if connection in self._idle:
            self._leave_idle(connection)
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        """Note that a socket is gone."""
        if connection in self._idle:
            self._leave_idle(connection)
        self._open.discard(connection)
        if not self._open:
            self._all_gone.set()
        self.cancel_reservation()
