"""Profiles by the time of day: what all downloads together may do, and until when.

Owns the grammar and the arithmetic of wall clocks. Must not read a clock: the
caller hands in the moment, and the way from an instant to the wall.

A schedule is a row of rules parted by ``;``, the last one that fits wins::

    23:00-07:00 full; 07:00-23:00 1M; mon-fri 09:00-17:00 pause

A rule is days (``mon-fri``, ``sat,sun``; none is every day), a stretch of the day, and
``full``, ``pause`` or a rate. A stretch that ends before it begins runs over midnight, and
its days are those that it begins on. When no rule fits, the ordinary limit is in force.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.units import parse_size

Wall = Callable[[datetime], datetime]
"""From an aware instant to the naive time that the wall clock shows then."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
HORIZON_DAYS = 8
"""After a week everything has been seen; the day more covers a clock that is put back."""

_TIME = late_pattern(r"([0-9]{1,2}):([0-9]{2})")
_RULE_EXAMPLE = "Write it like 23:00-07:00 full, or mon-fri 09:00-17:00 500k."


@dataclass(frozen=True, slots=True)
class Profile:
    """What is allowed for a while."""

    limit_bps: int = 0
    """0 is unlimited."""
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class ScheduleRule:
    """One rule. Minutes count from midnight; the end is exclusive, and may be the day's."""

    start_minute: int
    end_minute: int
    profile: Profile
    days: frozenset[int] = frozenset(range(7))
    """0 is Monday."""

    def fits(self, weekday: int, minute: int) -> bool:
        """Return whether a minute of the week lies in the rule's stretch."""
        if self.start_minute < self.end_minute:
            return weekday in self.days and self.start_minute <= minute < self.end_minute
        if minute >= self.start_minute:
            return weekday in self.days
        return minute < self.end_minute and (weekday - 1) % 7 in self.days


@dataclass(frozen=True, slots=True)
class Schedule:
    """All rules, the last one that fits wins."""

    rules: tuple[ScheduleRule, ...] = ()

    def profile_at(self, wall: datetime) -> Profile | None:
        """Return what a wall clock's time allows; ``None``: no rule speaks of it."""
        weekday, minute = wall.weekday(), wall.hour * 60 + wall.minute
        for rule in reversed(self.rules):
            if rule.fits(weekday, minute):
                return rule.profile
        return None

    def next_change(self, now: datetime, wall: Wall) -> datetime | None:
        """Return the next instant at which something else is in force; ``None``: never.

        Right over days on which the clock is put forward or back.
        """
        if not self.rules:
            return None
        before = self.profile_at(wall(now))
        minutes = sorted({m for r in self.rules for m in (r.start_minute, r.end_minute)})
        for moment in _moments(now, minutes, wall):
            if self.profile_at(wall(moment)) != before:
                return moment
        return None


NO_SCHEDULE = Schedule()


def _moments(now: datetime, minutes: list[int], wall: Wall) -> Iterator[datetime]:
    """Yield every instant after ``now`` at which a rule may begin or end, in order."""
    start, horizon = now, now + timedelta(days=HORIZON_DAYS)
    while start < horizon:
        end = _next_jump(start, horizon, wall)
        offset = _offset(start, wall)
        midnight = wall(start).replace(hour=0, minute=0, second=0, microsecond=0)
        while True:
            for minute in minutes:
                # The wall and an aware instant differ by the offset alone until the jump.
                ahead = midnight + timedelta(minutes=minute) - offset
                moment = start + (ahead - start.replace(tzinfo=None))
                if start < moment < end:
                    yield moment
            midnight += timedelta(days=1)
            if midnight - offset >= end.replace(tzinfo=None):
                break
        yield end
        start = end


def _offset(moment: datetime, wall: Wall) -> timedelta:
    return wall(moment) - moment.replace(tzinfo=None)


def _next_jump(start: datetime, horizon: datetime, wall: Wall) -> datetime:
    """Return the first instant with another offset than ``start``, to the minute, or the end."""
    offset, hour = _offset(start, wall), timedelta(hours=1)
    low = start
    while low < horizon and _offset(low + hour, wall) == offset:
        low += hour
    if low >= horizon:
        return horizon
    low = low.replace(second=0, microsecond=0) if low > start else low
    high = (low + hour).replace(second=0, microsecond=0)
    while high - low > timedelta(minutes=1):
        middle = (low + (high - low) / 2).replace(second=0, microsecond=0)
        if middle <= low:
            break
        low, high = (middle, high) if _offset(middle, wall) == offset else (low, middle)
    return high


def local_wall(moment: datetime) -> datetime:
    """Return what a clock on this machine's wall shows at an instant."""
    return moment.astimezone().replace(tzinfo=None)


def wall_time(moment: datetime, now: datetime) -> str:
    """Return a moment to come for the eye: ``18:00``, with its day when that is a day away."""
    is_far = moment - now >= timedelta(days=1)
    return format(local_wall(moment), "%a %H:%M" if is_far else "%H:%M")


@lru_cache(maxsize=16)
def parse_schedule(text: str) -> Schedule:
    """Read a schedule; an empty text is an empty one.

    Raises:
        UsageError: with the number of the rule and what is wrong in it.
    """
    rules: list[ScheduleRule] = []
    for number, piece in enumerate(re.split(r"[;\n]", text), start=1):
        words = piece.split()
        if not words:
            continue
        try:
            rules.append(_rule(words))
        except UsageError as error:
            raise UsageError(f"Rule {number} of the schedule: {error.message}") from error
    return Schedule(tuple(rules))


def _rule(words: list[str]) -> ScheduleRule:
    if len(words) not in (2, 3):
        raise UsageError(f"It takes days, if any, then a time and a rate. {_RULE_EXAMPLE}")
    *days, stretch, word = words
    start, end = _stretch(stretch)
    return ScheduleRule(start, end, _profile(word), _days(days[0]) if days else frozenset(range(7)))


def _stretch(text: str) -> tuple[int, int]:
    first, dash, second = text.partition("-")
    if not dash:
        raise UsageError(f"{text!r} is not a stretch of the day. {_RULE_EXAMPLE}")
    start, end = _minute(first), _minute(second)
    if start in (end, DAY_MINUTES):
        raise UsageError(f"{text!r} is empty; the whole day is 00:00-24:00.")
    return start, end


def _minute(text: str) -> int:
    match = _TIME.fullmatch(text)
    minute = -1 if match is None else int(match[1]) * 60 + int(match[2])
    if match is None or int(match[2]) > 59 or minute > DAY_MINUTES:
        raise UsageError(f"{text!r} is not a time from 00:00 to 24:00.")
    return minute


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for piece in text.lower().split(","):
        first, dash, last = piece.partition("-")
        for name in (first, last) if dash else (first,):
            if name not in DAYS:
                raise UsageError(f"{name!r} is not a day; they are {', '.join(DAYS)}.")
        start = DAYS.index(first)
        count = (DAYS.index(last) - start) % 7 + 1 if dash else 1
        found.update((start + step) % 7 for step in range(count))
    return frozenset(found)


def _profile(word: str) -> Profile:
    if word.lower() == "pause":
        return Profile(is_paused=True)
    if word.lower() == "full":
        return Profile()
    try:
        limit_bps = parse_size(word)
    except UsageError as error:
        raise UsageError(f"{word!r} is neither full, nor pause, nor a rate such as 1M.") from error
    return Profile(limit_bps)
