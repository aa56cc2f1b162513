"""URLs as the user wrote them, cut into what a connection and a request line need.

Owns parsing and redirect resolution; hiding secrets is ``redaction.py``. The target keeps
the user's bytes: a rewritten percent code breaks a signature (trap H39). Must not resolve
names or judge whether a host may be reached. No sentence here repeats the URL: it may
hold a password.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted, without_credentials

__all__ = [
    "DEFAULT_PORTS",
    "ParsedUrl",
    "parse_url",
    "redacted",
    "resolve_redirect",
    "split_url_text",
    "without_credentials",
]

DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST_HOST = 254
"""Characters of a name in the DNS, the last dot included."""

_SCHEME = late_pattern(r"([A-Za-z][A-Za-z0-9+.-]*):")
_URL = late_pattern(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_CONTROLS = late_pattern(r"[\x00-\x1f\x7f]")
_HOST = late_pattern(
    rf"(?=.{{1,{LONGEST_HOST}}}\Z)(?:[a-z0-9_~-]{{1,63}}\.)*[a-z0-9_~-]{{1,63}}\.?"
)
_PORT = late_pattern(r"[0-9]{1,5}")
_SURROGATE = late_pattern(r"[\ud800-\udfff]")
_LOST_BYTE = late_pattern(r"[\udc80-\udcff]")
_NOT_SENT_RAW = late_pattern(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """An http or https URL, ready for a connection and a request line."""

    raw: str = field(repr=False)
    """The text that was parsed, without spaces around it. Of a redirect: what is sent."""
    scheme: str
    host: str
    """Lower case, punycode, IPv6 without brackets."""
    port: int
    target: str = field(repr=False)
    """Path and query for the request line; ASCII, starts with a slash."""
    userinfo: str | None = field(default=None, repr=False)
    """``user`` or ``user:password`` as written, percent codes included."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what credentials are bound to (trap H31)."""
        return self.scheme, self.host, self.port

    @property
    def host_port(self) -> str:
        """The Host field: IPv6 in brackets, the port only when it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@lru_cache(maxsize=4096)
def parse_url(text: str) -> ParsedUrl:
    """Cut an http or https URL into its parts without rewriting the target.

    Spaces become ``%20``, characters outside ASCII their UTF-8 percent codes, the fragment
    is cut; nothing else in path and query changes (RFC 3986 section 3, trap H39).

    Raises:
        UsageError: no such URL, with a sentence that says what is wrong.
    """
    raw = text.strip()
    if not raw:
        raise _invalid("The URL is empty.")
    if _CONTROLS.search(raw):
        raise _invalid("The URL has a line break or another control character in it.")
    if _SURROGATE.search(raw):
        raise _invalid("The URL has bytes in it that are no text.")
    match = _URL.fullmatch(raw)
    if match is None:
        raise _no_scheme(raw)
    scheme = match[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise UsageError(
            f"Only http:// and https:// can be downloaded, not {scheme}://.",
            code=ErrorCode.UNSUPPORTED_SCHEME,
        )
    if "\\" in match[2]:
        raise _invalid("The URL has a backslash before its path; write slashes.")
    userinfo, at, host_port = match[2].rpartition("@")
    host, port = _host_and_port(host_port, scheme)
    return ParsedUrl(raw, scheme, host, port, _target(match[3]), userinfo if at else None)


def resolve_redirect(base: ParsedUrl, location: str) -> ParsedUrl:
    """Return where a Location field leads (RFC 3986 section 5.2, RFC 9110 section 10.2.2).

    ``location`` may be header bytes decoded as Latin-1: when those bytes are UTF-8 they
    are read as that, else each byte keeps its value. Credentials of ``base`` stay only
    when the reference names no host of its own.

    Raises:
        UsageError: an empty or broken Location, or a scheme that we do not fetch.
    """
    reference = _undo_latin_1(location).strip()
    if not reference:
        raise _invalid("The server redirects without saying where.")
    if _SCHEME.match(reference):
        return _settled(parse_url(reference))
    if reference.startswith("//"):
        return _settled(parse_url(f"{base.scheme}:{reference}"))
    reference = reference.partition("#")[0]
    path, _mark, _query = base.target.partition("?")
    if not reference or reference.startswith("?"):
        # Only here the base's path stays as it is, dots and all.
        target = path + reference if reference else base.target
        return _spelt_out(parse_url(_prefix(base) + target))
    if not reference.startswith("/"):
        reference = path[: path.rindex("/") + 1] + reference
    return _settled(parse_url(_prefix(base) + reference))


def split_url_text(text: str) -> list[str]:
    """Split pasted text at white space into URLs. A comma belongs to its URL (trap H39).

    Angle brackets or quotes around a whole URL, as mail and shells write them, fall off.
    """
    pieces = (_unwrapped(piece) for piece in text.replace("\ufeff", " ").split())
    return [piece for piece in pieces if piece]


def _invalid(message: str) -> UsageError:
    return UsageError(message, code=ErrorCode.INVALID_URL)


def _no_scheme(raw: str) -> UsageError:
    """Say what is wrong with a text that is not SCHEME://SOMETHING."""
    match = _SCHEME.match(raw)
    if match is None or raw[match.end() :][:1].isdigit():  # "host:8080/file" is no scheme
        return _invalid("The URL has no scheme: write https:// or http:// in front of it.")
    scheme = match[1].lower()
    if scheme in DEFAULT_PORTS:
        return _invalid(f"The URL needs two slashes after its scheme, as in {scheme}://.")
    return UsageError(
        f"Only http:// and https:// can be downloaded, not {scheme}:.",
        code=ErrorCode.UNSUPPORTED_SCHEME,
    )


