"""Schedules: what is in force on the wall clock, and when that changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_dl.domain.errors import UsageError
from tui_dl.domain.schedule import DAYS, Profile, Schedule, Wall, parse_schedule

MIB = 1024 * 1024
OFFICE = "23:00-07:00 full; 07:00-23:00 1M; mon-fri 09:00-17:00 pause"


def wall_of(zone: str) -> Wall:
    return lambda moment: moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


UTC_WALL = wall_of("UTC")


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("wall", "profile"),
    [
        ("2026-03-02 08:59", Profile(MIB)),  # a Monday
        ("2026-03-02 09:00", Profile(is_paused=True)),
        ("2026-03-02 17:00", Profile(MIB)),
        ("2026-03-07 12:00", Profile(MIB)),  # a Saturday
        ("2026-03-02 23:00", Profile()),
        ("2026-03-03 06:59", Profile()),
    ],
)
def test_the_last_rule_that_fits_wins(wall: str, profile: Profile) -> None:
    assert parse_schedule(OFFICE).profile_at(datetime.fromisoformat(wall)) == profile


def test_a_stretch_over_midnight_belongs_to_the_day_that_it_begins_on() -> None:
    schedule = parse_schedule("fri 22:00-02:00 pause")
    assert schedule.profile_at(datetime.fromisoformat("2026-03-07 01:59")) is not None
    assert schedule.profile_at(datetime.fromisoformat("2026-03-06 01:00")) is None
    assert schedule.profile_at(datetime.fromisoformat("2026-03-07 23:00")) is None


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        (OFFICE, "2026-03-02 10:30", "2026-03-02 17:00"),
        (OFFICE, "2026-03-06 17:00", "2026-03-06 23:00"),
        ("sun 10:00-11:00 pause", "2026-03-01 11:00", "2026-03-08 10:00"),
        (
            "00:00-12:00 1M; 12:00-24:00 1M; 13:00-14:00 full",
            "2026-03-02 14:30",
            "2026-03-03 13:00",
        ),
    ],
)
def test_the_next_change_is_the_next_that_changes_something(text: str, now: str, then: str) -> None:
    assert parse_schedule(text).next_change(at(now), UTC_WALL) == at(then)


@pytest.mark.parametrize("text", ["", "00:00-24:00 1M"])
def test_what_never_changes_says_so(text: str) -> None:
    assert parse_schedule(text).next_change(at("2026-03-02 14:30"), UTC_WALL) is None


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        # Berlin skips 02:00-03:00 on 2026-03-29: half past two never comes, three does.
        ("02:30-05:00 pause", "2026-03-29T00:30:00+00:00", "2026-03-29T01:00:00+00:00"),
        # A rule inside the gap has no turn that day.
        ("02:10-02:50 pause", "2026-03-29T00:30:00+00:00", "2026-03-30T00:10:00+00:00"),
        ("23:00-07:00 full", "2026-03-28T23:00:00+00:00", "2026-03-29T05:00:00+00:00"),
        # On 2026-10-25 the hour from two to three comes twice: so does the rule.
        ("02:30-05:00 pause", "2026-10-25T00:10:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("02:30-05:00 pause", "2026-10-25T00:40:00+00:00", "2026-10-25T01:00:00+00:00"),
        ("02:30-05:00 pause", "2026-10-25T01:00:00+00:00", "2026-10-25T01:30:00+00:00"),
        ("23:00-07:00 full", "2026-10-24T22:00:00+00:00", "2026-10-25T06:00:00+00:00"),
    ],
)
def test_days_on_which_the_clock_is_put_are_right(text: str, now: str, then: str) -> None:
    change = parse_schedule(text).next_change(datetime.fromisoformat(now), wall_of("Europe/Berlin"))
    assert change == datetime.fromisoformat(then)


TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
RULES = st.builds(
    lambda days, start, end, word: f"{days} {start}-{end} {word}" if start != end else "",
    st.sampled_from(["", "mon", "mon-fri", "sat,sun", "fri-mon", "wed"]),
    TIMES,
    TIMES,
    st.sampled_from(["full", "pause", "1M", "500k"]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(RULES, min_size=1, max_size=4).map("; ".join),
    st.datetimes(datetime(2026, 3, 27), datetime(2026, 4, 2))
    | st.datetimes(datetime(2026, 10, 23), datetime(2026, 10, 29)),
)
def test_nothing_changes_before_the_next_change_and_something_does_then(
    text: str, naive: datetime
) -> None:
    schedule, wall = parse_schedule(text), wall_of("Europe/Berlin")
    now = naive.replace(tzinfo=UTC)
    change = schedule.next_change(now, wall)
    end = now + timedelta(days=2) if change is None else min(change, now + timedelta(days=2))
    before = schedule.profile_at(wall(now))
    moment = now
    while moment < end:
        assert schedule.profile_at(wall(moment)) == before
        moment += timedelta(minutes=7)
    if change is not None:
        assert change > now
        assert schedule.profile_at(wall(change - timedelta(seconds=1))) == before
        assert schedule.profile_at(wall(change)) != before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("23:00-07:00 full; 07:00-23:00 fast", "Rule 2 of the schedule: 'fast' is neither"),
        ("25:00-07:00 full", "'25:00' is not a time"),
        ("07:60-08:00 full", "'07:60' is not a time"),
        ("07:00 full", "'07:00' is not a stretch"),
        ("07:00-07:00 full", "the whole day is 00:00-24:00"),
        ("24:00-07:00 full", "is empty"),
        ("moon 07:00-08:00 full", "'moon' is not a day"),
        ("mon- 07:00-08:00 full", "'' is not a day"),
        ("full", "It takes days"),
        ("mon tue 07:00-08:00 full", "It takes days"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_schedule(text)


@given(st.text(alphabet="0123456789:-; monfulpause,M\n", max_size=40))
def test_any_text_is_a_schedule_or_a_sentence(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except UsageError:
        return
    assert isinstance(schedule, Schedule)


def test_days_may_run_over_the_end_of_the_week() -> None:
    (rule,) = parse_schedule("fri-mon 07:00-08:00 full").rules
    assert rule.days == {DAYS.index(day) for day in ("fri", "sat", "sun", "mon")}
