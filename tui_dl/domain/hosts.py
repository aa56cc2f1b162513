"""Which hosts may be asked: patterns that somebody who runs a server writes down.

Pure. Must not resolve names: how far an address reaches is judged where connections are
made.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import LONGEST_HOST

_BREAKS = late_pattern(r"[\s,;]+")
_ADDRESS = late_pattern(r"[0-9.]+|.*:.*")


@dataclass(frozen=True, slots=True)
class HostRule:
    """Allowed and blocked patterns; what is blocked is never allowed.

    ``example.org`` is that host and all below it, ``*.example.org`` only those below it,
    ``*`` every host. Addresses are written as in a URL, without brackets.
    """

    allowed: frozenset[str] = frozenset()
    """Empty: every host."""
    blocked: frozenset[str] = frozenset()

    def allows(self, host: str) -> bool:
        """Return whether ``host`` (as ``ParsedUrl`` has it) may be asked."""
        name = host.lower().removesuffix(".")
        if any(_matches(name, pattern) for pattern in self.blocked):
            return False
        return not self.allowed or any(_matches(name, pattern) for pattern in self.allowed)


ANY_HOST = HostRule()


@lru_cache(maxsize=64)
def host_rule(allowed: str, blocked: str) -> HostRule:
    """Return the rule of two lists whose patterns are parted by blanks, commas or semicolons."""
    return HostRule(_patterns(allowed), _patterns(blocked))


def _patterns(text: str) -> frozenset[str]:
    return frozenset(_spelt_as_hosts(piece) for piece in _BREAKS.split(text) if piece)


def _spelt_as_hosts(pattern: str) -> str:
    """Return a pattern in the spelling of ``ParsedUrl.host``: lower case, punycode."""
    star = "*." if pattern.startswith("*.") else ""
    name = pattern.removeprefix(star).strip("[]").removesuffix(".")
    if not name.isascii() and len(name) <= LONGEST_HOST:
        with suppress(UnicodeError):  # no host can have that name: it stays, and fits nothing
            name = name.encode("idna").decode("ascii")
    return star + name.lower()


def _matches(name: str, pattern: str) -> bool:
    if pattern in ("*", name):
        return True
    if _ADDRESS.fullmatch(name):
        return False  # nothing is below an address
    parent = pattern.removeprefix("*.")
    return bool(parent) and name.endswith("." + parent)
