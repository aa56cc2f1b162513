"""Leaving by one network interface, or from one address of this machine.

Must not fall back to another way: whoever names one wants no other.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address

from aiohappyeyeballs import AddrInfoType

from tui_dl.domain.errors import ErrorCode, TransferError


def own_address(interface: str) -> str | None:
    """Return the address that ``interface`` is, ``None`` when it is a name."""
    try:
        return str(ip_address(interface))
    except ValueError:
        return None


def socket_options(interface: str) -> list[tuple[int, int, bytes]]:
    """Return what binds a socket to an interface by name.

    Raises:
        TransferError: there is no such interface, or the system cannot do it.
    """
    option = getattr(socket, "SO_BINDTODEVICE", None)
    if option is None:
        raise TransferError(
            "On this system give an address of the interface in place of its name.",
            code=ErrorCode.CONNECT_FAILED,
            retryable=False,
        )
    try:
        socket.if_nametoindex(interface)
    except OSError as error:
        raise TransferError(
            f"There is no network interface {interface} now.", code=ErrorCode.CONNECT_FAILED
        ) from error
    return [(socket.SOL_SOCKET, option, interface.encode() + b"\0")]


def leaving_by(interface: str) -> Callable[[AddrInfoType], socket.socket]:
    """Return a maker of sockets that leave by an interface, named.

    Raises:
        TransferError: as ``socket_options``.
    """
    options = socket_options(interface)

    def make(address: AddrInfoType) -> socket.socket:
        sock = socket.socket(address[0], address[1], address[2])
        try:
            for level, name, value in options:
                sock.setsockopt(level, name, value)
        except OSError:
            sock.close()
            raise
        return sock

    return make
