"""S1 to S3: Host and Origin, pure."""

from __future__ import annotations

import pytest

from tui_dl.api.origins import HostRule, OriginRule, is_loopback

LOCAL = HostRule("127.0.0.1", frozenset({1700, 6800}))


@pytest.mark.parametrize(
    "value",
    ["127.0.0.1:1700", "localhost:1700", "LOCALHOST:1700", "[::1]:1700", "127.0.0.1:6800"],
)
def test_our_own_names(value: str) -> None:
    assert LOCAL.allows(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "127.0.0.1",
        "localhost",
        "localhost:80",
        "127.0.0.1:1701",
        "evil.test:1700",
        "127.0.0.1.evil.test:1700",
        "localhost.:1700",
        "localhost:1700.evil.test",
        "evil.test",
        "127.0.0.2:1700",
        "[::2]:1700",
        "127.0.0.1:1700,evil.test",
        "user@localhost:1700",
        "localhost:1700/",
        "localhost:01700x",
        "0x7f.1:1700",
        "192.168.1.5:1700",
    ],
)
def test_any_other_name_is_a_trap(value: str | None) -> None:
    assert not LOCAL.allows(value)


def test_the_port_of_plain_http_may_be_left_out() -> None:
    assert HostRule("127.0.0.1", frozenset({80})).allows("localhost")


def test_names_of_the_settings() -> None:
    rule = HostRule("127.0.0.1", frozenset({1700}), frozenset({"nas.lan", "box.lan:9000"}))
    assert rule.allows("nas.lan:1700")
    assert rule.allows("box.lan:9000")
    assert not rule.allows("nas.lan:9000")
    assert not rule.allows("box.lan:1700")


def test_bound_to_everything_any_address_is_ours_but_no_name() -> None:
    rule = HostRule("0.0.0.0", frozenset({1700}))
    assert rule.allows("192.168.1.5:1700")
    assert rule.allows("[fe80::1]:1700")
    assert not rule.allows("evil.test:1700")
    assert HostRule("[::]", frozenset({1700})).allows("192.168.1.5:1700")


@pytest.mark.parametrize(
    "origin",
    [
        "chrome-extension://abcdefgh",
        "moz-extension://0b1c",
        "safari-web-extension://X",
        "http://127.0.0.1:1700",
    ],
)
def test_extensions_and_ourselves(origin: str) -> None:
    assert OriginRule().allows(origin, "127.0.0.1:1700")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.test",
        "https://127.0.0.1:1700",
        "http://127.0.0.1:1701",
        "http://localhost:1700",
        "file://",
        "chrome-extension:",
        "http://127.0.0.1:1700.evil.test",
    ],
)
def test_other_pages(origin: str) -> None:
    assert not OriginRule().allows(origin, "127.0.0.1:1700")


def test_pages_of_the_settings() -> None:
    rule = OriginRule(frozenset({"https://ariang.test"}))
    assert rule.allows("https://ariang.test", "h:1")
    assert not rule.allows("https://ariang.test.evil.test", "h:1")
    assert OriginRule(frozenset({"*"})).allows("https://any.test", "h:1")
    assert not OriginRule(frozenset({"*"})).allows("null", "h:1")
    assert OriginRule(frozenset({"null"})).allows("null", "h:1")


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.0.1", False), ("example.test", False)],
)  # fmt: skip
def test_loopback(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer
