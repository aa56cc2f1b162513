"""HTTP dates in three forms, and Retry-After in two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate, thorough
from tui_dl.domain.http_dates import LONGEST_RETRY_AFTER_S
from tui_dl.domain.http_fields import parse_http_date, parse_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

moments = st.datetimes(
    datetime(1, 1, 1),  # Hypothesis wants naive bounds
    datetime(9999, 12, 31),
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
header_text = st.text(st.characters(max_codepoint=255), max_size=40)


def imf(moment: datetime) -> str:
    day, month = DAYS[moment.weekday()][:3], MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


def rfc850(moment: datetime) -> str:
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02}-{month}-{moment.year % 100:02} {moment:%H:%M:%S} GMT"


def asctime(moment: datetime) -> str:
    day, month = DAYS[moment.weekday()][:3], MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:2} {moment:%H:%M:%S} {moment.year:04}"


def test_the_three_forms_of_the_rfc_are_one_moment() -> None:
    expected = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    for text in (
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "sun, 06 nov 1994 08:49:37 gmt",
        " Sun, 06 Nov 1994 08:49:37 UTC ",
    ):
        assert parse_http_date(text) == expected, text


@thorough
@given(moments)
def test_written_dates_are_read_back(moment: datetime) -> None:
    assert parse_http_date(imf(moment)) == moment
    assert parse_http_date(asctime(moment)) == moment


@moderate
@given(st.integers(-49 * 365, 49 * 365))
def test_two_digit_years_mean_the_century_around_now(days: int) -> None:
    moment = NOW + timedelta(days=days)
    assert parse_http_date(rfc850(moment), now=NOW) == moment


def test_two_digit_years_far_ahead_are_past_and_have_a_pivot_without_now() -> None:
    text = "Monday, 01-Jan-77 00:00:00 GMT"
    for now, year in ((NOW, 1977), (NOW.replace(year=2027), 2077), (None, 1977)):
        found = parse_http_date(text, now=now)
        assert found is not None
        assert found.year == year
    for digits, year in (("68", 2068), ("69", 1969), ("70", 1970)):
        found = parse_http_date(f"Monday, 01-Jan-{digits} 00:00:00 GMT")
        assert found is not None
        assert found.year == year


def test_a_leap_second_is_the_next_second() -> None:
    found = parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT")
    assert found == datetime(2017, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Fri, 31 Dec 9999 23:59:60 GMT",
        "Sat, 00 Jan 0000 00:00:00 GMT",
        "1994-11-06T08:49:37Z",
    ],
)
def test_what_is_no_http_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None


@thorough
@given(header_text, header_text | st.none())
def test_no_text_makes_the_parsers_raise(text: str, date: str | None) -> None:
    found = parse_http_date(text)
    assert found is None or found.tzinfo is UTC
    wait_s = parse_retry_after(text, date, NOW)
    assert wait_s is None or 0.0 <= wait_s <= LONGEST_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7\t", 7.0),
        ("007", 7.0),
        ("999999999", 999_999_999.0),
        ("1000000000", LONGEST_RETRY_AFTER_S),
        ("9999999999", LONGEST_RETRY_AFTER_S),
        ("9" * 5000, LONGEST_RETRY_AFTER_S),  # more digits than int() takes
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
        ("Sunday, 01-Mar-26 12:01:30 GMT", 90.0),
        ("Sun Mar  1 12:01:30 2026", 90.0),
        ("Sun, 01 Mar 2026 11:59:59 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_AFTER_S),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after(value: str, wait_s: float | None) -> None:
    """H28: both forms, zero, past, garbage and huge."""
    assert parse_retry_after(value, None, NOW) == wait_s


@moderate
@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_a_retry_date_is_measured_on_the_servers_clock(wait_s: int, wrong_by_s: int) -> None:
    """D15: a wrong clock here, or there, changes nothing."""
    theirs = NOW + timedelta(seconds=wrong_by_s)
    until = imf(theirs + timedelta(seconds=wait_s))
    assert parse_retry_after(until, imf(theirs), NOW) == wait_s
    ours = max(0, wait_s + wrong_by_s)
    assert parse_retry_after(until, "garbage", NOW) == ours
    assert parse_retry_after(until, None, NOW) == ours
