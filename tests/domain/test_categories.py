"""Categories: which file goes where, and what is no category."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.categories import category_named, category_of, parse_categories
from tui_dl.domain.errors import UsageError

TEXT = "films = *.mkv *.MP4 -> ~/Films; small = a?.iso -> /small;\nimages = *.iso -> /srv/my isos"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("x.mp4", "~/Films"),
        ("X.MKV", "~/Films"),
        ("a1.iso", "/small"),
        ("a12.iso", "/srv/my isos"),
        ("iso", None),
    ],
)
def test_the_first_category_that_fits_counts(name: str, folder: str | None) -> None:
    found = category_of(name, parse_categories(TEXT))
    assert (found and found.folder) == folder


def test_a_category_is_found_by_name() -> None:
    assert category_named("small", parse_categories(TEXT)).folder == "/small"
    with pytest.raises(UsageError, match=r"no category 'big'\. There are: films, small, images\."):
        category_named("big", parse_categories(TEXT))
    with pytest.raises(UsageError, match="There are: none"):
        category_named("big", ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = *.x -> /x; b", "Category 2: It takes a name"),
        ("a = -> /x", "It takes a name"),
        ("a = *.x", "It takes a name"),
        ("a b = *.x -> /x", "It takes a name"),
        ("a = *.x -> here", "'here' must be a whole path"),
        ("a = *.x -> /x; a = *.y -> /y", "Category 2: 'a' is there already"),
    ],
)
def test_what_is_no_category_is_told(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_categories(text)


@given(st.text(alphabet="ab=*.->/; ~\n[", max_size=40), st.text(max_size=10))
def test_any_text_is_categories_or_a_sentence(text: str, name: str) -> None:
    try:
        found = parse_categories(text)
    except UsageError:
        return
    assert category_of(name, found) in (None, *found)
