"""The three date forms of HTTP and what is measured with them.

Must not read a clock: the caller gives ``now``. Garbage of a server is ``None``, never
an exception.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tui_dl.domain.late_pattern import late_pattern

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_ZONE = "(?:gmt|utc)"
_SHORT_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_FORMS = tuple(
    late_pattern(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_SHORT_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_CLOCK} {_ZONE}",
        rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_CLOCK} {_ZONE}",
        rf"{_SHORT_DAY} {_MONTH} (?P<day>[ 0-9][0-9]) {_CLOCK} (?P<year>[0-9]{{4}})",
    )
)
_DELAY = late_pattern(r"[0-9]+", re.ASCII)

LONGEST_RETRY_AFTER_S = 1e9
"""About 31 years. More digits say nothing more; the caller caps far below."""


def parse_http_date(value: str, *, now: datetime | None = None) -> datetime | None:
    """Read an HTTP date (IMF-fixdate, RFC 850 or asctime form) as aware UTC.

    The day name is not compared with the date. A two-digit year that lies more than 50
    years after ``now`` belongs to the past century; without ``now``, 69 and up are 19xx.
    Source: RFC 9110 section 5.6.7.
    """
    text = value.strip(" \t")
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is None:
            continue
        # A leap second exists on the wire but not in datetime: one second after :59.
        second = int(match["second"])
        leap = second == 60
        try:
            moment = datetime(
                _full_year(match["year"], now),
                _MONTHS.index(match["month"].lower()) + 1,
                int(match["day"]),
                int(match["hour"]),
                int(match["minute"]),
                59 if leap else second,
                tzinfo=UTC,
            )
            return moment + timedelta(seconds=1) if leap else moment
        except (ValueError, OverflowError):  # 31 February, hour 25, the end of year 9999
            return None
    return None


def parse_retry_after(value: str, response_date: str | None, now: datetime) -> float | None:
    """Read Retry-After as seconds to wait from now; ``None`` when it is garbage.

    A date is measured against the Date field of the same reply, so that a clock that is
    wrong here does not count (trap D15); ``now`` (aware) serves when that is missing.
    A moment in the past is 0.0. At most ``LONGEST_RETRY_AFTER_S``.
    Source: RFC 9110 section 10.2.3.
    """
    text = value.strip(" \t")
    if _DELAY.fullmatch(text):
        digits = text.lstrip("0") or "0"
        return LONGEST_RETRY_AFTER_S if len(digits) > 9 else float(digits)
    until = parse_http_date(text, now=now)
    if until is None:
        return None
    sent = None if response_date is None else parse_http_date(response_date, now=now)
    wait_s = (until - (now if sent is None else sent)).total_seconds()
    return min(max(0.0, wait_s), LONGEST_RETRY_AFTER_S)


def _full_year(digits: str, now: datetime | None) -> int:
    """Return the four-digit year that ``digits`` mean."""
    year = int(digits)
    if len(digits) == 4:
        return year
    if now is None:
        return year + (1900 if year >= 69 else 2000)
    guess = now.year - now.year % 100 + year
    return guess - 100 if guess > now.year + 50 else guess
