"""Which header fields go to which origin (traps H31 and H38).

Owns the binding of secrets: what the user gave for one origin is never sent to another.
Must not send anything, and must not decide where redirects may lead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.cookies import cookie_header, join_cookies
from tui_dl.net.logins import LoginBook
from tui_dl.net.request import HttpRequest, Origin

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

Fields = list[tuple[bytes, bytes]]


def fields_for(
    request: HttpRequest, url: ParsedUrl, *, jar: CookieJar, owner: Origin, book: LoginBook
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
        authorization = book.authorization(request, url, is_owner=is_owner)
        if authorization is not None:
            fields.append((b"Authorization", authorization))
    given = [value for name, value in request.headers if name.lower() == "cookie"]
    cookies = join_cookies(given if is_owner else [], cookie_header(jar, url))
    if cookies:
        fields.append((b"Cookie", _bytes(cookies)))
    return fields


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


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
