"""Session files: aria2's own text is read and written, and comes back as the same requests."""

from __future__ import annotations

import gzip
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.api.aria2.adding import Place, request_for
from tui_dl.api.aria2.options import Defaults, may_be_added, read_options
from tui_dl.api.aria2.session import (
    SessionEntry,
    read_session,
    session_requests,
    session_text,
)
from tui_dl.api.aria2.session_file import write_session
from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions, Source

RECORDED = """http://127.0.0.1:1/z\t
 gid=f64219f92fbfaf74
 dir=/tmp/dl
http://127.0.0.1:1/x\thttp://127.0.0.1:1/y\t
 gid=4fe8eeb5ce4ab386
 pause=true
 dir=/tmp/dl
 out=q
 split=3
 header=A: 1
 header=B: 2
"""
"""Written by aria2 1.36."""


def resolve(wanted: str | None) -> str:
    if wanted is not None and ".." in wanted:
        raise UsageError("The target folder holds ..", code=ErrorCode.NOT_WRITABLE)
    return wanted or "/default"


PLACE = Place(resolve, Defaults(), Source.LOCAL)


def test_aria2s_own_file_is_understood() -> None:
    first, second = session_requests(RECORDED, PLACE)
    assert first == AddRequest(
        url="http://127.0.0.1:1/z",
        directory="/tmp/dl",
        gid="f64219f92fbfaf74",
        allow_duplicate=True,
        added_by="aria2",
    )
    assert second == replace(
        first,
        url="http://127.0.0.1:1/x",
        gid="4fe8eeb5ce4ab386",
        paused=True,
        options=DownloadOptions(
            out="q",
            mirrors=("http://127.0.0.1:1/y",),
            connections=3,
            headers=(("A", "1"), ("B", "2")),
        ),
    )


def test_it_is_written_as_aria2_writes_it() -> None:
    entries = read_session(RECORDED)
    assert session_text(entries) == RECORDED


def test_comments_blanks_and_windows_line_ends() -> None:
    text = "\ufeff# a comment\r\n\r\nhttp://127.0.0.1/a\r\n\tout = n\r\n# between\r\n  split=2\r\n"
    (entry,) = read_session(text)
    assert entry == SessionEntry(("http://127.0.0.1/a",), {"out": "n", "split": "2"}, 3)


@pytest.mark.parametrize("text", [" out=x\n", "http://h/a\n out\n", "http://h/a\n =x\n"])
def test_an_option_of_nothing_is_a_mistake_with_a_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"Line \d"):
        read_session(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://h/a\nnonsense\n",
        "http://h/a\n\nhttp://h/b\n split=0\n",
        "http://h/a\n dir=../x\n",
        "http://h/a\n out=sub/\n",
    ],
)
def test_nothing_is_half_taken(text: str) -> None:
    with pytest.raises(UsageError, match=r"Line \d"):
        session_requests(text, PLACE)


def test_a_value_cannot_break_out_of_its_line() -> None:
    entry = SessionEntry(("http://h/a",), {"out": "x\nhttp://evil/\n dir=/", "split": "2"})
    assert session_text([entry]) == "http://h/a\t\n split=2\n"


def test_names_may_lead_through_folders_below() -> None:
    def made(**texts: str) -> tuple[str, str | None]:
        request = request_for(["http://h/a"], texts, PLACE)
        return request.directory, request.options.out

    assert made() == ("/default", None)
    assert made(out="n") == ("/default", "n")
    assert made(out="a/b/n") == ("a/b", "n")
    assert made(dir="/d", out="a/n") == ("/d/a", "n")
    assert made(dir="/d/", out="/a/n") == ("/d/a", "n")
    assert made(out="/etc/n") == ("etc", "n")


uri = st.sampled_from(["http://127.0.0.1/a", "https://127.0.0.1/b?x=%2f;y", "http://127.0.0.1/c d"])
options = st.fixed_dictionaries(
    {},
    optional={
        "out": st.text(alphabet="abc.-", min_size=1, max_size=6),
        "split": st.integers(1, 64).map(str),
        "header": st.lists(
            st.sampled_from(["A: 1", "Cookie: a=b; c"]), min_size=1, max_size=2, unique=True
        ).map("\n".join),
        "max-download-limit": st.integers(1, 2**40).map(str),
        "pause": st.just("true"),
        "gid": st.text(alphabet="123456789abcdef", min_size=16, max_size=16),
        "user-agent": st.text(alphabet="abc/ 1", max_size=6).map(str.strip).filter(bool),
    },
)


@moderate
@given(st.lists(st.tuples(st.lists(uri, min_size=1, max_size=3, unique=True), options), max_size=4))
def test_what_is_written_is_read_again(
    items: list[tuple[list[str], dict[str, Any]]],
) -> None:
    entries = [SessionEntry(tuple(uris), texts) for uris, texts in items]
    found = read_session(session_text(entries))
    assert [(e.uris, dict(e.options)) for e in found] == [
        (e.uris, dict(e.options)) for e in entries
    ]
    wanted = [request_for(uris, read_options(texts, may_be_added), PLACE) for uris, texts in items]
    assert session_requests(session_text(entries), PLACE) == wanted


@moderate
@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        entries = read_session(text)
    except UsageError:
        return
    assert all(entry.uris for entry in entries)


@pytest.mark.parametrize("name", ["session", "session.gz"])
def test_the_file_is_private_and_replaced_in_one_step(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_session(path, "old\n")
    before = path.stat().st_ino
    write_session(path, "new ü\n")
    is_packed = name == "session.gz"
    data = path.read_bytes()
    assert (gzip.decompress(data) if is_packed else data).decode() == "new ü\n"
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if name in one.name] == [name]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_session(tmp_path / "missing" / "session", "x")
    assert not (tmp_path / "missing").exists()
