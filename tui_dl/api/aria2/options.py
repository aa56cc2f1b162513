"""aria2's options and ours: texts to ``DownloadOptions`` and back. Pure.

What ``describe`` says of a download is understood by ``read_options`` and ``changes``
again: clients retry a download by adding it with everything that getOption returned.
A value that is the default becomes ``None``, so that nothing gets pinned by a retry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from tui_dl.api.aria2.errors import bad_option
from tui_dl.api.aria2.option_rules import PROXY_NAMES, RULES, Rule, words
from tui_dl.domain.digests import parse_checksum, strongest
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import DownloadOptions
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import is_excepted, parse_proxy
from tui_dl.domain.urls import parse_url

MOST_CONNECTIONS = 64

_NOT_SENT = frozenset(
    words(
        "accept-encoding connection content-length expect host if-range keep-alive "
        "proxy-authorization proxy-connection range te trailer transfer-encoding upgrade"
    )
)
"""Fields that the engine sets itself. Browser extensions hand over all that they have."""

_MAPPED = frozenset(
    words(
        "split max-connection-per-server max-download-limit header user-agent referer checksum "
        "max-tries timeout connect-timeout http-user http-passwd http-auth-challenge no-netrc "
        "no-proxy dir out "
        "pause gid parameterized-uri remote-time conditional-get stream-piece-selector"
    )
) | frozenset(name + end for name in PROXY_NAMES for end in ("", "-user", "-passwd"))


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for a download that names nothing."""

    connections: int = 16
    limit_bps: int = 0
    max_tries: int = 5
    timeout_s: float = 60.0
    connect_timeout_s: float = 15.0
    user_agent: str = ""

    def texts(self) -> dict[str, str]:
        """Return them by their aria2 names."""
        return {
            "split": str(self.connections),
            "max-connection-per-server": str(self.connections),
            "max-download-limit": str(self.limit_bps),
            "max-tries": str(self.max_tries),
            "timeout": _seconds(self.timeout_s),
            "connect-timeout": _seconds(self.connect_timeout_s),
            "user-agent": self.user_agent,
        }


def may_be_added(rule: Rule) -> bool:
    """Whether addUri and addMetalink take this option."""
    return rule.when_added


def may_be_changed(rule: Rule) -> bool:
    """Whether changeOption takes this option."""
    return rule.changeable


def may_be_everywhere(rule: Rule) -> bool:
    """Whether changeGlobalOption takes this option."""
    return rule.everywhere


def read_options(struct: Mapping[str, object], allowed: Callable[[Rule], bool]) -> dict[str, str]:
    """Read an options struct; what is unknown or not allowed here is ignored.

    Strings are what aria2 takes; numbers and booleans are welcome as well.

    Raises:
        RpcError: a value is not understood.
    """
    found: dict[str, str] = {}
    for name, value in struct.items():
        rule = RULES.get(name)
        text = None if rule is None or not allowed(rule) else _as_text(name, value)
        if rule is None or text is None:
            continue
        try:
            found[name] = rule.read(text)
        except (ValueError, UsageError) as error:
            raise bad_option(name) from error
    return found


def _as_text(name: str, value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) and name == "header":
        return "\n".join(item for item in value if isinstance(item, str))
    return None


def changes(texts: Mapping[str, str], url: str, defaults: Defaults) -> dict[str, Any]:
    """Return the fields of ``DownloadOptions`` that these options set, and their values.

    ``url`` decides which proxy is meant, and what the referer ``*`` is.

    Raises:
        RpcError: a header is no header.
    """
    own = defaults.texts()
    given = {name: text for name, text in texts.items() if text != own.get(name)}
    found: dict[str, Any] = {}
    for name, (field, read) in _SIMPLE.items():
        if name in texts:
            found[field] = read(given[name]) if name in given else None
    if "referer" in texts:
        found["referer"] = (url if texts["referer"] == "*" else texts["referer"]) or None
    if "checksum" in texts:
        found["digests"] = (parse_checksum(texts["checksum"]),)
    if "remote-time" in texts:
        found["remote_time"] = texts["remote-time"] == "true" or None
    if "conditional-get" in texts:
        found["conditional_get"] = texts["conditional-get"] == "true"
    if "stream-piece-selector" in texts:
        found["sequential"] = texts["stream-piece-selector"] == "inorder"
    if "no-netrc" in texts:
        found["use_netrc"] = texts["no-netrc"] != "true"
    if "no-proxy" in texts:
        found["no_proxy"] = texts["no-proxy"] or None
    if "http-auth-challenge" in texts:
        found["auth_challenge"] = texts["http-auth-challenge"] == "true"
    names = [name for name in ("split", "max-connection-per-server") if name in texts]
    if names:
        wanted = min(MOST_CONNECTIONS, *(int(texts[name]) for name in names))
        found["connections"] = None if wanted == defaults.connections else wanted
    if "header" in texts:
        _put_headers(found, texts["header"])
    if any(name in texts for name in PROXY_NAMES):
        found["proxy"] = _proxy(texts, url)
    return found


