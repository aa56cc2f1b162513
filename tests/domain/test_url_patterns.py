"""URL patterns: what they stand for, what is none, and how many are too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.errors import UsageError
from tui_dl.domain.url_patterns import MOST_URLS, as_literal, expand_url

BASE = "http://host/"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("file[8-11].zip", ["file8.zip", "file9.zip", "file10.zip", "file11.zip"]),
        ("[098-101]", ["098", "099", "100", "101"]),
        ("[0-100:50]", ["0", "50", "100"]),
        ("[a-e:2]", ["a", "c", "e"]),
        ("[A-C]", ["A", "B", "C"]),
        ("{linux,mac,win}.tar", ["linux.tar", "mac.tar", "win.tar"]),
        ("app{,-debug}", ["app", "app-debug"]),
        ("[1-2]{a,b}", ["1a", "1b", "2a", "2b"]),
    ],
)
def test_what_a_pattern_stands_for(text: str, names: list[str]) -> None:
    assert expand_url(BASE + text) == [BASE + name for name in names]


@pytest.mark.parametrize(
    "text",
    [
        "http://[::1]:8080/a",
        "http://[fe80::1-2]/a",
        "http://host/a[1].zip",
        "http://host/?q[]=1&q[a]=2",
        "http://host/{id}",
        'http://host/?q={"a":1,"b":2}',
        "http://host/[a-Z]",
        "http://host/[1-]",
    ],
)
def test_what_is_no_pattern_stays_as_it_is(text: str) -> None:
    assert expand_url(text) == [text]


def test_an_ipv6_host_may_stand_before_a_pattern() -> None:
    assert expand_url("http://[::1]/[1-2]") == ["http://[::1]/1", "http://[::1]/2"]


def test_a_backslash_takes_brackets_and_braces_as_they_are() -> None:
    assert expand_url(r"http://h/\[1-2\]\{a,b\}") == ["http://h/[1-2]{a,b}"]


@given(st.text(alphabet="ab1-9:,[]{}/.", max_size=30))
def test_any_text_can_be_meant_as_it_is(text: str) -> None:
    assert expand_url(as_literal(text)) == [text]


@given(st.integers(0, 999), st.integers(0, 99), st.integers(1, 7), st.integers(0, 4))
def test_numbers_are_all_there_in_order_with_their_zeros(
    first: int, count: int, step: int, width: int
) -> None:
    start = f"{first:0{width}}"
    found = expand_url(f"{BASE}[{start}-{first + count}:{step}]")
    pad = len(start) if start.startswith("0") else 1
    assert found == [f"{BASE}{n:0{pad}}" for n in range(first, first + count + 1, step)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1-10001]", f"10001 addresses; at most {MOST_URLS}"),
        ("[1-999999999999999999]", f"at most {MOST_URLS}"),
        ("[0-99][0-99]{a,b}", "20000 addresses"),
        ("[5-1]", r"range \[5-1\] runs backwards"),
        ("[z-a]", "runs backwards"),
        ("[1-5:0]", "stands still"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_made(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        expand_url(BASE + text)


@given(st.text(alphabet="ab12-:,[]{}\\", max_size=40))
def test_any_text_is_some_addresses_or_a_sentence(text: str) -> None:
    try:
        found = expand_url(text)
    except UsageError:
        return
    assert 1 <= len(found) <= MOST_URLS
