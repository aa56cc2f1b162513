"""What the user allows single hosts: a rate, and a number of downloads at once. Pure.

``cdn.example.org slots=1 limit=2M; *.slow.net limit=500k`` — patterns as in ``hosts.py``,
the first one that fits a download's link counts. All downloads of one rule share it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tui_dl.domain.errors import UsageError
from tui_dl.domain.hosts import HostRule, host_rule
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.units import parse_size

MOST_SLOTS = 100


@dataclass(frozen=True, slots=True)
class HostLimit:
    """One rule. ``slots`` ``None`` and ``limit_bps`` 0 are unlimited."""

    hosts: HostRule
    limit_bps: int = 0
    slots: int | None = None


@lru_cache(maxsize=16)
def parse_host_limits(text: str) -> tuple[HostLimit, ...]:
    """Read rules parted by ``;``; an empty text is none.

    Raises:
        UsageError: with the number of the rule and what is wrong in it.
    """
    rules: list[HostLimit] = []
    for number, piece in enumerate(re.split(r"[;\n]", text), start=1):
        words = piece.split()
        if not words:
            continue
        try:
            rules.append(_rule(words[0], words[1:]))
        except UsageError as error:
            raise UsageError(f"Rule {number} of the hosts: {error.message}") from error
    return tuple(rules)


def _rule(pattern: str, words: list[str]) -> HostLimit:
    limit_bps, slots = 0, None
    if not words or "=" in pattern:
        raise UsageError("It takes a host and what it may: example.org slots=1 limit=2M.")
    for word in words:
        name, _, value = word.partition("=")
        if name == "limit":
            limit_bps = parse_size(value)
        elif name == "slots":
            slots = _slots(value)
        else:
            raise UsageError(f"{word!r} is neither limit=RATE nor slots=N.")
    return HostLimit(host_rule(pattern, ""), limit_bps, slots)


def _slots(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MOST_SLOTS:
        return int(text)
    raise UsageError(f"slots={text} must be a whole number from 1 to {MOST_SLOTS}.")