def _text_or_none(text: str) -> str | None:
    return text or None


_SIMPLE: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "max-download-limit": ("limit_bps", int),
    "max-tries": ("max_tries", int),
    "timeout": ("timeout_s", float),
    "connect-timeout": ("connect_timeout_s", float),
    "user-agent": ("user_agent", _text_or_none),
    "http-user": ("http_user", _text_or_none),
    "http-passwd": ("http_password", _text_or_none),
}


def _put_headers(found: dict[str, Any], text: str) -> None:
    """Cut header lines; User-Agent and Referer among them win over their options."""
    headers: list[tuple[str, str]] = []
    for line in filter(None, text.split("\n")):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not name:
            raise bad_option("header")
        kind = name.lower()
        if kind == "user-agent":
            found["user_agent"] = value or None
        elif kind == "referer":
            found["referer"] = value or None
        elif kind not in _NOT_SENT:
            headers.append((name, value))
    found["headers"] = tuple(headers)


def _proxy(texts: Mapping[str, str], url: str) -> str | None:
    """Return the proxy that is meant for ``url``; empty for none, ``None`` for the setting."""
    target = parse_url(url)
    own = f"{target.scheme}-proxy"
    name = own if own in texts else "all-proxy"
    if name not in texts:
        return None
    proxy = texts[name]
    if not proxy or is_excepted(target, texts.get("no-proxy", "")):
        return ""
    user, password = texts.get(f"{name}-user", ""), texts.get(f"{name}-passwd", "")
    if not user or parse_proxy(proxy).url.userinfo is not None:
        return proxy
    scheme, _, rest = proxy.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def unmapped(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the options that the engine does not have: kept to be reported, no more."""
    return {
        name: text
        for name, text in texts.items()
        if name not in _MAPPED and text != RULES[name].default
    }


def chosen(options: DownloadOptions, directory: str) -> dict[str, str]:
    """Return what was chosen for one download, by its aria2 names."""
    texts: dict[str, str] = {"dir": directory}
    if options.out is not None:
        texts["out"] = options.out
    if options.connections is not None:
        texts["split"] = texts["max-connection-per-server"] = str(options.connections)
    if options.limit_bps is not None:
        texts["max-download-limit"] = str(options.limit_bps)
    if options.max_tries is not None:
        texts["max-tries"] = str(options.max_tries)
    if options.timeout_s is not None:
        texts["timeout"] = _seconds(options.timeout_s)
    if options.connect_timeout_s is not None:
        texts["connect-timeout"] = _seconds(options.connect_timeout_s)
    if options.headers:
        texts["header"] = "".join(f"{name}: {value}\n" for name, value in options.headers)
    if options.remote_time is not None:
        texts["remote-time"] = "true" if options.remote_time else "false"
    if options.conditional_get:
        texts["conditional-get"] = "true"
    if options.sequential:
        texts["stream-piece-selector"] = "inorder"
    if not options.use_netrc:
        texts["no-netrc"] = "true"
    if options.auth_challenge:
        texts["http-auth-challenge"] = "true"
    digest = strongest(options.digests)
    if digest is not None:
        name = digest.algorithm
        texts["checksum"] = f"{name.replace('sha', 'sha-')}={digest.hex}"
    for name, value in (
        ("user-agent", options.user_agent),
        ("referer", options.referer),
        ("http-user", options.http_user),
        ("http-passwd", options.http_password),
        ("all-proxy", options.proxy),
        ("no-proxy", options.no_proxy),
    ):
        if value is not None:
            texts[name] = value
    return texts


def describe(
    options: DownloadOptions, directory: str, extra: Mapping[str, str], defaults: Defaults
) -> dict[str, str]:
    """Return what getOption answers: every default, and what was set. Sorted by name."""
    texts = {
        rule.name: rule.default
        for rule in RULES.values()
        if rule.when_added and rule.default is not None
    }
    texts |= defaults.texts() | dict(extra) | chosen(options, directory)
    return dict(sorted(texts.items()))


def _seconds(value_s: float) -> str:
    """Return whole seconds, rounded up: aria2 has no others."""
    return str(max(1, math.ceil(value_s)))
