"""Which header fields go to which origin (traps H31 and H38).

Owns the binding of secrets: what the user gave for one origin is never sent to another.
Must not send anything, and must not decide where redirects may lead.
"""

from __future__ import annotations

import logging
import netrc
import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.cookies import cookie_header, join_cookies
from tui_dl.net.request import HttpRequest, Origin

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

log = logging.getLogger(__name__)

Fields = list[tuple[bytes, bytes]]


def fields_for(
    request: HttpRequest, url: ParsedUrl, *, jar: CookieJar, owner: Origin, book: NetrcBook
) -> Fields:
    """Return the fields of a request to ``url``, beside those that httpx adds itself.

    ``owner`` is the origin that the user's headers, referer, cookies and password belong to.
    """
    is_owner = url.origin == owner
    fields = _conditions(request)
    own = dict.fromkeys(name.lower() for name, _ in request.headers) if is_owner else {}
    if request.user_agent and "user-agent" not in own:
        fields.append((b"User-Agent", _bytes(request.user_agent)))
    if is_owner:
        fields += [
            (_bytes(name), _bytes(value))
            for name, value in request.headers
            if name.lower() != "cookie"
        ]
        if request.referer and "referer" not in own:
            fields.append((b"Referer", _bytes(request.referer)))
    if "authorization" not in own:
        authorization = _authorization(request, url, is_owner=is_owner, book=book)
        if authorization is not None:
            fields.append((b"Authorization", authorization))
    given = [value for name, value in request.headers if name.lower() == "cookie"]
    cookies = join_cookies(given if is_owner else [], cookie_header(jar, url))
    if cookies:
        fields.append((b"Cookie", _bytes(cookies)))
    return fields


class NetrcBook:
    """The user's netrc file, read again when it changes.

    Only entries that name a host are used: ``default`` would go to any host at all.
    """

    def __init__(self, path: Path | None = None) -> None:
        """``None``: the file that NETRC names, else ``~/.netrc``."""
        self._fixed_path = path
        self._named: tuple[str | None, Path] | None = None
        self._seen: tuple[Path, int] | None = None
        self._hosts: dict[str, tuple[str, str, str]] = {}

    def look_up(self, host: str) -> tuple[str, str] | None:
        """Return (user, password) for ``host``, or ``None``."""
        path = self._path()
        try:
            seen = (path, path.stat().st_mtime_ns)
        except OSError:  # no such file: the usual case
            return None
        if seen != self._seen:
            self._seen = seen
            self._hosts = _read_netrc(path)
        entry = self._hosts.get(host)
        return None if entry is None else (entry[0], entry[2])

    def _path(self) -> Path:
        """Return where to look, worked out again only when the environment changed."""
        if self._fixed_path is not None:
            return self._fixed_path
        name = os.environ.get("NETRC")
        if self._named is None or self._named[0] != name:
            self._named = (name, Path(name or "~/.netrc").expanduser())
        return self._named[1]


def _read_netrc(path: Path) -> dict[str, tuple[str, str, str]]:
    try:
        hosts = netrc.netrc(path).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        log.warning("The netrc file is not used: %s", type(error).__name__)
        return {}
    return {
        host.lower(): (user or "", account or "", password or "")
        for host, (user, account, password) in hosts.items()
        if host != "default"
    }


def _conditions(request: HttpRequest) -> Fields:
    """Return range and conditions; they belong to the request, not to an origin."""
    fields: Fields = []
    if request.range_start is not None:
        last = "" if request.range_end is None else str(request.range_end - 1)
        fields.append((b"Range", f"bytes={request.range_start}-{last}".encode("ascii")))
    for name, value in (
        (b"If-Range", request.if_range),
        (b"If-None-Match", request.if_none_match),
        (b"If-Modified-Since", request.if_modified_since),
    ):
        if value is not None:
            fields.append((name, _bytes(value)))
    return fields


def _authorization(
    request: HttpRequest, url: ParsedUrl, *, is_owner: bool, book: NetrcBook
) -> bytes | None:
    """Return Basic credentials (RFC 7617): options, then the URL's own, then netrc."""
    if is_owner and request.http_user is not None:
        return _basic(request.http_user.encode(), (request.http_password or "").encode())
    if url.userinfo is not None:
        user, _, password = url.userinfo.partition(":")
        return _basic(unquote_to_bytes(user), unquote_to_bytes(password))
    if request.use_netrc:
        found = book.look_up(url.host)
        if found is not None:
            return _basic(found[0].encode(), found[1].encode())
    return None


def _basic(user: bytes, password: bytes) -> bytes:
    return b"Basic " + b64encode(user + b":" + password)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
