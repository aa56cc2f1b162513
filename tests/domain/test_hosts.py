"""Host patterns: what a rule lets through, in every spelling of a host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.hosts import host_rule
from tui_dl.domain.urls import parse_url

labels = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
names = st.lists(labels, min_size=2, max_size=4).map(lambda found: ".".join([*found, "org"]))


@pytest.mark.parametrize(
    ("allowed", "blocked", "url", "passes"),
    [
        ("", "", "http://anything/", True),
        ("example.org", "", "http://example.org/", True),
        ("example.org", "", "http://EXAMPLE.org./", True),
        ("example.org", "", "http://cdn.example.org/", True),
        ("example.org", "", "http://notexample.org/", False),
        ("example.org", "", "http://example.org.evil.net/", False),
        ("example.org", "", "http://example.org@evil.net/", False),
        ("*.example.org", "", "http://example.org/", False),
        ("*.example.org", "", "http://a.b.example.org/", True),
        ("a.org, b.org;c.org d.org", "", "http://d.org/", True),
        ("", "example.org", "http://cdn.example.org/", False),
        ("", "example.org", "http://other.org/", True),
        ("example.org", "cdn.example.org", "http://cdn.example.org/", False),
        ("example.org", "cdn.example.org", "http://example.org/", True),
        ("", "*", "http://example.org/", False),
        ("bücher.example", "", "http://xn--bcher-kva.example/", True),
        ("", "xn--bcher-kva.example", "http://bücher.example/", False),
        ("", "127.0.0.1 [::1]", "http://127.0.0.1:8080/", False),
        ("", "127.0.0.1 [::1]", "http://[0:0::1]/", False),
        ("0.0.1", "", "http://127.0.0.1/", False),
    ],
)
def test_a_rule(allowed: str, blocked: str, url: str, passes: bool) -> None:
    assert host_rule(allowed, blocked).allows(parse_url(url).host) is passes


@given(names, labels)
def test_what_is_blocked_is_blocked_below_it_and_nowhere_else(name: str, label: str) -> None:
    rule = host_rule("", name)

    assert not rule.allows(name)
    assert not rule.allows(f"{label}.{name}")
    assert rule.allows(label + name), "a longer name is another host"
    assert rule.allows(f"{name}.{label}x")


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_a_rule(allowed: str, blocked: str) -> None:
    answer = host_rule(allowed, blocked).allows("example.org")

    assert answer in (True, False)
    assert not host_rule(allowed, blocked + " example.org").allows("example.org")
