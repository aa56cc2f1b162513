"""From a host name to a connection: look-up, happy eyeballs, TLS.

Owns name look-ups and socket options. Must not pool or speak HTTP.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
from collections.abc import Callable

from aiohappyeyeballs import AddrInfoType, start_connection

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import ANY_ROUTE, Route, own_version, parse_proxy
from tui_dl.net.connection import Connection, Memory
from tui_dl.net.errors import no_connection, transfer_error
from tui_dl.net.threads import call_in_thread
from tui_dl.net.tls import SYSTEM_TLS, TlsContexts, TlsLayer, TlsOptions

ATTEMPT_DELAY_S = 0.25
"""Head start of one address before the next is tried (RFC 8305 section 5)."""
LOOKUPS_AT_ONCE = 16
LOOKUP_LIFETIME_S = 10.0
"""A burst of connections to one host asks once."""
NEAR_RTT_US = 5_000
RECEIVE_BUFFER_BYTES = 192 * 1024
"""For near servers. Linux doubles it: a stalled reader then has 379 KiB in the kernel,
against 4 to 32 MiB with autotuning after half a GiB (measured). All of that would be lost,
and fetched again, at a kill -9, and what is just being written too: together they shall not
pass 512 KiB a connection, as they did with 256 KiB here. Costs 0.1 CPU s a GiB, either way."""

_RTT_OFFSET = 68
"""Of ``tcpi_rtt`` (microseconds) in Linux's struct tcp_info."""

CheckPeer = Callable[[str], None]
"""Raises TransferError when the IP address must not be connected to."""


@dataclass(frozen=True, slots=True)
class WireOptions:
    """How one request may travel; ``FastTransport`` finds it in the request's extensions."""

    tls: TlsOptions = SYSTEM_TLS
    connect_timeout_s: float = 15.0
    head_timeout_s: float = 30.0
    check_peer: CheckPeer | None = None
    route: Route = ANY_ROUTE
    proxy: str | None = None
    """A SOCKS proxy; other kinds do not travel this way."""


class Resolver:
    """Looks names up in threads, a name once at a time, and remembers for a moment."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._gate = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._running: dict[tuple[str, int], asyncio.Task[list[AddrInfoType]]] = {}
        self._known: dict[tuple[str, int], tuple[float, list[AddrInfoType]]] = {}

    async def resolve(self, host: str, port: int) -> list[AddrInfoType]:
        """Return the addresses of ``host`` in the order of the system; a number is itself.

        Raises:
            socket.gaierror: there are none.
        """
        if _is_number(host):
            return [_info(host, port)]
        now = self._now()
        known = self._known.get((host, port))
        if known is not None and now - known[0] < LOOKUP_LIFETIME_S:
            return known[1]
        task = self._running.get((host, port))
        if task is None:
            task = asyncio.create_task(self._look_up(host, port))
            self._running[host, port] = task
            task.add_done_callback(lambda done: self._forget((host, port), done))
        return await asyncio.shield(task)

    def _forget(self, key: tuple[str, int], done: asyncio.Task[list[AddrInfoType]]) -> None:
        """End the sharing; a failure counts as noted even if all who asked have left."""
        self._running.pop(key, None)
        if not done.cancelled():
            done.exception()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._clock is None else self._clock()

    async def _look_up(self, host: str, port: int) -> list[AddrInfoType]:
        async with self._gate:
            found = await call_in_thread(
                # As text it would load the tables of IDNA; ours is in its ASCII form already.
                "tui-dl-dns",
                socket.getaddrinfo,
                host.encode("ascii"),
                port,
                type=socket.SOCK_STREAM,
            )
        now = self._now()
        self._known = {k: v for k, v in self._known.items() if now - v[0] < LOOKUP_LIFETIME_S}
        self._known[host, port] = (now, list(found))
        return list(found)


class Dialer:
    """Opens connections."""

    def __init__(self, contexts: TlsContexts, resolver: Resolver | None = None) -> None:
        self._resolver = Resolver() if resolver is None else resolver
        self._contexts = contexts
        self._memory = Memory()

    async def dial(self, scheme: str, host: str, port: int, options: WireOptions) -> Connection:
        """Connect and, for https, shake hands. Cancelling closes the socket.

        Raises:
            TransferError: it failed, took longer than ``connect_timeout_s``, or
                ``check_peer`` allows none of the addresses.
        """
        where = _where(host, port)
        try:
            async with asyncio.timeout(options.connect_timeout_s) as limit:
                return await self._connect(scheme, host, port, options, where)
        except TimeoutError as error:
            if limit.expired():
                way = "" if options.proxy is None else parse_proxy(options.proxy).where
                way = f"{where} through the proxy {way}" if way else where
                raise no_connection(way, options.connect_timeout_s) from error
            raise transfer_error(error, where) from error
        except (OSError, RuntimeError, UnicodeError) as error:
            # uvloop raises RuntimeError here and there, getaddrinfo UnicodeError for odd names
            raise transfer_error(error, where) from error

    async def _connect(
        self, scheme: str, host: str, port: int, options: WireOptions, where: str
    ) -> Connection:
        if scheme != "https":
            return await self._open(None, 0.0, host, port, options, where)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            context = await self._contexts.get_lean(options.tls)
            try:
                prepared_s = loop.time() - began_s
                return await self._open(context, prepared_s, host, port, options, where)
            except ssl.SSLCertVerificationError as error:
                if not self._contexts.turn_full(options.tls, context, error):
                    raise

    async def _open(
        self,
        context: ssl.SSLContext | None,
        prepared_s: float,
        host: str,
        port: int,
        options: WireOptions,
        where: str,
    ) -> Connection:
        """Connect once, with TLS if there is a ``context``, which took ``prepared_s`` to load."""
        if options.proxy is None:
            addresses = await self.look_up(host, port, options)
            sock = await self.connect(addresses, options.route)
            peer = ""
        else:
            from tui_dl.net.socks import through_socks

            sock, peer = await through_socks(self, options, host, port)
        try:
            layer = None if context is None else TlsLayer(context, host)
            connection = Connection(where, layer, self._memory)
            connection.prepared_s = prepared_s
            connection.peer = peer or str(sock.getpeername()[0])
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            bound_receive_buffer(sock)
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: connection, sock=sock)
        except BaseException:  # a cancellation too must not leak the socket
            sock.close()
            raise
        try:
            await connection.ready()
        except BaseException:  # a cancel too: undone, then raised again
            connection.abort()
            raise
        return connection

    def close(self) -> None:
        """Give back what its connections shared, once they are gone."""
        self._memory.pipe.close()

    async def look_up(self, host: str, port: int, options: WireOptions) -> list[AddrInfoType]:
        """Return where ``host`` may be connected to: by hand, or looked up.

        Raises:
            TransferError: it has no address of the wanted IP version, or none is allowed.
            socket.gaierror: there is no such host.
        """
        route = options.route
        if route == ANY_ROUTE:
            return _allowed(await self._resolver.resolve(host, port), options.check_peer)
        by_hand = route.addresses_for(host, port)
        addresses = (
            [_info(address, port) for address in by_hand]
            if by_hand
            else await self._resolver.resolve(host, port)
        )
        version = own_version(route)
        if version is not None:
            family = socket.AF_INET6 if version == 6 else socket.AF_INET
            addresses = [address for address in addresses if address[0] == family]
            if not addresses:
                raise TransferError(
                    f"{_where(host, port)} has no IPv{version} address.",
                    code=ErrorCode.UNKNOWN_HOST,
                    retryable=False,
                )
        return _allowed(addresses, options.check_peer)

    async def connect(self, addresses: list[AddrInfoType], route: Route) -> socket.socket:
        """Connect to one of the addresses; who comes first counts (RFC 8305).

        Raises:
            OSError: none answers.
            TransferError: the interface is not there.
        """
        own: list[AddrInfoType] | None = None
        make: Callable[[AddrInfoType], socket.socket] | None = None
        if route.interface is not None:
            from tui_dl.net.interfaces import leaving_by, own_address

            address = own_address(route.interface)
            if address is None:
                make = leaving_by(route.interface)
            else:
                own = [_info(address, 0)]
        return await start_connection(
            addresses,
            local_addr_infos=own,
            happy_eyeballs_delay=ATTEMPT_DELAY_S,
            interleave=1,
            loop=asyncio.get_running_loop(),
            socket_factory=make,
        )


def _where(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_number(host: str) -> bool:
    """Return whether ``host`` is an IP address in its usual form, so nobody has to be asked."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host)
    except OSError:
        return False
    return True


def _info(address: str, port: int) -> AddrInfoType:
    """Return what a look-up would say of an IP address."""
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))


def bound_receive_buffer(sock: socket.socket) -> None:
    """Keep the kernel from piling up bytes of a near server (Linux only).

    Far servers keep autotuning: they need a window of bandwidth times delay.
    """
    if sys.platform != "linux":
        return
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RTT_OFFSET + 4)
    (rtt_us,) = struct.unpack_from("I", info, _RTT_OFFSET)
    if rtt_us < NEAR_RTT_US:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)


def _allowed(addresses: list[AddrInfoType], check_peer: CheckPeer | None) -> list[AddrInfoType]:
    """Return the addresses that may be connected to; refuse when none may."""
    if check_peer is None:
        return addresses
    allowed = []
    refusal: TransferError | None = None
    for address in addresses:
        try:
            check_peer(str(address[4][0]))
        except TransferError as error:
            refusal = error
        else:
            allowed.append(address)
    if refusal is not None and not allowed:
        raise refusal
    return allowed
