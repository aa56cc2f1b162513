"""What users write about the way to servers: proxies, exceptions, addresses by hand."""

from __future__ import annotations

import pytest

from tui_dl.domain.errors import UsageError
from tui_dl.domain.routes import (
    Route,
    check_interface,
    covers,
    is_excepted,
    own_version,
    parse_proxy,
    parse_resolve,
    parse_rules,
)
from tui_dl.domain.urls import parse_url


@pytest.mark.parametrize(
    ("text", "scheme", "where", "userinfo"),
    [
        ("p.example", "http", "p.example:80", None),
        ("p.example:3128", "http", "p.example:3128", None),
        ("https://p.example", "https", "p.example:443", None),
        ("socks5://p.example", "socks5", "p.example:1080", None),
        ("SOCKS5H://u:p%40@[::1]:9/", "socks5h", "[::1]:9", "u:p%40"),
        ("socks://[::1]", "socks5", "[::1]:1080", None),
    ],
)
def test_proxies(text: str, scheme: str, where: str, userinfo: str | None) -> None:
    proxy = parse_proxy(text)
    assert (proxy.scheme, proxy.where, proxy.url.userinfo) == (scheme, where, userinfo)
    assert proxy.is_socks is scheme.startswith("socks")
    assert proxy.looks_names_up is (scheme != "socks5")


@pytest.mark.parametrize("text", ["socks4://p:1", "ftp://s3cret@p", "http://s3cret@", "http://p:x"])
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_proxy(text)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("pattern", "url", "expected"),
    [
        ("*", "http://a.example/", True),
        ("example.org", "http://example.org/", True),
        (".example.org", "http://a.b.example.org/", True),
        ("*.example.org", "http://a.example.org/", True),
        ("example.org", "http://notexample.org/", False),
        ("example.org:81", "http://example.org:81/", True),
        ("example.org:81", "http://example.org/", False),
        ("10.0.0.0/8", "http://10.200.3.4/", True),
        ("10.0.0.0/8", "http://11.0.0.1/", False),
        ("10.0.0.0/8", "http://[::ffff:10.0.0.1]/", True),
        ("fd00::/8", "http://[fd12::1]/", True),
        ("[::1]:81", "http://[::1]:81/", True),
        ("192.168.1.1", "http://192.168.1.1/", True),
    ],
)
def test_patterns(pattern: str, url: str, expected: bool) -> None:
    parsed = parse_url(url)
    assert covers(pattern, parsed) is expected
    assert is_excepted(parsed, f"other.example, {pattern.upper()} ,") is expected


def test_rules() -> None:
    assert parse_rules("*.corp=socks5://p:1 10.0.0.0/8=direct *=p:2") == (
        ("*.corp", "socks5://p:1"),
        ("10.0.0.0/8", ""),
        ("*", "p:2"),
    )


@pytest.mark.parametrize("text", ["corp", "=p:1", "corp=ftp://p", "corp=http://"])
def test_a_rule_that_is_none_is_never_left_out(text: str) -> None:
    """To go on without it would show who asks."""
    with pytest.raises(UsageError):
        parse_rules(text)


def test_addresses_by_hand() -> None:
    route = Route(resolve=("A.Example:443:192.0.2.1,[2001:db8::1]", "[::1]:80:127.0.0.2"))
    assert route.addresses_for("a.example", 443) == ("192.0.2.1", "2001:db8::1")
    assert route.addresses_for("a.example.", 443) == ("192.0.2.1", "2001:db8::1")
    assert route.addresses_for("a.example", 80) == ()
    assert route.addresses_for("::1", 80) == ("127.0.0.2",)


@pytest.mark.parametrize("text", ["a", "a:80", "a:80:", "a:80:b", "a:0:127.0.0.1", "a:x:127.0.0.1"])
def test_what_is_no_address_by_hand(text: str) -> None:
    with pytest.raises(UsageError):
        parse_resolve(text)


def test_interfaces() -> None:
    assert [check_interface(name) for name in ("eth0", "wg-0", "::1")] == ["eth0", "wg-0", "::1"]
    for name in ("", "a b", "e/th"):
        with pytest.raises(UsageError):
            check_interface(name)
    assert own_version(Route("127.0.0.1")) == 4
    assert own_version(Route("::1")) == 6
    assert own_version(Route("lo")) is None
    assert own_version(Route("lo", ip_version=6)) == 6
