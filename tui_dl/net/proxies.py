"""Which proxy a request goes through (trap H27). Reads the environment, sends nothing."""

from __future__ import annotations

from urllib.request import getproxies_environment

from tui_dl.domain.routes import NO_PLAN, ProxyPlan, covers, is_excepted, parse_proxy, parse_rules
from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.addresses import Scope, parse_address, scope_of


class ProxyChoice:
    """Chooses by request first, then by the settings, then by the environment.

    The environment's are http_proxy, https_proxy, all_proxy and no_proxy.
    """

    def __init__(self, *, use_environment: bool) -> None:
        found = getproxies_environment() if use_environment else {}
        self._by_scheme = {scheme: found.get(scheme, found.get("all")) for scheme in _SCHEMES}
        self._exceptions = found.get("no", "")

    def choose(
        self,
        url: ParsedUrl,
        explicit: str | None,
        plan: ProxyPlan = NO_PLAN,
        exceptions: str | None = None,
    ) -> str | None:
        """Return the URL of the proxy, or ``None`` for a direct connection.

        A proxy that was named for the request is used as told, an empty one means none;
        ``exceptions`` are the request's own and take the place of the plan's. The
        environment's proxy is not used for this machine itself, nor for what no_proxy names.

        Raises:
            UsageError: a kind of proxy that is not supported, a rule that is none.
        """
        if exceptions is not None and is_excepted(url, exceptions):
            return None
        if explicit is not None:
            return _with_scheme(explicit)
        for pattern, proxy in parse_rules(plan.rules):
            if covers(pattern, url):
                return _with_scheme(proxy)
        if exceptions is None and is_excepted(url, plan.exceptions):
            return None
        if plan.default is not None:
            return _with_scheme(plan.default)
        if _is_loopback(url.host) or is_excepted(url, self._exceptions):
            return None
        return _with_scheme(self._by_scheme[url.scheme] or "")


_SCHEMES = ("http", "https")


def _is_loopback(host: str) -> bool:
    address = parse_address(host)
    if address is not None:
        return scope_of(address) is Scope.LOOPBACK
    name = host.rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _with_scheme(proxy: str) -> str | None:
    """Return ``proxy`` as a URL, ``None`` for none; a bare ``host:port`` is plain HTTP."""
    if not proxy:
        return None
    if parse_proxy(proxy).scheme == "http" and "://" not in proxy:
        return f"http://{proxy}"
    return proxy
