"""From POST /download to a request: what is read, what is dropped, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.api.folders import Folders
from tui_dl.api.surge.adding import (
    BatchBody,
    DownloadBody,
    build_request,
    client_id,
    decode,
    sort_headers,
    split_mirrors,
    url_key,
)
from tui_dl.api.surge.replies import Refused
from tui_dl.domain.model import AddRequest, Source

UUID = "550e8400-e29b-41d4-a716-446655440000"
FOLDERS = Folders("/srv/Downloads", roots=("/home/me",))


def build(**fields: Any) -> AddRequest:
    body = DownloadBody(**({"url": "https://a.test/f.zip"} | fields))
    return build_request(body, FOLDERS.resolve, FOLDERS.directory, None)


def refusal(**fields: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        build(**fields)
    return caught.value.status, caught.value.text


def test_the_least() -> None:
    request = build()
    assert (request.url, request.directory) == ("https://a.test/f.zip", "/srv/Downloads")
    assert (request.source, request.added_by) == (Source.API, "surge")
    assert (request.paused, request.allow_duplicate) == (False, False)


def test_everything() -> None:
    request = build(
        filename="x.zip",
        path="/home/me/here",
        mirrors=["https://a.test/f.zip", "https://b.test/f.zip"],
        headers={"X-Key": "1", "User-Agent": "UA", "Referer": "https://r.test/"},
        workers=5,
        is_explicit_category=True,
        min_chunk_size=1,
    )
    assert request.directory == "/home/me/here"
    options = request.options
    assert (options.out, options.connections) == ("x.zip", 5)
    assert options.mirrors == ("https://b.test/f.zip",)
    assert options.headers == (("X-Key", "1"),)
    assert (options.user_agent, options.referer) == ("UA", "https://r.test/")


def test_unknown_fields_and_nulls_are_fine() -> None:
    text = b'{"url":"https://a.test/","headers":null,"mirrors":null,"path":null,"new":[1]}'
    body = decode(text, DownloadBody)
    assert build_request(body, FOLDERS.resolve, "/srv", None).url == "https://a.test/"


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b'{"url":1}', b'{"url":"x","headers":{"a":1}}', b'"\xff"',
     b'{"url":"x","workers":1.5}', b"[" * 100_000],
)  # fmt: skip
def test_a_bad_body_is_said(text: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode(text, DownloadBody)
    assert caught.value.status == 400
    assert caught.value.text.startswith("invalid json: ")


def test_a_deep_batch_is_refused_without_harm() -> None:
    """S13: depth 10^5."""
    with pytest.raises(Refused):
        decode(b'{"downloads":' + b"[" * 100_000 + b"]" * 100_000 + b"}", BatchBody)


@pytest.mark.parametrize("url", [None, "", "   "])
def test_a_url_is_required(url: str | None) -> None:
    assert refusal(url=url) == (400, "url is required")


@pytest.mark.parametrize("url", ["ftp://a.test/x", "/etc/passwd", "file:///etc/passwd", "http://"])
def test_only_what_can_be_fetched(url: str) -> None:
    assert refusal(url=url)[0] == 400


def test_a_bad_mirror_refuses_the_whole() -> None:
    assert refusal(mirrors=["ftp://b.test/f.zip"])[0] == 400


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "..", "a\0b"])
def test_a_name_is_no_path(name: str) -> None:
    assert refusal(filename=name) == (400, "invalid filename")


@pytest.mark.parametrize("path", ["..", "a/../b", "/srv/../etc", "a\\..\\b", "a\0b"])
def test_a_path_does_not_climb(path: str) -> None:
    assert refusal(path=path) == (400, "invalid path")


def test_an_absolute_path_is_not_relative() -> None:
    assert refusal(path="/home/me", relative_to_default_dir=True) == (400, "invalid path")


@pytest.mark.parametrize("path", ["/etc", "/", "/home/me/.ssh", "/home/me/.config/autostart"])
def test_a_path_outside_is_forbidden(path: str) -> None:
    """S8."""
    assert refusal(path=path)[0] == 403


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("", "/srv/Downloads"),
        ("sub/dir", "/srv/Downloads/sub/dir"),
        ("C:\\Users\\me\\Downloads\\new", "/srv/Downloads/new"),
        ("C:\\Users\\me\\Downloads", "/srv/Downloads"),
        ("D:\\elsewhere", "/srv/Downloads"),
        ("\\\\host\\share\\Downloads\\a\\b", "/srv/Downloads/a/b"),
    ],
)
def test_where_a_path_leads(path: str, folder: str) -> None:
    assert build(path=path).directory == folder


@pytest.mark.parametrize(
    ("workers", "connections"), [(0, None), (-3, None), (1, 1), (64, 64), (1000, 64)]
)
def test_workers_are_clamped(workers: int, connections: int | None) -> None:
    assert build(workers=workers).options.connections == connections


@pytest.mark.parametrize(
    ("url", "mirrors", "urls"),
    [
        ("https://a/x,https://b/x", [], ["https://a/x", "https://b/x"]),
        ("https://a/x, http://b/x", [], ["https://a/x", "http://b/x"]),
        ("https://a/x,y,z", [], ["https://a/x,y,z"]),
        ("https://a/x,y,https://b/1,2", [], ["https://a/x,y", "https://b/1,2"]),
        ("https://a/x,https://b/x", ["https://c/x"], ["https://a/x,https://b/x", "https://c/x"]),
    ],
)
def test_commas_part_only_urls(url: str, mirrors: list[str], urls: list[str]) -> None:
    assert split_mirrors(url, mirrors) == urls


def test_captured_headers_that_would_break_ranges_are_dropped() -> None:
    """S11: the extension sends whatever the browser sent."""
    captured = {
        "Host": "a.test",
        "Connection": "keep-alive",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Range": "bytes=0-",
        "If-Range": '"x"',
        "If-None-Match": '"x"',
        "If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT",
        "Upgrade-Insecure-Requests": "1",
        "Transfer-Encoding": "chunked",
        "Content-Length": "5",
        ":authority": "a.test",
        "Cookie": "session=1",
        "Accept": "*/*",
        "user-agent": "Browser",
        "REFERER": "https://r.test/",
    }
    kept, user_agent, referer = sort_headers(captured)
    assert kept == (("Cookie", "session=1"), ("Accept", "*/*"))
    assert (user_agent, referer) == ("Browser", "https://r.test/")


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=8))
def test_no_framing_header_gets_through(headers: dict[str, str]) -> None:
    kept, _, _ = sort_headers(headers | {"rANGE": "bytes=1-"})
    assert not {name.lower() for name, _ in kept} & {"range", "host", "content-length", ""}


def test_a_client_s_id() -> None:
    assert client_id(None, UUID.upper()) == UUID
    assert client_id(UUID, "ignored") == UUID
    assert client_id(None, "") is None


@pytest.mark.parametrize("text", ["1", "../../x", UUID + "x", "g" * 36, "550e8400e29b41d4a716"])
def test_an_id_is_a_uuid(text: str) -> None:
    """S8: an id names files of the state folder."""
    with pytest.raises(Refused) as caught:
        client_id(text)
    assert caught.value.status == 400


def test_a_key_is_an_id() -> None:
    """S19: the same key is the same download, another key another one."""
    first, again, other = client_id(key="k1"), client_id(key="k1"), client_id(key="k2")
    assert first == again != other
    assert client_id(UUID, key="k1") == UUID
    with pytest.raises(Refused):
        client_id(key="x" * 256)


def test_one_slash_does_not_make_another_url() -> None:
    assert url_key("https://a.test/x/") == url_key("https://a.test/x")
    assert url_key("https://a.test/x//") != url_key("https://a.test/x")
