"""Which proxy a request goes through (trap H27). Reads the environment, sends nothing."""

from __future__ import annotations

from ipaddress import ip_network
from urllib.request import getproxies_environment

from tui_dl.domain.errors import UsageError
from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.addresses import Scope, parse_address, scope_of


class ProxyChoice:
    """Chooses by request first, then by http_proxy, https_proxy, all_proxy and no_proxy."""

    def __init__(self, *, use_environment: bool) -> None:
        found = getproxies_environment() if use_environment else {}
        self._by_scheme = {scheme: found.get(scheme, found.get("all")) for scheme in _SCHEMES}
        self._exceptions = [part.strip().lower() for part in found.get("no", "").split(",")]

    def choose(self, url: ParsedUrl, explicit: str | None) -> str | None:
        """Return the URL of the proxy, or ``None`` for a direct connection.

        A proxy that was named for the request is used as told, an empty one means none.
        The environment's is not used for this machine itself, nor for what no_proxy names:
        ``*``, a domain (its subdomains too), an address, a network, each with a port or not.

        Raises:
            UsageError: a kind of proxy that is not supported.
        """
        proxy = self._by_scheme[url.scheme] if explicit is None else explicit
        if not proxy:
            return None
        if explicit is None and (_is_loopback(url.host) or self._is_exception(url)):
            return None
        return _with_scheme(proxy)

    def _is_exception(self, url: ParsedUrl) -> bool:
        return any(_covers(pattern, url) for pattern in self._exceptions if pattern)


_SCHEMES = ("http", "https")


def _covers(pattern: str, url: ParsedUrl) -> bool:
    """Return whether one entry of no_proxy covers ``url``."""
    if pattern == "*":
        return True
    address = parse_address(url.host)
    if address is not None:
        try:
            return address in ip_network(pattern.strip("[]"), strict=False)
        except ValueError:  # a name, or an address with a port
            pass
    name, colon, port = pattern.rpartition(":")
    if colon and port.isdigit():
        if int(port) != url.port:
            return False
        pattern = name
    pattern = pattern.strip("[]").lstrip(".")
    return url.host == pattern or url.host.endswith(f".{pattern}")


def _is_loopback(host: str) -> bool:
    address = parse_address(host)
    if address is not None:
        return scope_of(address) is Scope.LOOPBACK
    name = host.rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _with_scheme(proxy: str) -> str:
    """Return ``proxy`` as a URL; a bare ``host:port`` is plain HTTP."""
    scheme, mark, _ = proxy.partition("://")
    if not mark:
        return f"http://{proxy}"
    if scheme.lower() not in _SCHEMES:
        raise UsageError(f"Proxies of the kind {scheme} are not supported, only http and https.")
    return proxy
