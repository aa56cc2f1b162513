"""Secrets stay with their origin (H31), cookies with their domain (H38)."""

from __future__ import annotations

import base64
from dataclasses import replace
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.net.scripted import Peer, Scripted, Seen, serving
from tests.net.sinks import fetch
from tui_dl.domain.errors import UsageError
from tui_dl.net.client import HttpClient
from tui_dl.net.netrc_book import NetrcBook
from tui_dl.net.request import HttpRequest, check_user_headers
from tui_dl.net.tls import TlsOptions


def basic(text: str) -> str:
    """Return the value of an Authorization field."""
    return "Basic " + base64.b64encode(text.encode()).decode()


async def answering(peer: Peer) -> None:
    """Answer every request."""
    while await peer.request():
        await peer.reply(b"hello")


SECRETS = ("x-api-key", "authorization", "cookie", "referer", "proxy-authorization")


async def hop(client: HttpClient, there: str, **options: Any) -> tuple[Seen, Seen]:
    """Fetch from 127.0.0.1, be sent to ``there`` (with ``{port}``), return both requests."""

    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            if seen.target == "/start":
                target = there.format(port=first.port, other=second.port)
                await peer.reply(b"", f"Location: {target}", status="302 Found")
            else:
                await peer.reply(b"hello")

    async with serving(script) as first, serving(answering) as second:
        url = str(options.pop("url", "http://127.0.0.1:{port}/start")).format(port=first.port)
        request = replace(HttpRequest(url, use_netrc=False), **options)
        assert await fetch(client, request) == b"hello"
        both = first.requests + second.requests
        assert len(both) == 2
        return both[0], both[1]


@pytest.mark.parametrize(
    ("there", "same"),
    [
        ("/end", True),
        ("http://127.0.0.1:{port}/end", True),
        ("http://localhost:{port}/end", False),
        ("http://127.0.0.1:{other}/end", False),
    ],
)
async def test_secrets_stay_with_their_origin(client: HttpClient, there: str, same: bool) -> None:
    """H31: scheme, host and port; also X-Api-Key, Cookie and Referer, not Authorization alone."""
    first, second = await hop(
        client,
        there,
        headers=(("X-Api-Key", "key"), ("Cookie", "sid=1"), ("Authorization", "Bearer t")),
        referer="http://page.example/",
    )
    expected = {
        "x-api-key": "key",
        "cookie": "sid=1",
        "authorization": "Bearer t",
        "referer": "http://page.example/",
    }
    for name, value in expected.items():
        assert first.one(name) == value
        assert second.one(name) == (value if same else None)


@pytest.mark.parametrize("there", ["/end", "http://localhost:{port}/end"])
async def test_user_and_password_of_options(client: HttpClient, there: str) -> None:
    first, second = await hop(client, there, http_user="me", http_password="pa:ss\xe9")
    assert first.one("authorization") == basic("me:pa:ss\xe9")
    assert second.one("authorization") == (first.one("authorization") if there == "/end" else None)


@pytest.mark.parametrize("there", ["/end", "http://localhost:{port}/end"])
async def test_a_bearer_token(client: HttpClient, there: str) -> None:
    first, second = await hop(client, there, bearer="abc.d-e_f~+/==", http_user="me")
    assert first.one("authorization") == "Bearer abc.d-e_f~+/=="
    assert second.one("authorization") == (first.one("authorization") if there == "/end" else None)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX: 1", "=", "s\u00e9cret"])
