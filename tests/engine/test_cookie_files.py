"""Cookie files as curl, wget and browsers write them (H38)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tui_dl.domain.errors import UsageError
from tui_dl.domain.urls import parse_url
from tui_dl.engine.cookie_file import load_cookies, write_cookies
from tui_dl.net.cookies import cookie_header, store_cookies

LATER = 4_000_000_000
"""In the year 2096: the names of tests must be the same in every process that collects them."""


def sent(path: Path, url: str) -> str | None:
    return cookie_header(load_cookies(str(path)), parse_url(url))


@pytest.mark.parametrize(
    ("line", "url", "expected"),
    [
        (f"a.example\tFALSE\t/\tFALSE\t{LATER}\tk\tv", "http://a.example/", "k=v"),
        (f"a.example\tFALSE\t/\tFALSE\t{LATER}.5\tk\tv", "http://a.example/", "k=v"),
        ("a.example\tFALSE\t/\tFALSE\t0\tk\tv", "http://a.example/", "k=v"),
        ("a.example\tFALSE\t/\tFALSE\t\tk\tv", "http://a.example/", "k=v"),
        ("#HttpOnly_a.example\tFALSE\t/\tFALSE\t0\tk\tv", "http://a.example/", "k=v"),
        ("a.example\tFALSE\t/\tFALSE\t1\tk\tv", "http://a.example/", None),
        ("a.example\tFALSE\t/\tFALSE\t0\tk\tv", "http://b.a.example/", None),
        (".a.example\tTRUE\t/\tFALSE\t0\tk\tv", "http://b.a.example/", "k=v"),
        (".a.example\tTRUE\t/\tFALSE\t0\tk\tv", "http://xa.example/", None),
        ("a.example\tFALSE\t/p\tFALSE\t0\tk\tv", "http://a.example/", None),
        ("a.example\tFALSE\t/p\tFALSE\t0\tk\tv", "http://a.example/p/x", "k=v"),
        ("a.example\tFALSE\t/\tTRUE\t0\tk\tv", "http://a.example/", None),
        ("a.example\tFALSE\t/\tTRUE\t0\tk\tv", "https://a.example/", "k=v"),
        ("localhost\tFALSE\t/\tFALSE\t0\tk\tv", "http://localhost:81/", "k=v"),
        ("127.0.0.1\tFALSE\t/\tFALSE\t0\tk\tv", "http://127.0.0.1/", "k=v"),
        ("127.0.0.1\tFALSE\t/\tFALSE\t0\tk\tv", "http://127.0.0.2/", None),
        ("# a comment\n\na.example\tFALSE\t/\tFALSE\t0\tk\t", "http://a.example/", "k="),
    ],
)
def test_lines(tmp_path: Path, line: str, url: str, expected: str | None) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(f"{line}\n")
    assert sent(path, url) == expected


@pytest.mark.parametrize(
    "content", [b"k=s3cret\n", b"a\tb\tc\td\te\tf\ts3cret\n", b"\xff\xfe", b"{}"]
)
def test_what_is_no_cookie_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cookies.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read") as caught:
        load_cookies(str(path))
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("host", ["a.example", "127.0.0.1", "localhost"])
def test_what_is_written_is_read_again(tmp_path: Path, host: str) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text("old")
    path.chmod(0o644)
    url = parse_url(f"http://{host}/")
    jar = load_cookies(None)
    store_cookies(jar, url, ["sid=1; Path=/", "keep=2; Path=/; Max-Age=5000"])

    write_cookies(str(path), jar)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted((sent(path, f"http://{host}/x") or "").split("; ")) == ["keep=2", "sid=1"]
    assert [entry.name for entry in path.parent.glob("*cookies*")] == ["cookies.txt"]
    assert sent(path, f"http://below.{host}/x") is None
