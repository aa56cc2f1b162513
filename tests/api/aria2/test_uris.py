"""Addresses: which count, what a pattern stands for, and how they are edited."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.uris import MOST_URIS, edit, expand, usable

A, B, C = "http://127.0.0.1/a", "http://127.0.0.1/b", "https://127.0.0.1/c"


@pytest.mark.parametrize("uri", ["file:///a", "http://", "foo", "ftp://h/x", "magnet:?x", ""])
def test_what_cannot_be_fetched_does_not_count(uri: str) -> None:
    assert usable([uri]) == []
    assert usable([uri, A]) == [A]


def test_addresses_keep_their_text_and_come_once() -> None:
    odd = "http://127.0.0.1/a b%2f?q=ü"
    assert usable([odd, A, odd, B]) == [odd, A, B]


@pytest.mark.parametrize(
    ("pattern", "uris"),
    [
        ("http://h/a", ["http://h/a"]),
        ("http://{x,y}/a", ["http://x/a", "http://y/a"]),
        ("http://h/[1-3]", ["http://h/1", "http://h/2", "http://h/3"]),
        ("http://h/[08-10]", ["http://h/08", "http://h/09", "http://h/10"]),
        ("http://h/[1-9:4]", ["http://h/1", "http://h/5", "http://h/9"]),
        ("http://h/[a-c]", ["http://h/a", "http://h/b", "http://h/c"]),
        ("http://{x,y}/[1-2]", ["http://x/1", "http://x/2", "http://y/1", "http://y/2"]),
    ],
)
def test_patterns(pattern: str, uris: list[str]) -> None:
    assert expand(pattern) == uris


@pytest.mark.parametrize(
    "pattern",
    ["http://h/[1-999999999999]", "http://h/[1-40]/[1-40]", "http://h/[3-1]", "http://h/[1-9:0]"],
)
def test_patterns_that_stand_for_nothing_or_too_much(pattern: str) -> None:
    with pytest.raises(RpcError, match="cannot be expanded"):
        expand(pattern)


@moderate
@given(st.text(alphabet="{}[],-:0129az/", max_size=40))
def test_no_pattern_breaks_the_bound(text: str) -> None:
    try:
        found = expand(text)
    except RpcError:
        return
    assert 1 <= len(found) <= MOST_URIS


def test_editing() -> None:
    done = edit([A, B, A], [A, "http://127.0.0.1/unknown"], [C, "nonsense"], 0)
    assert (done.uris, done.deleted, done.added) == ((C, B, A), 1, 1)
    done = edit([A], [], [B], 99)
    assert (done.uris, done.deleted, done.added) == ((A, B), 0, 1)


def test_the_last_address_stays_unless_another_comes() -> None:
    assert edit([A], [A], [], None).uris == (A,)
    assert edit([A], [A], [], None).deleted == 0
    assert edit([A], [A], [B], None).uris == (B,)


uri_lists = st.lists(st.sampled_from([A, B, C]), max_size=5)


@moderate
@given(uri_lists.filter(bool), uri_lists, uri_lists, st.none() | st.integers(0, 9))
def test_an_edit_adds_up(
    uris: list[str], gone: list[str], fresh: list[str], at: int | None
) -> None:
    done = edit(uris, gone, fresh, at)
    assert len(done.uris) == len(uris) - done.deleted + done.added
    assert len(done.uris) >= 1
    assert done.added == len(fresh)
    assert done.deleted <= len(gone)
