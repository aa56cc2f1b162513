"""Texts of a command line or an input file to values. Pure; every refusal is a sentence.

Must not know click: ``options.py`` wraps these for flags, ``requests.py`` uses them for files.
"""

from __future__ import annotations

from tui_dl.domain.digests import parse_checksum
from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.model import Digest
from tui_dl.domain.routes import check_interface, parse_proxy, parse_resolve
from tui_dl.domain.units import parse_duration, parse_size
from tui_dl.domain.urls import parse_url

MAX_CONNECTIONS = 64
MAX_SLOTS = 100
MAX_TRIES = 10_000
MAX_SECONDS = 86_400.0
_GID = late_pattern(r"(?!0{16})[0-9a-f]{16}")


def connections(text: str) -> int:
    """Return a number of connections, 1 to 64."""
    return _whole(text, 1, MAX_CONNECTIONS)


def slots(text: str) -> int:
    """Return a number of downloads at once, 1 to 100."""
    return _whole(text, 1, MAX_SLOTS)


def tries(text: str) -> int:
    """Return a number of tries; 0 is endless."""
    return _whole(text, 0, MAX_TRIES)


def seconds(text: str) -> float:
    """Return a time in seconds out of ``30`` or ``5m``, above 0 and at most a day."""
    value = parse_duration(text)
    if not 0 < value <= MAX_SECONDS:
        raise UsageError("The time must be above 0 and at most a day.")
    return value


def limit(text: str) -> int:
    """Return bytes per second out of ``500K`` or ``2M``; 0 is unlimited."""
    return parse_size(text)


def checksum(text: str) -> Digest:
    """Return the digest that ``sha-256=HEX`` names."""
    return parse_checksum(text)


def url(text: str) -> str:
    """Return the text if it is an address that can be asked."""
    parse_url(text)
    return text


def gid(text: str) -> str:
    """Return aria2's name of a download: sixteen hex digits, not all of them 0."""
    value = text.lower()
    if not _GID.fullmatch(value):
        raise UsageError("A gid is sixteen hex digits.")
    return value


def header(text: str) -> tuple[str, str]:
    """Return name and value of ``Name: value``."""
    from tui_dl.net.request import check_user_headers

    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(f"{name!r} is not a header; write 'Name: value'.")
    pair = (name.strip(), value.strip())
    check_user_headers([pair])
    return pair


def user_agent(text: str) -> str:
    """Return the text if it can be sent as User-Agent."""
    return _field("user-agent", text)


def referer(text: str) -> str:
    """Return the text if it can be sent as Referer."""
    return _field("referer", text)


def proxy(text: str) -> str:
    """Return the address of a proxy as it was given; empty is none at all."""
    if text:
        parse_proxy(text)
    return text


def interface(text: str) -> str:
    """Return the name of a network interface, or an address of this machine."""
    return check_interface(text)


def resolve(text: str) -> str:
    """Return ``HOST:PORT:ADDRESS`` as it was given."""
    parse_resolve(text)
    return text


def flag(text: str) -> bool:
    """Return what aria2's ``true`` or ``false`` says."""
    if text in ("true", "false"):
        return text == "true"
    raise UsageError(f"{text!r} must be true or false.")


def _field(name: str, text: str) -> str:
    from tui_dl.net.request import check_header_value

    check_header_value(name, text)
    return text


def _whole(text: str, low: int, high: int) -> int:
    # Nine digits are enough for everything here, and int() refuses very many of them.
    if text.isascii() and text.isdecimal() and len(text) <= 9 and low <= int(text) <= high:
        return int(text)
    raise UsageError(f"{text!r} is not a whole number from {low} to {high}.")
