"""Sizes, rates and times, both ways."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate, thorough
from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.units import (
    LARGEST_SIZE,
    format_duration,
    format_exact,
    format_rate,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (1004, "1.00 kB"),
        (1005, "1.01 kB"),
        (9_994, "9.99 kB"),
        (9_995, "10.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (3_714_999_999, "3.71 GB"),
        (3_715_000_000, "3.72 GB"),
        (2**53 + 1, "9.01 PB"),
        (2**63 - 1, "9.22 EB"),
        (10**21, "1000 EB"),
        (-1500, "-1.50 kB"),
    ],
)
def test_sizes(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text


FACTORS: dict[str, int] = {"B": 1} | {
    unit: 1000**n for n, unit in enumerate(("kB", "MB", "GB", "TB", "PB", "EB"), 1)
}


@thorough
@given(st.integers(0, LARGEST_SIZE) | st.integers(0, 10**6))
def test_a_size_has_three_digits_and_is_off_by_half_the_last_at_most(size_bytes: int) -> None:
    number, unit = format_size(size_bytes).split(" ")
    assert re.fullmatch(r"[0-9]{1,3}|[0-9]\.[0-9]{2}|[0-9]{2}\.[0-9]", number)
    factor = FACTORS[unit]
    digits = len(number.partition(".")[2])
    assert abs(Fraction(number) * factor - size_bytes) * 2 <= Fraction(factor, 10**digits)
    if unit != "B":
        assert len(number.replace(".", "")) == 3
        # What is shown can be typed; decimal units mean the same there.
        assert parse_size(f"{number}{unit}") == int(Fraction(number) * factor)


@moderate
@given(st.integers(0, LARGEST_SIZE), st.integers(0, 10**12))
def test_a_larger_size_never_looks_smaller(size_bytes: int, more: int) -> None:
    def shown(value: int) -> Fraction:
        number, unit = format_size(value).split(" ")
        return Fraction(number) * FACTORS[unit]

    assert shown(size_bytes + more) >= shown(size_bytes)


@pytest.mark.parametrize(
    ("rate_bps", "text"),
    [
        (0.0, "0 B/s"),
        (0.4, "0 B/s"),
        (0.5, "1 B/s"),
        (1500.0, "1.50 kB/s"),
        (math.inf, "–"),
        (math.nan, "–"),
    ],
)
def test_rates(rate_bps: float, text: str) -> None:
    assert format_rate(rate_bps) == text


def test_exact_sizes() -> None:
    assert format_exact(5_368_709_120) == "5\u00a0368\u00a0709\u00a0120\u00a0bytes"
    assert format_exact(1) == "1\u00a0byte"
    assert format_exact(0) == "0\u00a0bytes"


@thorough
@given(st.integers(0, 10**25))
def test_an_exact_size_has_every_digit(size_bytes: int) -> None:
    assert int("".join(c for c in format_exact(size_bytes) if c.isdigit())) == size_bytes


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (math.inf, "–"),
        (-math.inf, "–"),
        (math.nan, "–"),
        (-3.0, "0s"),
        (0.0, "0s"),
        (0.4, "0s"),
        (0.5, "1s"),
        (12.0, "12s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (245.0, "4m 05s"),
        (3599.4, "59m 59s"),
        (3600.0, "1h 00m"),
        (4359.0, "1h 12m"),
        (86_399.0, "23h 59m"),
        (86_400.0, "1d 00h"),
        (99 * 86_400.0 + 86_399, "99d 23h"),
        (100 * 86_400.0, ">99d"),
        (1e300, ">99d"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert format_duration(seconds) == text


@thorough
@given(st.integers(0, 100 * 86_400 - 1))
def test_a_shown_duration_can_be_typed_and_is_cut_to_its_last_step(seconds: int) -> None:
    text = format_duration(float(seconds))
    step = {"s": 1, "m": 60, "h": 3600}[text[-1]]
    assert parse_duration(text) == seconds - seconds % step
    assert len(text) <= 7


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("unlimited", 0),
        ("Unlimited", 0),
        ("none", 0),
        ("0k", 0),
        ("500", 500),
        ("500B", 500),
        ("500k", 512_000),
        ("500K", 512_000),
        ("2M", 2_097_152),
        ("2m", 2_097_152),
        ("1G", 2**30),
        ("10KB", 10_000),
        ("10MB", 10_000_000),
        ("10mb", 10_000_000),
        ("1.5GiB", 1_610_612_736),
        ("1.5 gib", 1_610_612_736),
        (" 2MB/s ", 2_000_000),
        ("2 MB", 2_000_000),
        (".5k", 512),
        ("1.", 1),
        ("1.9", 1),
        ("0.1", 1),  # a tiny limit is not "unlimited"
        ("7EiB", 7 * 2**60),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_typed_sizes(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(
    "text",
    ["", " ", "M", "-1", "+1", "1,5M", "1e9", "1_0", "2Mbit", "2Mbps", "2 M B", "2M / s",
     "1" + " " * 100_000 + "x",
     "inf", "nan", "0x10", "٣", "1..5", ".", "8EiB", "9223372036854775808",
     "9" * 21, "1" * 5000, "2M/m", "/s",
     "2MM"],
)  # fmt: skip
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert caught.value.code is ErrorCode.INVALID_OPTION
    assert "1.5GiB" in caught.value.message


@moderate
@given(st.integers(0, 2**40), st.sampled_from(["", "K", "MB", "KiB"]))
def test_whole_sizes_are_exact(count: int, unit: str) -> None:
    factor = {"": 1, "K": 1024, "MB": 10**6, "KiB": 1024}[unit]
    assert parse_size(f"{count}{unit}") == count * factor


@thorough
@given(st.text(max_size=20) | st.text("0123456789.kMGiBs/ mhd", max_size=12))
def test_every_text_is_a_figure_or_a_usage_error(text: str) -> None:
    for parse in (parse_size, parse_duration):
        try:
            figure = parse(text)
        except UsageError:
            continue
        assert 0 <= figure <= LARGEST_SIZE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("90s", 90.0),
        ("500ms", 0.5),
        ("5m", 300.0),
        ("5min", 300.0),
        ("1h30m", 5400.0),
        ("2h 5m 10s", 7510.0),
        ("1D", 86_400.0),
        (" 4m 05s ", 245.0),
        ("0.5h", 1800.0),
        ("1000000000", 1e9),
    ],
)
def test_typed_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "s", "-1", "1h30", "30 5", "1h1h", "1s5", "1y", "1 week", "1000000001",
     "1,5", "inf", "nan", "1e3",
     "9" * 20, "1:30", "٣", "1h,5m"],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert caught.value.code is ErrorCode.INVALID_OPTION
    assert "1h30m" in caught.value.message
