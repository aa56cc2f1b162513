"""Whether this machine has a way to a host at all. Sends nothing, looks no name up."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

_FAR = (ip_address("192.0.2.1"), ip_address("2001:db8::1"))
"""Addresses for documentation (RFC 5737, RFC 3849): nobody's, but beyond every own network."""

_DISCARD_PORT = 9


def has_route(host: str) -> bool:
    """Return whether the kernel would know where to send a packet for ``host``.

    For a name it is asked about the world outside, for an address about that address. A
    datagram socket that is connected asks the routing table and nothing else. A network
    that has a route but no way behind it counts as one: only errors tell that.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return _would_send(ip_address(host.strip("[]")))
    except ValueError:
        return any(_would_send(far) for far in _FAR)


def _would_send(address: IPv4Address | IPv6Address) -> bool:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _DISCARD_PORT))
    except OSError:
        return False
    return True
