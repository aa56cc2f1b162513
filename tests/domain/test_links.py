"""Links of an index page: by name, of the page's own origin, each once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.errors import UsageError
from tui_dl.domain.links import MOST_LINKS, matching_links

PAGE = "http://host:8080/pub/index.html"


@pytest.mark.parametrize(
    ("href", "found"),
    [
        ("a.iso", ["http://host:8080/pub/a.iso"]),
        ("/b.iso?x=1#part", ["http://host:8080/b.iso?x=1"]),
        ("../c%20d.iso", ["http://host:8080/c%20d.iso"]),
        ("//host:8080/e.iso", ["http://host:8080/e.iso"]),
        (" f.iso ", ["http://host:8080/pub/f.iso"]),
        ("http://other/a.iso", []),
        ("http://host/a.iso", []),
        ("https://host:8080/a.iso", []),
        ("mailto:a.iso", []),
        ("javascript:a.iso", []),
        ("http://[::1/a.iso", []),
        ("a.iso/", []),
        ("", []),
    ],
)
def test_only_files_of_the_page_s_own_place_count(href: str, found: list[str]) -> None:
    assert matching_links(f'<a href="{href}">x</a>', PAGE, "*.iso") == found


def test_names_are_compared_as_they_read_and_links_come_once() -> None:
    page = '<A HREF="c%20d.iso">1</A><a href=c%20d.iso>2</a><a name=x><img src="e.iso">'
    assert matching_links(page, PAGE, "c d.*") == ["http://host:8080/pub/c%20d.iso"]


def test_a_base_counts_but_leads_nowhere_else() -> None:
    assert matching_links('<base href="/x/"><a href="a.iso">', PAGE, "*") == [
        "http://host:8080/x/a.iso"
    ]
    assert matching_links('<base href="http://evil/"><a href="a.iso">', PAGE, "*") == []


def test_a_flood_of_links_is_refused() -> None:
    page = "".join(f"<a href={n}.iso>" for n in range(MOST_LINKS + 1))
    with pytest.raises(UsageError, match="more than 10000"):
        matching_links(page, PAGE, "*.iso")


@given(st.text(alphabet="<a href=\"'>/.iso&#x;!-[]:", max_size=120))
def test_any_page_can_be_read(page: str) -> None:
    assert all(url.startswith("http://host:8080/") for url in matching_links(page, PAGE, "*"))
