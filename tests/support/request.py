"""Reads request heads and their Range. Lenient on purpose: odd input is logged, not refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def parse_range(value: str | None) -> tuple[int, int | None] | None:
    """Read a single byte range, half-open; a suffix of n bytes is (-n, None).

    ``None``: absent, several ranges, or no range at all.
    """
    match = _RANGE.match((value or "").replace(" ", ""))
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return (-int(last), None) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), int(last) + 1 if last else None


@dataclass(frozen=True, slots=True)
class Request:
    """One request head. ``target`` and header values are as they came, read as Latin-1."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    raw: bytes

    @property
    def path(self) -> str:
        """The target without query, and without scheme and host when a proxy was asked."""
        if "://" in self.target.split("?", 1)[0]:
            return urlsplit(self.target).path or "/"
        return self.target.split("?", 1)[0]

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def range(self) -> tuple[int, int | None] | None:
        """The single range asked for, half-open: (start, end or None); (-n, None) is a suffix."""
        return parse_range(self.header("range"))

    @property
    def keeps_connection(self) -> bool:
        """Whether the client lets the connection live on."""
        option = (self.header("connection") or "").lower()
        return "keep-alive" in option if self.version == "HTTP/1.0" else "close" not in option

    @property
    def body_bytes(self) -> int:
        """Declared length of the request body."""
        value = self.header("content-length") or "0"
        return int(value) if value.isdigit() else 0


def parse_head(raw: bytes) -> Request:
    """Read a head that ends with an empty line.

    Raises:
        ValueError: the request line has no three words.
    """
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, version = first.split(" ")
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    return Request(method, target, version, headers, raw)
