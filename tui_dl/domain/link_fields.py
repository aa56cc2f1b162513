"""Link header fields (RFC 8288), as far as downloads need them: mirrors and Metalink documents.

Pure. What cannot be read is skipped. Must not decide whether a link is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.metalink import MEDIA_TYPES
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import ParsedUrl, resolve_redirect

MOST_LINKS = 64
_LOWEST_PRIORITY = 999_999

_TARGET = late_pattern(r"[\s,]*<([^>]*)>")
_PARAMETER = late_pattern(
    r"""\s*;\s*(?:([A-Za-z0-9!#$&+.^_`|~*-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?"""
)


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads, and its parameters by lower-case name, the first of each."""

    target: str
    parameters: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return a parameter, empty when it is absent."""
        return dict(self.parameters).get(name, "")

    def has_relation(self, name: str) -> bool:
        """Return whether ``rel`` lists ``name``."""
        return name in self.get("rel").lower().split()


def parse_links(values: Iterable[str]) -> list[Link]:
    """Return the links of all Link fields of a reply, in order, at most ``MOST_LINKS``."""
    found: list[Link] = []
    for value in values:
        for link in _links(value):
            if len(found) == MOST_LINKS:
                return found
            found.append(link)
    return found


def mirrors_of(links: Iterable[Link], base: ParsedUrl) -> tuple[str, ...]:
    """Return the addresses of mirrors, the best first (RFC 6249 section 3).

    Those of another scheme than http and https are left out, and from https no link leads
    to http. ``base`` is where the reply came from.
    """
    ranked: list[tuple[int, str]] = []
    for link in links:
        url = _resolved(link, base) if link.has_relation("duplicate") else None
        if url is not None and url != base.raw:
            ranked.append((_priority(link.get("pri")), url))
    ranked.sort(key=lambda pair: pair[0])
    return tuple(dict.fromkeys(url for _, url in ranked))


def metalink_of(links: Iterable[Link], base: ParsedUrl) -> str | None:
    """Return the address of the Metalink document that describes the file, if one does."""
    for link in links:
        kind = link.get("type").partition(";")[0].strip().lower()
        if link.has_relation("describedby") and kind in MEDIA_TYPES:
            return _resolved(link, base)
    return None


def _links(value: str) -> Iterator[Link]:
    at = 0
    while (match := _TARGET.match(value, at)) is not None:
        at = match.end()
        parameters: dict[str, str] = {}
        while (part := _PARAMETER.match(value, at)) is not None:
            at = part.end()
            if part[1]:
                quoted = part[2]
                text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else part[3] or ""
                parameters.setdefault(part[1].lower(), text)
        yield Link(match[1].strip(), tuple(parameters.items()))
        comma = value.find(",", at)
        if comma < 0 or value[at:comma].strip():
            return  # what follows is no list of links any more
        at = comma + 1


def _priority(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= 6
    return int(text) if is_number else _LOWEST_PRIORITY


def _resolved(link: Link, base: ParsedUrl) -> str | None:
    try:
        url = resolve_redirect(base, link.target)
    except UsageError:  # another scheme, or nothing that can be asked
        return None
    if base.scheme == "https" and url.scheme != "https":
        return None
    return url.raw
