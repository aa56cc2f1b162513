"""Cookies of one job: what the jar sends, and what replies put into it (RFC 6265, H38).

Owns the way to ``http.cookiejar``, whose rules on domain, path and Secure apply. Must not
share a jar between jobs: the caller brings it.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast
from urllib.request import Request

from tui_dl.domain.urls import ParsedUrl


def deaf_jar() -> CookieJar:
    """Return a jar that takes no cookie: httpx's own, so that jobs stay apart."""
    return CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))


def job_jar() -> CookieJar:
    """Return an empty jar for one job.

    A cookie without a domain is for its host alone (RFC 6265 section 5.4); by default
    ``http.cookiejar`` sends it to the hosts below too.
    """
    own = DefaultCookiePolicy.DomainStrictNonDomain
    return CookieJar(policy=DefaultCookiePolicy(strict_ns_domain=own))


def cookie_header(jar: CookieJar, url: ParsedUrl) -> str | None:
    """Return what the jar has for ``url``."""
    if next(iter(jar), None) is None:
        return None  # the usual case, and a cheap one
    request = _request(url)
    jar.add_cookie_header(request)
    return request.get_header("Cookie")


def store_cookies(jar: CookieJar, url: ParsedUrl, set_cookie: Iterable[str]) -> None:
    """Put the Set-Cookie values of a reply from ``url`` into the jar."""
    message = Message()
    for value in set_cookie:
        message["Set-Cookie"] = value
    if message:
        jar.extract_cookies(cast("HTTPResponse", _Headers(message)), _request(url))


def join_cookies(given: Iterable[str], from_jar: str | None) -> str:
    """Merge cookies that the user gave by hand with those of the jar, which are newer."""
    fresh = [] if from_jar is None else _pairs(from_jar)
    names = {pair.partition("=")[0] for pair in fresh}
    kept = [
        pair
        for line in given
        for pair in _pairs(line)
        if pair.partition("=")[0].rstrip() not in names
    ]
    return "; ".join(kept + fresh)


def _pairs(line: str) -> list[str]:
    return [pair.strip() for pair in line.split(";") if pair.strip()]


def _request(url: ParsedUrl) -> Request:
    return Request(f"{url.scheme}://{url.host_port}{url.target}")


class _Headers:
    """The one method of a response that a jar calls."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def info(self) -> Message:
        """Return the fields."""
        return self._message
