"""By which way servers are reached: proxies, addresses given by hand, interface, IP version.

Pure: reads what users write and decides. Must not resolve names or connect.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import ParsedUrl, parse_url

HTTP_PROXIES = ("http", "https")
SOCKS_PROXIES = ("socks5", "socks5h", "socks")
"""socks5 gets addresses, socks5h names: there the proxy looks them up. socks is socks5."""
SOCKS_PORT = 1080
DIRECT = frozenset({"", "direct", "none"})

_SCHEME = late_pattern(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_PORT = late_pattern(r":[0-9]+/?\Z")
_NAME = late_pattern(r"[A-Za-z0-9_.:@-]{1,64}")
_BREAKS = late_pattern(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The address of a proxy, cut up."""

    scheme: str
    url: ParsedUrl
    """Host, port and login; its own scheme is that of a URL and says nothing."""

    @property
    def is_socks(self) -> bool:
        """Whether it passes bytes and knows no HTTP."""
        return self.scheme in SOCKS_PROXIES

    @property
    def looks_names_up(self) -> bool:
        """Whether names go to the proxy as they are."""
        return self.scheme != "socks5"

    @property
    def where(self) -> str:
        """``host:port`` without the login."""
        host = f"[{self.url.host}]" if ":" in self.url.host else self.url.host
        return f"{host}:{self.url.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """How connections leave this machine."""

    interface: str | None = None
    """Name of a network interface, or an address of this machine."""
    ip_version: int | None = None
    """4 or 6; ``None`` is both."""
    resolve: tuple[str, ...] = ()
    """``HOST:PORT:ADDRESS[,ADDRESS]``, in place of a look-up."""

    def addresses_for(self, host: str, port: int) -> tuple[str, ...]:
        """Return what was given by hand for a host, nothing when the name is looked up."""
        for entry in self.resolve:
            given = parse_resolve(entry)
            if (given.host, given.port) == (host.rstrip("."), port):
                return given.addresses
        return ()


ANY_ROUTE = Route()
"""What the system does by itself."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """One entry of ``--resolve``."""

    host: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProxyPlan:
    """What the settings say about proxies, as they were written."""

    exceptions: str = ""
    """Hosts without a proxy, as in no_proxy; the environment's proxies obey it too."""
    rules: str = ""
    """``PATTERN=PROXY`` parted by blanks, the first that fits counts; ``direct`` is none."""
    default: str | None = None
    """For all the rest; ``None``: the environment decides."""


NO_PLAN = ProxyPlan()


@lru_cache(maxsize=256)
def parse_proxy(text: str) -> Proxy:
    """Read ``[SCHEME://][USER:PASSWORD@]HOST[:PORT]``; without a scheme it is http.

    Raises:
        UsageError: it is none, or of a kind that is not supported; the text is not repeated.
    """
    match = _SCHEME.fullmatch(text)
    scheme, rest = (match[1].lower(), match[2]) if match else ("http", text)
    if scheme not in (*HTTP_PROXIES, *SOCKS_PROXIES):
        raise UsageError(
            f"Proxies of the kind {scheme} are not supported, only http, https, socks5, socks5h.",
            code=ErrorCode.UNSUPPORTED_SCHEME,
        )
    if scheme in SOCKS_PROXIES and not _PORT.search(rest):
        rest = f"{rest.rstrip('/')}:{SOCKS_PORT}"
    try:
        url = parse_url(f"{scheme if scheme in HTTP_PROXIES else 'http'}://{rest}")
    except UsageError as error:
        raise UsageError(
            "A proxy is written http://HOST:PORT, https://HOST:PORT, socks5://HOST:PORT or "
            "socks5h://HOST:PORT, with USER:PASSWORD@ before the host if it wants a login."
        ) from error
    return Proxy("socks5" if scheme == "socks" else scheme, url)


@lru_cache(maxsize=256)
def parse_resolve(text: str) -> Resolved:
    """Read ``HOST:PORT:ADDRESS[,ADDRESS]`` as curl's users write it.

    Raises:
        UsageError: it is not written so.
    """
    match = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+):([0-9]{1,5}):(.+)", text)
    if match is None:
        raise UsageError("An address by hand is written HOST:PORT:ADDRESS.")
    port = int(match[2])
    host = parse_url(f"http://{match[1]}/").host
    addresses = tuple(part.strip().strip("[]") for part in match[3].split(","))
    for address in addresses:
        try:
            ip_address(address)
        except ValueError as error:
            raise UsageError(f"{address!r} is not an IP address.") from error
    if not 1 <= port <= 65_535:
        raise UsageError(f"{port} is not a port.")
    return Resolved(host.rstrip("."), port, addresses)


def check_interface(text: str) -> str:
    """Return the name of an interface or an address as it was written.

    Raises:
        UsageError: it can be neither.
    """
    if _NAME.fullmatch(text) is None:
        raise UsageError("An interface is a name such as eth0, or an address of this machine.")
    return text


def own_version(route: Route) -> int | None:
    """Return the IP version that connections must have, by wish or by their own address."""
    if route.ip_version is not None:
        return route.ip_version
    try:
        own = ip_address(route.interface or "")
    except ValueError:
        return None
    return 6 if isinstance(own, IPv6Address) else 4


@lru_cache(maxsize=64)
def parse_rules(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``PATTERN=PROXY`` pairs parted by blanks; an empty proxy is none at all.

    Raises:
        UsageError: one is not written so: going without a proxy could show who asks.
    """
    rules: list[tuple[str, str]] = []
    for part in text.split():
        pattern, equals, proxy = part.partition("=")
        if not pattern or not equals:
            raise UsageError("A proxy rule is written PATTERN=PROXY, such as *.corp=socks5://p:1.")
        if proxy.lower() in DIRECT:
            proxy = ""
        else:
            parse_proxy(proxy)
        rules.append((pattern, proxy))
    return tuple(rules)


def is_excepted(url: ParsedUrl, patterns: str) -> bool:
    """Return whether a list such as no_proxy covers ``url``.

    Parts are ``*``, a domain (its subdomains too), an address, a network (``10.0.0.0/8``),
    each with a port or not, parted by commas or blanks.
    """
    return any(covers(part, url) for part in _BREAKS.split(patterns.lower()) if part)


def covers(pattern: str, url: ParsedUrl) -> bool:
    """Return whether one pattern covers ``url``."""
    pattern = pattern.lower()
    if pattern == "*":
        return True
    try:
        address = ip_address(url.host)
    except ValueError:
        address = None
    if address is not None:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        try:
            return address in ip_network(pattern.strip("[]"), strict=False)
        except ValueError:  # a name, or an address with a port
            pass
    name, colon, port = pattern.rpartition(":")
    if colon and port.isdigit():
        if int(port) != url.port:
            return False
        pattern = name
    pattern = pattern.strip("[]").removeprefix("*").lstrip(".")
    return url.host == pattern or url.host.endswith(f".{pattern}")
