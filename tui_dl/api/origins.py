"""Whose pages may call: the Host and Origin rules, pure.

A loopback bind is no defence by itself: a web page can send requests there, and with a
name that resolves to 127.0.0.1 it can even read the answers (traps S1 to S3).
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from tui_dl.domain.quick_dataclass import dataclass

_EXTENSION = re.compile(r"(?:chrome|moz|safari-web)-extension://[A-Za-z0-9._-]+")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class HostRule:
    """Which Host fields are ours."""

    bound: str
    """The address that was bound, as a URL writes it (IPv6 in brackets)."""
    ports: frozenset[int]
    extra: frozenset[str] = frozenset()
    """More names, each with or without a port."""

    def allows(self, value: str | None) -> bool:
        """Return whether a Host field names this server.

        Bound to all addresses, any literal address is ours as well: a page that was
        lured here by DNS always has a name in its Host field.
        """
        match = _HOST.fullmatch(value or "")
        if match is None:
            return False
        name, port = match[1].lower(), int(match[2] or 80)
        if value is not None and value.lower() in self.extra:
            return True
        if port not in self.ports:
            return False
        if name in _LOOPBACK or name == self.bound.lower() or name in self.extra:
            return True
        return self.bound in ("0.0.0.0", "[::]") and _is_address(name)


@dataclass(frozen=True, slots=True)
class OriginRule:
    """Which Origin fields may call."""

    allowed: frozenset[str] = frozenset()

    def allows(self, origin: str, host: str) -> bool:
        """Return whether a request with this Origin may go on; ``host`` was checked before.

        Extensions may, pages of this server may, and what the settings name; every
        other page, and ``null``, may not.
        """
        if origin in self.allowed or ("*" in self.allowed and origin != "null"):
            return True
        if _EXTENSION.fullmatch(origin):
            return True
        return origin == f"http://{host}"


def is_loopback(host: str) -> bool:
    """Return whether a bind address is reachable from this machine only."""
    name = host.strip("[]")
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
