"""Link header fields: which lead to the same file, and what is not followed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.domain.link_fields import MOST_LINKS, metalink_of, mirrors_of, parse_links
from tui_dl.domain.urls import parse_url

BASE = parse_url("http://host.example/dir/a.iso")


def mirrors(*values: str, base: str = BASE.raw) -> tuple[str, ...]:
    return mirrors_of(parse_links(values), parse_url(base))


def test_mirrors_come_in_the_order_of_their_priority() -> None:
    """RFC 6249 section 3.1; several fields and several links in one are the same."""
    assert mirrors(
        "<http://c/a>; rel=duplicate, <http://b/a>; rel=duplicate; pri=2; geo=gb",
        '<http://x/a>; rel="duplicate"; pri=1',
    ) == ("http://x/a", "http://b/a", "http://c/a")


def test_commas_and_semicolons_inside_are_no_ends() -> None:
    value = '<http://b/a,b;c>; title="one, <two>; \\"three\\""; rel="next DUPLICATE"'

    (link,) = parse_links([value])

    assert link.get("title") == 'one, <two>; "three"'
    assert mirrors(value) == ("http://b/a,b;c",)


@pytest.mark.parametrize(
    "value",
    [
        "<ftp://b/a>; rel=duplicate",
        "<http://b/a>; rel=next",
        "<http://b/a>",
        "<>; rel=duplicate",
        f"<{BASE.raw}>; rel=duplicate",
        "http://b/a; rel=duplicate",
        "<http://b/a; rel=duplicate",
    ],
)
def test_what_is_no_mirror(value: str) -> None:
    assert mirrors(value) == ()


def test_encryption_is_not_given_up() -> None:
    """Trap H30, as with a redirect."""
    value = "<http://b/a>; rel=duplicate, <https://c/a>; rel=duplicate"

    assert mirrors(value, base="https://host.example/a") == ("https://c/a",)


def test_a_document_is_named_by_relation_and_type() -> None:
    links = parse_links(
        [
            '<a.torrent>; rel=describedby; type="application/x-bittorrent"',
            '<a.meta4>; rel=describedby; type="application/metalink4+xml"',
        ]
    )
    assert metalink_of(links, BASE) == "http://host.example/dir/a.meta4"
    assert metalink_of(links[:1], BASE) is None


def test_there_is_an_end_to_links() -> None:
    value = ", ".join(f"<http://m{n}/a>; rel=duplicate" for n in range(1000))

    assert len(parse_links([value, value])) == MOST_LINKS


@moderate
@given(st.lists(st.text(alphabet=st.sampled_from('<>;,="\\ arelduplicate/:'), max_size=60)))
def test_any_value_is_read(values: list[str]) -> None:
    for url in mirrors(*values):
        assert url.startswith(("http://", "https://"))
