"""Content-Range, Content-Length, validators and media types, honest and hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate, thorough
from tui_dl.domain.http_fields import (
    ContentRange,
    UnsatisfiedRange,
    is_html,
    is_multipart_byteranges,
    parse_content_length,
    parse_content_range,
    validators_from,
)

header_text = st.text(st.characters(max_codepoint=255), max_size=60)
MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT"


@thorough
@given(st.integers(0, 10**18), st.integers(1, 10**18), st.integers(0, 10**18) | st.none())
def test_every_right_content_range_is_read_half_open(
    start: int, length: int, behind: int | None
) -> None:
    end = start + length
    total = None if behind is None else end + behind
    text = f"bytes {start}-{end - 1}/{'*' if total is None else total}"
    assert parse_content_range(text) == ContentRange(start, end, total)


@pytest.mark.parametrize(
    "value",
    [
        "bytes=0-9/10",  # H11: the syntax of a request
        "bytes 9-0/10",
        "bytes 0-10/10",  # H12: the end is inclusive, so 10 is outside
        "bytes 0-9/9",
        "bytes 10-19/10",
        "bytes +0-9/10",
        "bytes -0-9/10",
        "bytes 0--9/10",
        "bytes 0-9/-10",
        "bytes 0 - 9/10",
        "bytes 0-9 / 10",
        "bytes 0-9/1 0",
        "bytes  0-9/10",
        "bytes\t0-9/10",
        "bytes0-9/10",
        "bytes 0-9",
        "bytes 0-9/",
        "bytes -9/10",
        "bytes 0-/10",
        "bytes *-9/10",
        "bytes */",
        "items 0-9/10",
        "seconds */10",
        "0-9/10",
        "bytes 0-9/10, bytes 0-9/10",
        "bytes 0-9/10;x",
        "bytes 0-9/10\n",
        "bytes 0x0-0x9/10",
        "bytes 1_0-1_9/30",
        "bytes ٠-٩/10",
        "bytes 0-²/10",
        "bytes 0-9/10000000000000000000000",
        "bytes 00000000000000000000-9/10",
        "",
    ],
)
def test_every_wrong_content_range_is_none(value: str) -> None:
    """H2: nothing is guessed."""
    assert parse_content_range(value) is None


def test_content_range_details() -> None:
    assert parse_content_range(" Bytes 0-0/1\t") == ContentRange(0, 1, 1)
    assert parse_content_range("bytes */0") == UnsatisfiedRange(0)
    assert parse_content_range("bytes */4711") == UnsatisfiedRange(4711)
    assert parse_content_range("bytes */*") == UnsatisfiedRange(None)
    top = 2**63 - 1
    assert parse_content_range(f"bytes 0-{top - 1}/{top}") == ContentRange(0, top, top)  # H14


@thorough
@given(header_text | header_text.map(lambda t: "bytes " + t))
def test_no_text_makes_content_range_raise_or_lie(value: str) -> None:
    found = parse_content_range(value)
    if isinstance(found, ContentRange):
        assert 0 <= found.start < found.end
        assert found.total is None or found.end <= found.total


@pytest.mark.parametrize(
    ("values", "length"),
    [
        ([], None),
        (["0"], 0),
        ([" 50\t"], 50),
        (["50, 50"], 50),
        (["50", "50"], 50),
        (["050"], 50),
        (["9223372036854775807"], 2**63 - 1),
    ],
)
def test_content_length(values: list[str], length: int | None) -> None:
    assert parse_content_length(values) == length


@pytest.mark.parametrize(
    "values",
    [
        ["50, 51"],
        ["50", "51"],
        ["-1"],
        ["+1"],
        ["12abc"],
        [""],
        ["50,"],
        ["1 2"],
        ["1.0"],
        ["1_0"],
        ["0x10"],
        ["²"],
        ["١"],
        ["1" * 20],
    ],
)
def test_a_wrong_content_length_is_an_error(values: list[str]) -> None:
    """H15."""
    with pytest.raises(ValueError, match="Content-Length"):
        parse_content_length(values)


@thorough
@given(st.lists(header_text | st.text("0123456789, ", max_size=4), max_size=3))
def test_content_length_is_a_size_or_a_value_error(values: list[str]) -> None:
    members = [member.strip(" \t") for value in values for member in value.split(",")]
    plain = all(m.isascii() and m.isdigit() and len(m) <= 19 for m in members)
    if plain and len({int(m) for m in members}) <= 1:
        assert parse_content_length(values) == (int(members[0]) if members else None)
        return
    with pytest.raises(ValueError, match="Content-Length"):
        parse_content_length(values)


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', '"a/b+c=="', '"\xe9"', '"a\\"'])
def test_good_entity_tags_are_kept_as_sent(etag: str) -> None:
    found = validators_from(f" {etag} ", None, None)
    assert found.etag == etag
    assert found.strong == (None if etag.startswith("W/") else etag)


@pytest.mark.parametrize(
    "etag",
    ["abc", '"abc', 'abc"', '""', 'W/""', 'w/"abc"', '"a b"', '"a"b"', '"a\x1bb"', '"a", "b"', ""],
)
def test_malformed_and_empty_entity_tags_are_dropped(etag: str) -> None:
    assert validators_from(etag, None, None).etag is None


@thorough
@given(st.integers(-5, 5), st.booleans())
def test_last_modified_is_strong_from_one_second_on(later_s: int, tagged: bool) -> None:
    """H8."""
    moment = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC) + timedelta(seconds=later_s)
    date = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    found = validators_from('W/"x"' if tagged else None, MODIFIED, date)
    assert found.last_modified == MODIFIED
    assert found.last_modified_is_strong == (later_s >= 1)
    # A weak tag says that versions may share it: the date must not outvote it.
    assert found.strong == (MODIFIED if later_s >= 1 and not tagged else None)


@pytest.mark.parametrize("date", [None, "", "garbage", "Sun, 99 Nov 1994 08:49:37 GMT"])
def test_last_modified_is_not_strong_without_a_date(date: str | None) -> None:
    found = validators_from(None, MODIFIED, date)
    assert found.last_modified == MODIFIED
    assert not found.last_modified_is_strong


def test_an_unreadable_last_modified_is_kept_but_never_strong() -> None:
    found = validators_from(None, "yesterday", MODIFIED)
    assert found.last_modified == "yesterday"
    assert found.strong is None
    assert validators_from(None, "  ", None).last_modified is None


@moderate
@given(header_text | st.none(), header_text | st.none(), header_text | st.none())
def test_validators_from_garbage_are_never_strong(
    etag: str | None, modified: str | None, date: str | None
) -> None:
    found = validators_from(etag, modified, date)
    if found.strong is not None:
        assert found.strong == (etag or "").strip(" \t")
        assert found.strong.startswith('"')


@pytest.mark.parametrize(
    ("content_type", "html", "multipart"),
    [
        ("text/html", True, False),
        ("Text/HTML; charset=utf-8", True, False),
        ("application/xhtml+xml", True, False),
        ("text/plain; x=text/html", False, False),
        ("multipart/byteranges; boundary=x", False, True),
        ("MULTIPART/BYTERANGES", False, True),
        ("multipart/form-data", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_media_types(content_type: str | None, html: bool, multipart: bool) -> None:
    """H5, H36."""
    assert is_html(content_type) is html
    assert is_multipart_byteranges(content_type) is multipart
