"""A damaged list: the command that mends it says so, and the list goes on."""

from __future__ import annotations

from pathlib import Path

from tests.cli.processes import Place

CLOSED = "http://127.0.0.1:9/closed.bin"


def test_a_damaged_list_is_told_once_by_the_command_that_mends_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    id_ = place.run("add", "--paused", CLOSED).stdout.decode().strip()
    assert place.run("resume", id_).returncode == 0  # opening it again makes a backup
    (tmp_path / "state" / "catalog.sqlite3").write_bytes(b"no database " * 1000)

    mending = place.run("pause", id_)

    assert mending.returncode == 0
    assert b"the damaged file is kept as catalog.sqlite3.damaged-1" in mending.stderr
    assert b"damaged" not in place.run("resume", id_).stderr
    assert id_[:8] in place.run("ls").stdout.decode()
