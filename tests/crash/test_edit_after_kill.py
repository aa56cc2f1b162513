"""Trap D5 after ``kill -9``: an edit right behind our last write is seen all the same."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.support.fault_server import FaultServer, Resource, check_file, stall_after
from tui_dl.service.offline import read_stored
from tui_dl.storage.journal_format import AT_REST, first_words

MIB = 1024 * 1024
SIZE = 4 * MIB


def edit_and_hide(part: Path) -> None:
    """Change some bytes and set the time of modification back."""
    before = part.stat()
    with part.open("r+b") as file:
        file.seek(100_000)
        file.write(b"EVIL" * 10)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("is_edited", [True, False], ids=["edited", "left alone"])
def test_an_edit_within_the_same_second(
    fault_server: FaultServer, tmp_path: Path, is_edited: bool
) -> None:
    place = Place(tmp_path)
    place.target.mkdir()
    url = fault_server.add(Resource(path="/f", size=SIZE), stall_after(2 * MIB))
    process = place.start("get", "-q", "-x", "1", "-d", "target", url)
    try:
        limit_s = time.monotonic() + LIMIT_S
        while _done_bytes(place) < 2 * MIB or not _is_at_rest(place):
            assert time.monotonic() < limit_s, "no progress"
            time.sleep(0.02)
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)
    if is_edited:
        edit_and_hide(place.target / "f.part")
    fault_server.add(Resource(path="/f", size=SIZE))
    sent = fault_server.bytes_sent()
    done = place.run("get", "-q", "-d", "target", url)
    assert done.returncode == 0, done.stderr
    check_file(place.target / "f", 1, SIZE)
    fetched = fault_server.bytes_sent() - sent
    assert (fetched >= SIZE) if is_edited else (fetched <= SIZE // 2 + 512 * 1024)


def _done_bytes(place: Place) -> int:
    state = place.folder / "state"
    if not (state / "catalog.sqlite3").exists():
        return 0
    rows = read_stored(state).downloads
    return rows[0].done_bytes if rows else 0


def _is_at_rest(place: Place) -> bool:
    """Return whether the one journal says that no write is under way."""
    (journal,) = (place.folder / "state" / "journal").glob("*.journal")
    return first_words(journal.read_bytes())[1] == AT_REST
