"""A moment to come, as people type it: a time of day, a wait, or a date. Pure but for ``now``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.units import parse_duration

_CLOCK = late_pattern(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_EXAMPLE = "Write it like 23:30, +2h, or 2030-01-31T06:00."


def read_moment(text: str, now: datetime | None = None) -> datetime:
    """Return the aware UTC moment of ``23:30`` (the next one), ``+2h``, or an ISO date.

    A date without a zone is in this machine's own.

    Raises:
        UsageError: none of these.
    """
    now = datetime.now(UTC) if now is None else now
    text = text.strip()
    if text.startswith("+"):
        try:
            return now + timedelta(seconds=parse_duration(text[1:]))
        except UsageError as error:
            raise UsageError(f"{text!r} is not a wait. {_EXAMPLE}") from error
    if match := _CLOCK.fullmatch(text):
        return _next_time(int(match[1]), int(match[2]), now)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is not a moment. {_EXAMPLE}") from error


def _next_time(hour: int, minute: int, now: datetime) -> datetime:
    today = now.astimezone().replace(tzinfo=None)
    for days in range(2):
        # Naive on purpose: the offset of that day counts, not the one of today.
        wanted = (today + timedelta(days=days)).replace(
            hour=hour, minute=minute, second=0, microsecond=0
        )
        moment = wanted.astimezone(UTC)
        if moment > now:
            return moment
    return moment
