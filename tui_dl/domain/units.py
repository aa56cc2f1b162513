"""Sizes, rates and times as people write and read them.

Shown sizes are decimal (1 kB = 1000 B) with three digits. Typed sizes follow the hands of
aria2 users: a bare K or M counts in 1024s. Must not know where a figure is shown.
"""

from __future__ import annotations

import math
import re

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern

UNKNOWN = "–"
LARGEST_SIZE = 2**63 - 1

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_GROUP = "\u00a0"
_NUMBER = r"([0-9]{1,20}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})"
_SIZE = late_pattern(rf"{_NUMBER} ?([a-z]*)(?:/s)?", re.IGNORECASE | re.ASCII)
_FACTORS = {"": 1, "b": 1} | {
    spelling: base**power
    for power, letter in enumerate("kmgtpe", start=1)
    for spelling, base in ((letter, 1024), (letter + "b", 1000), (letter + "ib", 1024))
}
_STEP = late_pattern(rf"\s*{_NUMBER}\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_STEP_MS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_S = 10**9
_SIZE_EXAMPLE = "Write it like 500k, 2M, 1.5GiB or 10MB; 0 is unlimited."
_TIME_EXAMPLE = "Write it like 30, 90s, 5m or 1h30m."


def format_size(size_bytes: int) -> str:
    """Return a size with three digits: ``999 B``, ``1.00 kB``, ``3.71 GB``, ``12.3 MB``.

    Rounded to the nearest, halves up; what rounds to 1000 moves to the next unit.
    """
    if size_bytes < 0:
        return "-" + format_size(-size_bytes)
    if size_bytes < 1000:
        return f"{size_bytes} B"
    # Whole numbers all the way: a float would be wrong above 2**53 (trap H14).
    for power, unit in enumerate(_UNITS[1:], start=1):
        for decimals in (2, 1, 0):
            digits = (2 * size_bytes * 10**decimals + 1000**power) // (2 * 1000**power)
            if digits < 1000:
                return f"{_with_point(digits, decimals)} {unit}"
    return f"{digits} {unit}"


def format_rate(rate_bps: float) -> str:
    """Return a rate: ``3.71 MB/s``; a figure that is no number is an en dash."""
    if not math.isfinite(rate_bps):
        return UNKNOWN
    return f"{format_size(math.floor(rate_bps + 0.5))}/s"


def format_exact(size_bytes: int) -> str:
    """Return every digit, in groups of three with hard spaces: ``5 368 709 120 bytes``."""
    word = "byte" if size_bytes == 1 else "bytes"
    return f"{size_bytes:,}".replace(",", _GROUP) + _GROUP + word


def format_duration(seconds: float | None) -> str:
    """Return the two largest steps: ``12s``, ``4m 05s``, ``1h 12m``, ``3d 04h``.

    Rounded to whole seconds, then cut, not rounded. ``None`` and what is no number are an
    en dash, below zero is ``0s``, 100 days and more are ``>99d``.
    """
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    whole_s = max(0, math.floor(seconds + 0.5))
    minutes, second = divmod(whole_s, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days >= 100:
        return ">99d"
    if days:
        return f"{days}d {hour:02}h"
    if hours:
        return f"{hours}h {minute:02}m"
    return f"{minutes}m {second:02}s" if minutes else f"{second}s"


def parse_size(text: str) -> int:
    """Read a size or rate in bytes; ``0`` and ``unlimited`` are 0.

    K, M, G, T count in 1024s, KB, MB in 1000s, KiB, MiB in 1024s; case does not matter, a
    ``/s`` behind it neither. Parts of a byte are cut, but something never becomes nothing.

    Raises:
        UsageError: not such a text, or more than 2**63 - 1.
    """
    stripped = text.strip()
    if stripped.lower() in ("unlimited", "none"):
        return 0
    match = _SIZE.fullmatch(stripped)
    factor = None if match is None else _FACTORS.get(match[2].lower())
    if match is None or factor is None:
        raise UsageError(f"This is not a size. {_SIZE_EXAMPLE}")
    from fractions import Fraction  # only typed sizes need it, and it is slow to load

    exact = Fraction(match[1]) * factor
    size_bytes = int(exact)
    if size_bytes > LARGEST_SIZE:
        raise UsageError("This size is larger than any file. " + _SIZE_EXAMPLE)
    # 0 means unlimited: a tiny limit must not turn into none.
    return max(1, size_bytes) if exact else 0


def parse_duration(text: str) -> float:
    """Read a time in seconds: ``30``, ``1.5``, ``500ms``, ``5m``, ``1h30m``, ``2h 5m 10s``.

    A number without a unit is seconds and stands alone.

    Raises:
        UsageError: not such a text, a unit twice, or more than some 31 years.
    """
    from fractions import Fraction  # only typed times need it, and it is slow to load

    stripped = text.strip().lower()
    total = Fraction(0)
    seen: set[str] = set()
    position = 0
    while position < len(stripped):
        match = _STEP.match(stripped, position)
        if match is None:
            raise UsageError(f"This is not a time. {_TIME_EXAMPLE}")
        unit = match[2] or "s"
        alone = match.start() == 0 and match.end() == len(stripped)
        if unit not in _STEP_MS or unit in seen or not (match[2] or alone):
            raise UsageError(f"This is not a time. {_TIME_EXAMPLE}")
        seen.add(unit)
        total += Fraction(match[1]) * _STEP_MS[unit] / 1000
        position = match.end()
    if not seen or total > _LONGEST_S:
        raise UsageError(f"This is not a time that can be waited for. {_TIME_EXAMPLE}")
    return float(total)


def _with_point(digits: int, decimals: int) -> str:
    """Write ``371`` with two decimals as ``3.71``."""
    if not decimals:
        return str(digits)
    text = str(digits)
    return f"{text[:-decimals]}.{text[-decimals:]}"
