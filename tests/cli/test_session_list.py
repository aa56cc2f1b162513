"""A session that saveSession wrote, read back as a list: each entry is one download again."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tui_dl.api.aria2.session import SessionEntry, session_text
from tui_dl.cli.requests import Batch, Wanted, build_batch, read_entries
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import DownloadOptions

URL = "http://127.0.0.1:1/a[1-3]{b,c}.bin"
GIDS = ("00000000000000ab", "00000000000000ac")


def session(*gids: str) -> bytes:
    entries = [
        SessionEntry((URL, URL + "?2"), {"gid": gid, "dir": "/t", "pause": "true"}) for gid in gids
    ]
    return session_text(entries).encode()


def read(path: Path) -> Batch:
    return build_batch(read_entries((), str(path)), Wanted(Path("/t"), DownloadOptions()))


@pytest.mark.parametrize("name", ["aria2.session", "aria2.session.gz"])
def test_a_session_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    text = session(*GIDS)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    batch = read(path)
    assert batch.notes == ()
    assert [request.gid for request in batch.requests] == list(GIDS), "the same link twice is two"
    for request in batch.requests:
        assert request.url == URL, "no pattern: it is what a client asked for"
        assert request.options.mirrors == (URL + "?2",)
        assert (request.paused, request.allow_duplicate) == (True, True)


@pytest.mark.parametrize("gid", ["0" * 16, "ab", "x" * 16])
def test_a_gid_that_is_none(tmp_path: Path, gid: str) -> None:
    path = tmp_path / "list"
    path.write_text(f"{URL}\n gid={gid}\n")
    with pytest.raises(UsageError, match="line 2: gid: A gid is sixteen hex digits"):
        read(path)


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_packed_list_that_is_broken(tmp_path: Path, is_cut: bool) -> None:
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(b"http://h/")[:-9] if is_cut else b"no gzip")
    with pytest.raises(UsageError, match="not what gzip writes"):
        read(path)
