"""What the engine asks for: one GET, its conditions, and whom its secrets belong to.

Owns the checks of header fields. Must not do I/O, and must not touch the URL's bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from tui_dl.domain.errors import UsageError
from tui_dl.domain.hosts import ANY_HOST, HostRule
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import ANY_ROUTE, NO_PLAN, ProxyPlan, Route
from tui_dl.net.tls import SYSTEM_TLS, TlsOptions

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110 section 5.6.2."""
VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
"""RFC 9110 section 5.5: no controls, and no blank at either end. May also be empty."""

BEARER = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""RFC 6750 section 2.1."""

OURS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "range",
        "if-range",
        "accept-encoding",
        "expect",
        "te",
        "trailer",
        "upgrade",
        "keep-alive",
        "proxy-connection",
    }
)
"""Fields that frame or route a request: a caller's own would break ranges or leak."""

Origin = tuple[str, str, int]
"""Scheme, host and port (RFC 6454): secrets are bound to all three."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One GET with everything that decides how it is sent. Times are seconds."""

    url: str = field(repr=False)
    """The user's exact text."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Extra fields, bound to ``headers_origin``."""
    range_start: int | None = None
    range_end: int | None = None
    """Half-open; ``None`` is to the end."""
    if_range: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    user_agent: str = ""
    """Empty: the client's own."""
    referer: str | None = None
    http_user: str | None = None
    http_password: str | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)
    """A token for ``headers_origin`` (RFC 6750), in place of user and password."""
    waits_for_challenge: bool = False
    """Send user and password only when the server asks: Digest then never shows them."""
    netrc_file: str | None = None
    """In place of the user's own netrc."""
    proxy: str | None = field(default=None, repr=False)
    """``None``: the environment decides, if the client looks at it. Empty: no proxy."""
    no_proxy: str | None = None
    """Hosts without a proxy, in place of those of the plan."""
    proxy_plan: ProxyPlan = field(default=NO_PLAN, repr=False)
    """What holds where ``proxy`` is ``None``."""
    route: Route = ANY_ROUTE
    http2: bool = False
    """Offer HTTP/2 to https servers that are reached without a proxy."""
    tls: TlsOptions = SYSTEM_TLS
    connect_timeout_s: float = 15.0
    """For names, TCP and TLS together."""
    head_timeout_s: float = 30.0
    """Wall clock from having a connection to the end of the final head."""
    max_redirects: int = 20
    private_redirects_allowed: bool = True
    """Off: a redirect may not lead to a narrower scope, as from public to private."""
    cookies: CookieJar | None = None
    """The jar of the job; redirects fill it. ``None``: one that lives for this call."""
    use_netrc: bool = True
    head_only: bool = False
    """Ask with HEAD: the reply has no body, whatever its length says."""
    named_by: str | None = None
    """IP address of the server that gave us ``url``: it counts as a redirect from there."""
    hosts: HostRule = ANY_HOST
    """Which hosts may be asked, on every hop."""
    headers_origin: Origin | None = None
    """Whom headers, referer and credentials belong to; ``None``: the origin of ``url``."""

    def __post_init__(self) -> None:
        """Refuse what could not be sent.

        Raises:
            UsageError: the range or a header field is malformed.
        """
        start, end = self.range_start, self.range_end
        if start is None and end is not None:
            raise UsageError("A range needs a start; suffix ranges are not used.")
        if start is not None and (start < 0 or (end is not None and end <= start)):
            raise UsageError(f"The range {start} to {end} is empty or negative.")
        check_user_headers(self.headers)
        if self.bearer is not None:
            check_bearer(self.bearer)
        for name in ("if_range", "if_none_match", "if_modified_since", "user_agent", "referer"):
            value = getattr(self, name)
            if value is not None:
                check_header_value(name.replace("_", "-"), value)


def check_user_headers(headers: Iterable[tuple[str, str]]) -> None:
    """Refuse header fields that a user may not set, or that cannot be sent.

    Raises:
        UsageError: a name is no token, a value has controls or characters beyond Latin-1
            (RFC 9110 sections 5.1 and 5.5), or the field is one that tui-dl sets itself.
    """
    for name, value in headers:
        if TOKEN.fullmatch(name) is None:
            raise UsageError(f"{name!r} is not a header name.")
        if name.lower() in OURS:
            raise UsageError(f"The header {name} is set by tui-dl itself and cannot be given.")
        check_header_value(name, value)


def check_bearer(token: str) -> None:
    """Refuse a token that cannot be sent (RFC 6750 section 2.1).

    Raises:
        UsageError: without the token in its words.
    """
    if BEARER.fullmatch(token) is None:
        raise UsageError(
            "A bearer token has letters, digits and - . _ ~ + / only, perhaps = at its end."
        )


def check_header_value(name: str, value: str) -> None:
    """Refuse a value that RFC 9110 section 5.5 does not allow.

    Raises:
        UsageError: with the name of the field, never with its value: it may be a secret.
    """
    if value and VALUE.fullmatch(value) is None:
        raise UsageError(
            f"The value of the header {name} has a control character, "
            "a blank at an end, or a character beyond Latin-1."
        )
