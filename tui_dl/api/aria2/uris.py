"""Lists of addresses as aria2 takes them: several of one call are mirrors of one file.

Must not fetch anything and must not rewrite an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tui_dl.api.aria2.errors import RpcError
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import parse_url

MOST_URIS = 1024
"""A parameterised address stands for no more than this."""

_PARAMETER = re.compile(r"\{([^{}]*)\}|\[([0-9]+)-([0-9]+)(?::([0-9]+))?\]|\[([a-z])-([a-z])\]")


@dataclass(frozen=True, slots=True)
class Edit:
    """Addresses after an edit, and how many went and came."""

    uris: tuple[str, ...]
    deleted: int
    added: int


def is_usable(uri: str) -> bool:
    """Return whether this is an address that can be downloaded."""
    try:
        parse_url(uri)
    except UsageError:
        return False
    return True


def usable(uris: Iterable[str], *, parameterized: bool = False) -> list[str]:
    """Return the addresses that can be downloaded, in order, each once.

    Raises:
        RpcError: a parameterised address stands for too many.
    """
    found: dict[str, None] = {}
    for uri in uris:
        for one in expand(uri) if parameterized else (uri,):
            if is_usable(one):
                found.setdefault(one)
    return list(found)


def expand(uri: str) -> list[str]:
    """Write out ``{a,b}``, ``[1-3]``, ``[01-10:3]`` and ``[a-c]``, the last one fastest.

    Raises:
        RpcError: that is more than ``MOST_URIS``, or a bracket is empty.
    """
    found = [""]
    end = 0
    for match in _PARAMETER.finditer(uri):
        values = _values(match)
        if not values or len(found) * len(values) > MOST_URIS:
            raise RpcError("The parameterized URI cannot be expanded.")
        fixed = uri[end : match.start()]
        found = [head + fixed + value for head in found for value in values]
        end = match.end()
    return [head + uri[end:] for head in found]


def _values(match: re.Match[str]) -> Sequence[str]:
    if match[1] is not None:
        return match[1].split(",")
    if match[2] is not None:
        if max(len(match[2]), len(match[3]), len(match[4] or "")) > 18:
            return ()
        step = int(match[4] or 1)
        numbers = range(int(match[2]), int(match[3]) + 1, step) if step else range(0)
        width = len(match[2])
        return [f"{number:0{width}}" for number in numbers[: MOST_URIS + 1]]
    return [chr(code) for code in range(ord(match[5]), ord(match[6]) + 1)]


def edit(uris: Sequence[str], gone: Iterable[str], fresh: Iterable[str], at: int | None) -> Edit:
    """Take addresses out and put others in, as changeUri does.

    Each of ``gone`` takes out one copy. A download always keeps one address: the last one
    stays when nothing comes in its place.
    """
    kept, deleted = list(uris), 0
    added = [uri for uri in fresh if is_usable(uri)]
    for uri in gone:
        if uri in kept and (added or len(kept) > 1):
            kept.remove(uri)
            deleted += 1
    place = len(kept) if at is None else min(at, len(kept))
    return Edit((*kept[:place], *added, *kept[place:]), deleted, len(added))