def test_a_token_that_cannot_be_sent_is_not_repeated(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        HttpRequest("http://a.example/", bearer=token)
    assert "cret" not in caught.value.message


def test_no_secret_in_what_a_request_says_of_itself() -> None:
    """S7: a request in a log, a traceback or an assertion must not tell."""
    request = HttpRequest(
        "http://a.example/",
        headers=(("X-Key", "s3cret"),),
        http_password="s3cret",
        bearer="s3cret",
        proxy="http://me:s3cret@p.example",
        tls=TlsOptions(certificate="c", private_key_password="s3cret"),
    )
    assert "s3cret" not in repr(request)


async def test_a_netrc_of_ones_own(client: HttpClient, tmp_path: Path) -> None:
    book = tmp_path / "other"
    book.write_text("machine 127.0.0.1 login me password pw\n")
    first, second = await hop(
        client, "http://localhost:{port}/end", use_netrc=True, netrc_file=str(book)
    )
    assert first.one("authorization") == basic("me:pw")
    assert second.one("authorization") is None


@pytest.mark.parametrize("there", ["/end", "http://localhost:{port}/end"])
async def test_userinfo_of_the_url(client: HttpClient, there: str) -> None:
    first, second = await hop(client, there, url="http://me:p%40ss@127.0.0.1:{port}/start")
    assert first.one("authorization") == basic("me:p@ss")
    assert second.one("authorization") == (first.one("authorization") if there == "/end" else None)
    assert "me" not in first.line + str(first.one("host"))


async def test_netrc_only_for_the_hosts_it_names(
    client: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "netrc"
    book.write_text("machine localhost login me password pw\ndefault login all password x\n")
    monkeypatch.setenv("NETRC", str(book))
    there = "http://localhost:{port}/end"
    first, second = await hop(client, there, use_netrc=True)
    assert first.one("authorization") is None
    assert second.one("authorization") == basic("me:pw")
    book.write_text("machine 127.0.0.1 login new password pw\n")
    first, second = await hop(client, there, use_netrc=True)
    assert first.one("authorization") == basic("new:pw")
    assert second.one("authorization") is None
    first, _ = await hop(client, there, use_netrc=False)
    assert first.one("authorization") is None


def test_the_default_of_netrc_belongs_to_no_host(tmp_path: Path) -> None:
    book = tmp_path / "netrc"
    book.write_text("machine a.example login me password pw\ndefault login all password x\n")
    assert NetrcBook(book).look_up("a.example") == ("me", "pw")
    assert NetrcBook(book).look_up("b.example") is None
    assert NetrcBook(book).look_up("default") is None, "http://default/ is a host like others"


async def test_a_broken_netrc_is_no_reason_to_fail(
    client: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "netrc"
    book.write_text("machine localhost login\nnonsense here\n")
    monkeypatch.setenv("NETRC", str(book))
    first, second = await hop(client, "/end", use_netrc=True)
    assert (first.one("authorization"), second.one("authorization")) == (None, None)


async def test_the_owner_may_be_another_origin_than_the_url(client: HttpClient) -> None:
    """H33: later segments go straight to the final URL, where the secrets do not belong."""
    async with serving(answering) as server:
        for origin, expected in (
            (("http", "127.0.0.1", server.port), "key"),
            (("http", "origin.example", 80), None),
            (("https", "127.0.0.1", server.port), None),
        ):
            wanted = HttpRequest(
                server.url(),
                headers=(("X-Api-Key", "key"),),
                http_user="me",
                headers_origin=origin,
                use_netrc=False,
            )
            await fetch(client, wanted)
            assert server.requests[-1].one("x-api-key") == expected
            assert (server.requests[-1].one("authorization") is None) == (expected is None)


async def gate(peer: Peer, other: Scripted | None, cookie: str) -> None:
    """Set a cookie and send on; ``/file`` wants nothing."""
    while seen := await peer.request():
        if seen.target == "/gate":
            location = other.url("/file", "localhost") if other is not None else "/file"
            await peer.reply(b"", f"Set-Cookie: {cookie}", f"Location: {location}", status="302 Go")
        else:
            await peer.reply(b"hello", "Set-Cookie: late=1")


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("a=1", "a=1"),
        ("a=1; Path=/", "a=1"),
        ("a=1; Path=/elsewhere", None),
        ("a=1; Domain=other.example", None),
        ("a=1; Secure", None),
        ("a=1; Max-Age=0", None),
    ],
)
async def test_cookies_of_redirects_are_kept_for_the_job(
    client: HttpClient, cookie: str, expected: str | None
) -> None:
    jar = CookieJar()
    async with serving(lambda peer: gate(peer, None, cookie)) as server:
        request = HttpRequest(server.url("/gate"), cookies=jar, use_netrc=False)
        assert await fetch(client, request) == b"hello"
        assert server.requests[1].one("cookie") == expected
        later = HttpRequest(server.url("/file"), cookies=jar, use_netrc=False)
        assert await fetch(client, later) == b"hello"
        sent = server.requests[2].one("cookie") or ""
        assert set(sent.split("; ")) == {"late=1", *([expected] if expected else [])}
        assert await fetch(client, server.url("/file")) == b"hello"
        assert server.requests[3].one("cookie") is None, "another job has another jar"


async def test_cookies_stay_with_their_host(client: HttpClient) -> None:
    jar = CookieJar()
    async with (
        serving(answering) as second,
        serving(lambda peer: gate(peer, second, "a=1")) as first,
    ):
        request = HttpRequest(first.url("/gate"), cookies=jar, use_netrc=False)
        assert await fetch(client, request) == b"hello"
        assert second.requests[0].one("cookie") is None
        again = HttpRequest(first.url("/x"), cookies=jar, use_netrc=False)
        assert await fetch(client, again) == b"hello"
        assert first.requests[1].one("cookie") == "a=1"


async def test_newer_cookies_replace_those_given_by_hand(client: HttpClient) -> None:
    async with serving(lambda peer: gate(peer, None, "a=new")) as server:
        wanted = HttpRequest(
            server.url("/gate"), headers=(("Cookie", "a=old; b=2"),), use_netrc=False
        )
        assert await fetch(client, wanted) == b"hello"
        assert server.requests[0].one("cookie") == "a=old; b=2"
        assert server.requests[1].one("cookie") == "b=2; a=new"


@pytest.mark.parametrize(
    "header",
    [
        ("Host", "x"),
        ("content-length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Range", "bytes=0-"),
        ("If-Range", "x"),
        ("Accept-Encoding", "gzip"),
        ("EXPECT", "100-continue"),
        ("", "x"),
        ("A b", "x"),
        ("A:", "x"),
        ("A", "x\r\nB: y"),
        ("A", "x\ny"),
        ("A", "x\0"),
        ("A", "\x1b[31m"),
        ("A", " x"),
        ("A", "x\t"),
        ("A", "\u20ac"),
        ("\xe9", "x"),
    ],
)
def test_headers_that_cannot_be_given(header: tuple[str, str]) -> None:
    """S11: RFC 9110 section 5.5, and the fields that frame a message."""
    with pytest.raises(UsageError) as caught:
        check_user_headers([("X-Fine", "yes"), header])
    assert header[1] == "x" or header[1] not in caught.value.message, "a value may be a secret"
    with pytest.raises(UsageError):
        HttpRequest("http://127.0.0.1/", headers=(header,))


@pytest.mark.parametrize("value", ["", "x", "a b\tc", "caf\xe9", "~!", 'W/"x"'])
def test_headers_that_can(value: str) -> None:
    check_user_headers([("X-Fine", value)])


@pytest.mark.parametrize("name", ["if_range", "if_none_match", "user_agent", "referer"])
def test_values_with_line_breaks_never_reach_the_wire(name: str) -> None:
    changes: dict[str, Any] = {name: "x\r\ny: z"}
    with pytest.raises(UsageError):
        replace(HttpRequest("http://127.0.0.1/"), **changes)


@pytest.mark.parametrize(("start", "end"), [(None, 5), (-1, 5), (5, 5), (6, 5)])
def test_ranges_that_make_no_sense(start: int | None, end: int) -> None:
    with pytest.raises(UsageError):
        HttpRequest("http://127.0.0.1/", range_start=start, range_end=end)