def _host_and_port(text: str, scheme: str) -> tuple[str, int]:
    """Cut and check ``host``, ``host:port`` or ``[v6]:port``."""
    if text.startswith("["):
        inner, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise _invalid("The IPv6 address in the URL must stand in brackets: [::1].")
        return _ipv6(inner), _port(rest[1:], scheme)
    host, _colon, port = text.partition(":")
    if ":" in port:
        raise _invalid("The URL has too many colons; an IPv6 address needs brackets: [::1].")
    return _name(host), _port(port, scheme)


def _ipv6(text: str) -> str:
    """Return the address in its shortest form, so that equal hosts compare equal."""
    try:
        address = IPv6Address(text)
    except AddressValueError as error:
        raise _invalid("The URL has a broken IPv6 address.") from error
    if address.scope_id is not None:
        raise _invalid("The URL has an IPv6 address with a zone, which cannot be used.")
    return address.compressed


def _name(text: str) -> str:
    """Return the host in lower case and punycode."""
    if not text:
        raise _invalid("The URL has no host.")
    host = text
    # The length first: the codec takes very long over very long names.
    if not text.isascii() and len(text) <= LONGEST_HOST:
        try:
            host = text.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise _invalid("The host of the URL is not a name that can be looked up.") from error
    host = host.lower()
    # After the coding, because it turns look-alikes of "/" and "@" into the real ones.
    if not _HOST.fullmatch(host):
        raise _invalid("The host of the URL has characters that no host may have.")
    return host


def _port(text: str, scheme: str) -> int:
    """Return the port number; nothing behind the colon is the usual one."""
    if not text:
        return DEFAULT_PORTS[scheme]
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        raise _invalid("The port of the URL must be a number from 1 to 65535.")
    return int(text)


def _target(rest: str) -> str:
    """Return path and query for the request line."""
    target = rest.partition("#")[0]
    if not target.startswith("/"):
        target = "/" + target
    return _NOT_SENT_RAW.sub(_percent, target)


def _percent(match: re.Match[str]) -> str:
    """Percent-code one character as UTF-8."""
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8"))


def _undo_latin_1(text: str) -> str:
    """Read Latin-1 text as the UTF-8 that it mostly is; other bytes become percent codes."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    decoded = raw.decode("utf-8", "surrogateescape")
    return _LOST_BYTE.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", decoded)


def _prefix(url: ParsedUrl) -> str:
    """Return everything before the target."""
    userinfo = "" if url.userinfo is None else f"{url.userinfo}@"
    return f"{url.scheme}://{userinfo}{url.host_port}"


def _settled(url: ParsedUrl) -> ParsedUrl:
    """Return the URL without dot segments in its path."""
    path, mark, query = url.target.partition("?")
    return _spelt_out(replace(url, target=_without_dots(path) + mark + query))


def _spelt_out(url: ParsedUrl) -> ParsedUrl:
    """Return the URL with a ``raw`` that is what will be sent."""
    return replace(url, raw=_prefix(url) + url.target)


def _without_dots(path: str) -> str:
    """Take ``.`` and ``..`` out of an absolute path (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    *folders, last = path.split("/")[1:]
    for segment in folders:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if last == "..":
        del kept[-1:]
    kept.append("" if last in (".", "..") else last)
    return "/" + "/".join(kept)


def _unwrapped(piece: str) -> str:
    """Take one pair of brackets or quotes off."""
    for first, last in (("<", ">"), ('"', '"'), ("'", "'")):
        if len(piece) >= 2 and piece.startswith(first) and piece.endswith(last):
            return piece[1:-1]
    return piece
