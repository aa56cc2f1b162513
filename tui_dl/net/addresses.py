"""How far an IP address reaches, and which moves between scopes a redirect may make (S12).

Pure. Must not resolve names: names have no scope, only the addresses behind them do.
"""

from __future__ import annotations

from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

IPAddress = IPv4Address | IPv6Address

METADATA = ip_address("169.254.169.254")
"""Where clouds hand out the machine's own credentials. Nobody downloads from there."""

_NAT64 = IPv6Network("64:ff9b::/96")


class Scope(IntEnum):
    """Reach of an address; a smaller number is nearer to us."""

    LOOPBACK = 0
    LINK_LOCAL = 1
    PRIVATE = 2
    PUBLIC = 3


def parse_address(text: str) -> IPAddress | None:
    """Return the address that ``text`` is, or ``None`` when it is a name.

    An IPv4 address inside an IPv6 one (mapped, or behind NAT64) comes out as IPv4, so that
    no spelling slips past a check (trap H26).
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def scope_of(address: IPAddress) -> Scope:
    """Return the reach of ``address``; what is neither public nor special is private."""
    if address.is_loopback or address.is_unspecified:  # 0.0.0.0 connects to this machine
        return Scope.LOOPBACK
    if address.is_link_local:
        return Scope.LINK_LOCAL
    if address.is_global and not address.is_multicast:
        return Scope.PUBLIC
    return Scope.PRIVATE
