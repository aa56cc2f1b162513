"""URLs: what the user wrote reaches the server untouched, and nonsense is refused."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.domain.properties import moderate, thorough
from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.urls import ParsedUrl, parse_url, resolve_redirect, split_url_text

# Everything that may stand in a target as it is; no "#", which ends it.
raw_targets = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=40
).map(lambda text: "/" + text)


def _refusal(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse_url(text)
    assert caught.value.message.endswith("."), "a whole sentence"
    return caught.value


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "target"),
    [
        ("http://Example.COM", "http", "example.com", 80, "/"),
        ("HTTPS://h/x", "https", "h", 443, "/x"),
        ("http://h:8080/a/../b/./c", "http", "h", 8080, "/a/../b/./c"),
        ("http://h:/x", "http", "h", 80, "/x"),
        ("http://h:1/x", "http", "h", 1, "/x"),
        ("http://h:65535/x", "http", "h", 65535, "/x"),
        ("http://h?q=1", "http", "h", 80, "/?q=1"),
        ("http://h#frag", "http", "h", 80, "/"),
        ("http://h/x?a#b#c", "http", "h", 80, "/x?a"),
        ("http://h/?a=b?c/d", "http", "h", 80, "/?a=b?c/d"),
        ("http://h//x", "http", "h", 80, "//x"),
        ("http://127.1/x", "http", "127.1", 80, "/x"),
        ("http://a_b.h./x", "http", "a_b.h.", 80, "/x"),
        ("http://[::1]/x", "http", "::1", 80, "/x"),
        ("http://[0:0::1]:81/x", "http", "::1", 81, "/x"),
        ("http://[::FFFF:1.2.3.4]/", "http", "::ffff:102:304", 80, "/"),
        ("http://bücher.example/", "http", "xn--bcher-kva.example", 80, "/"),
        ("http://BÜCHER.example/", "http", "xn--bcher-kva.example", 80, "/"),
        ("  http://h/x \n", "http", "h", 80, "/x"),
        ("http://h/a b", "http", "h", 80, "/a%20b"),
        ("http://h/é?ü=€", "http", "h", 80, "/%C3%A9?%C3%BC=%E2%82%AC"),
    ],
)
def test_parts(text: str, scheme: str, host: str, port: int, target: str) -> None:
    url = parse_url(text)
    assert (url.scheme, url.host, url.port, url.target) == (scheme, host, port, target)
    assert url.raw == text.strip()
    assert url.origin == (scheme, host, port)
    assert url.userinfo is None


@pytest.mark.parametrize(
    ("text", "userinfo", "host"),
    [
        ("http://u@h/", "u", "h"),
        ("http://u:p@h/", "u:p", "h"),
        ("http://u:p@ss:w@h/", "u:p@ss:w", "h"),
        ("http://@h/", "", "h"),
        ("http://u%40x:p%3A@[::1]:1/", "u%40x:p%3A", "::1"),
        ("http://h/a@b", None, "h"),
        ("http://h?a@b", None, "h"),
    ],
)
def test_userinfo_ends_at_the_last_at_sign_before_the_path(
    text: str, userinfo: str | None, host: str
) -> None:
    url = parse_url(text)
    assert (url.userinfo, url.host) == (userinfo, host)


def test_the_host_field_names_the_port_only_when_it_is_unusual() -> None:
    assert parse_url("http://h:80/").host_port == "h"
    assert parse_url("https://h:443/").host_port == "h"
    assert parse_url("https://h:80/").host_port == "h:80"
    assert parse_url("http://[::1]:80/").host_port == "[::1]"
    assert parse_url("http://[::1]:81/").host_port == "[::1]:81"


@thorough
@given(raw_targets)
@example("/a%2Fb%2f..%2F?x=%7e+~|^`{}<>\"'\\&sig=a%2Bb==,c;d")
def test_no_byte_of_an_ascii_target_changes(target: str) -> None:
    """H39: a rewritten percent code breaks a signature."""
    assert parse_url("http://h" + target).target == target


@thorough
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_target_becomes_ascii_once(text: str) -> None:
    assume(not re.search(r"[\x00-\x1f\x7f]", text))
    # White space at the end belongs to the paste, not to the URL.
    text = text.strip().partition("#")[0].rstrip()
    target = parse_url("http://h/" + text).target
    assert re.fullmatch(r"/[\x21-\x7e]*", target)
    assert parse_url("http://h" + target).target == target
    plain = "".join(
        c if "!" <= c <= "~" else "".join(f"%{b:02X}" for b in c.encode()) for c in text
    )
    assert target == "/" + plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("example.com/x", "https://"),
        ("localhost:8000/x", "https://"),
        ("h:8/x", "https://"),
        ("//h/x", "https://"),
        ("/etc/passwd", "https://"),
        ("http:h", "two slashes"),
        ("https:/h/x", "two slashes"),
        ("http://", "has no host"),
        ("http:///x", "has no host"),
        ("http://:80/x", "has no host"),
        ("http://u@/x", "has no host"),
        ("http://a.b\\@c.d/", "backslash"),
        ("http://h\\x/", "backslash"),
        ("http://h/a\nb", "line break"),
        ("http://h\r\nX: y/", "line break"),
        ("http://h/\x00", "control"),
        ("http://h/\x1b[31m", "control"),
        ("http://h\x7f/", "control"),
        ("http://h/\udcff", "no text"),
        ("http://\udcff/", "no text"),
        ("http://h:0/", "port"),
        ("http://h:65536/", "port"),
        ("http://h:99999999999999999999/", "port"),
        ("http://h:-1/", "port"),
        ("http://h:+80/", "port"),
        ("http://h:8 0/", "port"),
        ("http://h:x/", "port"),
        ("http://h:８０/", "port"),
        ("http://1:2:3/", "colons"),
        ("http://::1/", "colons"),
        ("http://[::1/", "brackets"),
        ("http://[::1]x/", "brackets"),
        ("http://[::g]/", "IPv6"),
        ("http://[]/", "IPv6"),
        ("http://[1.2.3.4]/", "IPv6"),
        ("http://[fe80::1%25eth0]/", "zone"),
        ("http://[::1]:0/", "port"),
        ("http://a b/", "characters"),
        ("http://a..b/", "characters"),
        ("http://.a/", "characters"),
        ("http://a%41/", "characters"),
        ("http://a<b>/", "characters"),
        ("http://" + "a" * 64 + "/", "characters"),
        ("http://" + "a." * 130 + "b/", "characters"),
        ("http://é" + "a" * 64 + "/", "looked up"),
        ("http://" + "é" * 200_000 + "/", "characters"),
        ("http://" + "é." * 127 + "é/", "characters"),
        ("http://a。。é/", "looked up"),
        ("http://evil.example／.good.example/", "characters"),  # a look-alike of "/"
        ("http://good.example＠evil.example/", "characters"),
        ("http://a℀b.example/", "characters"),
    ],
)
def test_what_is_no_url_is_refused_with_a_sentence(text: str, words: str) -> None:
    """H26."""
    error = _refusal(text)
    assert error.code is ErrorCode.INVALID_URL
    assert words in error.message


@pytest.mark.parametrize(
    "text", ["ftp://h/x", "file:///etc/passwd", "magnet:?xt=1", "mailto:a@b", "data:,x", "s3://b/k"]
)
def test_other_schemes_are_named(text: str) -> None:
    error = _refusal(text)
    assert error.code is ErrorCode.UNSUPPORTED_SCHEME
    assert text.partition(":")[0] in error.message


@thorough
@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: "http://" + text))
def test_every_text_is_a_sound_url_or_a_usage_error(text: str) -> None:
    try:
        url = parse_url(text)
    except UsageError:
        return
    _assert_sound(url)


def _assert_sound(url: ParsedUrl) -> None:
    assert url.scheme in ("http", "https")
    assert 1 <= url.port <= 65535
    assert re.fullmatch(r"[a-z0-9_~.-]+|[0-9a-f:.]+", url.host)
    assert re.fullmatch(r"/[\x21-\x7e]*", url.target)
    assert "#" not in url.target
    again = parse_url(f"{url.scheme}://{url.host_port}{url.target}")
    assert (again.origin, again.target) == (url.origin, url.target)


BASE = parse_url("http://u:p@h:81/a/b/c?d=e")


@pytest.mark.parametrize(
    ("location", "raw"),
    [
        ("x", "http://u:p@h:81/a/b/x"),
        ("./x", "http://u:p@h:81/a/b/x"),
        ("../x", "http://u:p@h:81/a/x"),
        ("../../../../x", "http://u:p@h:81/x"),
        ("..", "http://u:p@h:81/a/"),
        ("/x/./y/../z", "http://u:p@h:81/x/z"),
        ("?k", "http://u:p@h:81/a/b/c?k"),
        ("#f", "http://u:p@h:81/a/b/c?d=e"),
        ("x?y=../z#f", "http://u:p@h:81/a/b/x?y=../z"),
        ("//z/q", "http://z/q"),
        ("//v:w@z:82/q", "http://v:w@z:82/q"),
        ("https://o/p", "https://o/p"),
        ("HTTPS://O:443", "https://o/"),
        ("https://o/..%2f/%2e%2e/x%7e", "https://o/..%2f/%2e%2e/x%7e"),
        (" /x\t", "http://u:p@h:81/x"),
        ("/a b", "http://u:p@h:81/a%20b"),
        ("/\\evil.example", "http://u:p@h:81/\\evil.example"),
        ("\\\\evil.example/x", "http://u:p@h:81/a/b/\\\\evil.example/x"),
    ],
)
def test_redirects(location: str, raw: str) -> None:
    """H30."""
    found = resolve_redirect(BASE, location)
    assert found.raw == raw
    assert found == parse_url(raw)


def test_a_location_in_utf_8_is_read_through_latin_1() -> None:
    assert resolve_redirect(BASE, "/é€".encode().decode("latin-1")).target == "/%C3%A9%E2%82%AC"
    assert resolve_redirect(BASE, "/é€").target == "/%C3%A9%E2%82%AC"
    host = "http://bücher.example/".encode().decode("latin-1")
    assert resolve_redirect(BASE, host).host == "xn--bcher-kva.example"


def test_a_location_in_other_bytes_keeps_them() -> None:
    found = resolve_redirect(BASE, b"/\xe9\xff".decode("latin-1"))
    assert found.target == "/%E9%FF"
    assert found.raw.isascii()


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("", ErrorCode.INVALID_URL),
        ("  ", ErrorCode.INVALID_URL),
        ("/a\x1bb", ErrorCode.INVALID_URL),
        ("http://", ErrorCode.INVALID_URL),
        ("http:x", ErrorCode.INVALID_URL),
        ("//", ErrorCode.INVALID_URL),
        ("http://h:99999/", ErrorCode.INVALID_URL),
        ("file:///etc/passwd", ErrorCode.UNSUPPORTED_SCHEME),
        ("ftp://h/x", ErrorCode.UNSUPPORTED_SCHEME),
        ("javascript:alert(1)", ErrorCode.UNSUPPORTED_SCHEME),
        ("x:y/z", ErrorCode.UNSUPPORTED_SCHEME),
    ],
)
def test_bad_redirects_are_usage_errors(location: str, code: ErrorCode) -> None:
    """H30."""
    with pytest.raises(UsageError) as caught:
        resolve_redirect(BASE, location)
    assert caught.value.code is code


segments = st.lists(st.sampled_from(["a", "b", "..", ".", "", "x.y", "%2e"]), max_size=6)


@thorough
@given(segments, segments, st.booleans(), st.sampled_from(["", "?q=/../r"]))
def test_relative_paths_resolve_like_the_standard_library(
    base_path: list[str], path: list[str], rooted: bool, query: str
) -> None:
    base = parse_url("http://h/" + "/".join(base_path))
    location = ("/" if rooted else "") + "/".join(path) + query
    # The library drops empty segments and keeps extra "..", which RFC 3986 does not.
    assume("" not in path[:-1] and "" not in base_path[:-1])
    assume(location and not location.startswith("//"))
    expected = urlsplit(urljoin("http://h" + base.target, location))
    found = resolve_redirect(base, location)
    wanted = (expected.path or "/") + (f"?{expected.query}" if expected.query else "")
    assert found.target == wanted
    assert found.origin == base.origin


@thorough
@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_every_location_is_a_sound_url_or_a_usage_error(location: str) -> None:
    try:
        found = resolve_redirect(BASE, location)
    except UsageError:
        return
    _assert_sound(found)
    assert not re.search(r"/\.\.?(/|\Z)", found.target.partition("?")[0])
    if found.userinfo == BASE.userinfo and "@" not in location:
        assert found.origin == BASE.origin, "credentials stay with their host"


def test_pasted_text_is_split_at_white_space_only() -> None:
    """H39: a comma belongs to its URL."""
    text = "http://a/1,2.zip\thttp://b/;x\r\n\n  <http://c/>  \"http://d/'\" 'http://e'\ufeff http://f,"
    assert split_url_text(text) == [
        "http://a/1,2.zip",
        "http://b/;x",
        "http://c/",
        "http://d/'",
        "http://e",
        "http://f,",
    ]
    assert split_url_text(" \n\ufeff <> ") == []


@moderate
@given(st.lists(raw_targets.map(lambda target: "http://h" + target), max_size=5))
def test_urls_joined_by_lines_come_back(urls: list[str]) -> None:
    assert split_url_text("\n".join(urls)) == urls
