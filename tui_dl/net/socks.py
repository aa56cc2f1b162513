"""Through a SOCKS5 proxy (RFC 1928), with its login (RFC 1929).

Owns the bytes of the handshake, what a refusal means, and which addresses are tried. Must
not do more of a connection than that: ``dial.py`` does. Loaded only when such a proxy is used.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote_to_bytes

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.routes import Proxy, Route, parse_proxy
from tui_dl.net.dial import Dialer, WireOptions
from tui_dl.net.errors import proxy_refusal, proxy_unreachable, transfer_error

MOST_TARGETS = 3
"""Addresses of one host that the proxy is asked for, one after the other."""

_VERSION = 5
_NO_LOGIN, _PASSWORD, _NOTHING = 0, 2, 0xFF
_ADDRESS_BYTES = {1: 4, 4: 16}

_REFUSALS: dict[int, tuple[str, bool]] = {
    1: ("it failed", True),
    2: ("its rules do not allow it", False),
    3: ("the network cannot be reached", True),
    4: ("the host cannot be reached", True),
    5: ("the connection was refused", True),
    6: ("it took too long", True),
    7: ("it cannot make connections", False),
    8: ("it does not know this kind of address", False),
}
"""Reply codes of RFC 1928 section 6 in words, and whether another try may help."""


class TargetRefusedError(TransferError):
    """The proxy works, but not this target; another address of it may do."""


async def through_socks(
    dialer: Dialer, options: WireOptions, host: str, port: int
) -> tuple[socket.socket, str]:
    """Return a socket that the proxy connected to ``host``, and who is at its other end.

    Raises:
        TransferError: the proxy cannot be reached, refuses, or cannot reach ``host``; or no
            address of ``host`` is allowed.
        socket.gaierror: there is no such host.
    """
    assert options.proxy is not None
    proxy = parse_proxy(options.proxy)
    targets = [host]
    if not proxy.looks_names_up:
        # The proxy's own way decides which IP versions it reaches, not ours.
        route = Route(resolve=options.route.resolve)
        found = await dialer.look_up(host, port, replace(options, route=route))
        targets = list(dict.fromkeys(str(address[4][0]) for address in found))
    refusal: TargetRefusedError | None = None
    for target in targets[:MOST_TARGETS]:
        sock = await _connect(dialer, proxy, options.route)
        try:
            await shake_hands(sock, proxy, target, port)
        except TargetRefusedError as error:
            sock.close()
            refusal = error
        except OSError as error:
            sock.close()
            raise proxy_unreachable(transfer_error(error, proxy.where)) from error
        except BaseException:  # a cancellation too must not leak the socket
            sock.close()
            raise
        else:
            return sock, proxy.where if proxy.looks_names_up else target
    assert refusal is not None, "there was at least one target"
    raise refusal


async def _connect(dialer: Dialer, proxy: Proxy, route: Route) -> socket.socket:
    """Connect to the proxy; every failure names it."""
    try:
        addresses = await dialer.look_up(proxy.url.host, proxy.url.port, WireOptions(route=route))
        return await dialer.connect(addresses, route)
    except TransferError as error:
        raise proxy_unreachable(error) from error
    except (OSError, RuntimeError, UnicodeError) as error:  # see ``Dialer.dial``
        raise proxy_unreachable(transfer_error(error, proxy.where)) from error


async def shake_hands(sock: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Make ``sock``, which is connected to ``proxy``, a connection to ``host``.

    ``host`` is an IP address, or a name that the proxy looks up.

    Raises:
        TargetRefusedError: the proxy could not connect.
        TransferError: PROXY, it wants another login or speaks another protocol.
    """
    await _log_in(sock, proxy)
    await _send(sock, b"\x05\x01\x00" + _address(host) + port.to_bytes(2, "big"))
    version, code, _, kind = await _receive(sock, 4, proxy)
    if version != _VERSION:
        raise _broken(proxy)
    if code != 0:
        words, may_help = _REFUSALS.get(code, (f"it answered {code}", True))
        shown = f"[{host}]" if ":" in host else host
        raise TargetRefusedError(
            f"The proxy {proxy.where} gives no connection to {shown}:{port}: {words}.",
            code=ErrorCode.PROXY,
            retryable=may_help,
        )
    if kind == 3:
        (length,) = await _receive(sock, 1, proxy)
    elif kind in _ADDRESS_BYTES:
        length = _ADDRESS_BYTES[kind]
    else:
        raise _broken(proxy)
    await _receive(sock, length + 2, proxy)  # what it is bound to; nobody needs it


async def _log_in(sock: socket.socket, proxy: Proxy) -> None:
    userinfo = proxy.url.userinfo
    methods = bytes([_NO_LOGIN]) if userinfo is None else bytes([_NO_LOGIN, _PASSWORD])
    await _send(sock, bytes([_VERSION, len(methods)]) + methods)
    version, method = await _receive(sock, 2, proxy)
    if version != _VERSION:
        raise _broken(proxy)
    if method == _NOTHING or (method == _PASSWORD and userinfo is None):
        raise proxy_refusal(proxy.where, has_login=userinfo is not None)
    if method == _PASSWORD and userinfo is not None:
        user, _, password = (unquote_to_bytes(part) for part in userinfo.partition(":"))
        fields = [bytes([len(part[:255])]) + part[:255] for part in (user, password)]
        await _send(sock, b"\x01" + b"".join(fields))
        _, status = await _receive(sock, 2, proxy)
        if status != 0:
            raise proxy_refusal(proxy.where, has_login=True)
    elif method != _NO_LOGIN:
        raise _broken(proxy)


def _address(host: str) -> bytes:
    """Return kind and address: 1 IPv4, 3 name, 4 IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return b"\x03" + bytes([len(name)]) + name
    return (b"\x04" if isinstance(address, IPv6Address) else b"\x01") + address.packed


async def _send(sock: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, data)


async def _receive(sock: socket.socket, count: int, proxy: Proxy) -> bytes:
    """Read exactly ``count`` bytes: what follows them belongs to the server behind."""
    data = b""
    while len(data) < count:
        more = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
        if not more:
            raise TransferError(
                f"The proxy {proxy.where} closed the connection before it was made.",
                code=ErrorCode.PROXY,
            )
        data += more
    return data


def _broken(proxy: Proxy) -> TransferError:
    return TransferError(
        f"The proxy {proxy.where} does not speak SOCKS5; is it an http:// proxy?",
        code=ErrorCode.PROXY,
        retryable=False,
    )
