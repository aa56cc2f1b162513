"""``ls`` and ``doctor`` on stored states: whole, damaged, newer, absent."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.cli.fake_service import make_row
from tui_dl import __version__
from tui_dl.cli.listing import as_json, live_row, table
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Assurance, DownloadOptions, DownloadRecord, PartIdentity, Status
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.engine.config import EngineConfig
from tui_dl.storage.boot import current_boot_id
from tui_dl.storage.catalog import Catalog
from tui_dl.storage.instance import InstanceLock
from tui_dl.storage.journal import WrittenJournal
from tui_dl.storage.journal_format import JournalOwner

BASE = DownloadRecord(
    id="11111111-0000-4000-8000-000000000000",
    gid="0" * 16,
    url="http://me:hunter2@127.0.0.1/a.bin",
    directory="/files",
    position=1,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
)
DONE = replace(
    BASE,
    status=Status.COMPLETED,
    name="done.iso",
    total_bytes=3_000_000,
    synced=RangeSet([Range(0, 3_000_000)]),
    assurance=Assurance.VALIDATOR,
)
HALF = replace(
    BASE,
    id="22222222-0000-4000-8000-000000000000",
    gid="1" * 16,
    position=2,
    status=Status.PAUSED,
    name="ha\x1blf.iso",
    total_bytes=1000,
    synced=RangeSet([Range(0, 250)]),
    failure=Failure(ErrorCode.DISK_FULL, "The disk\nis full."),
)
NEW = replace(BASE, id="33333333-0000-4000-8000-000000000000", gid="2" * 16, position=3)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("TUI_DL_DATA_DIR", str(folder))
    return folder


def store(data_dir: Path, records: Sequence[DownloadRecord]) -> Path:
    data_dir.mkdir(mode=0o700, exist_ok=True)
    path = data_dir / "catalog.sqlite3"
    catalog = Catalog.open(path)
    catalog.save(records)
    catalog.close()
    return path


def test_the_table_has_a_line_for_each(shell: Shell, data_dir: Path) -> None:
    store(data_dir, [HALF, NEW, DONE])

    listed = shell.run("ls")

    assert listed.code == 0
    assert listed.out.splitlines() == [
        "ID        STATUS        SIZE  DONE  NAME",
        "11111111  completed  3.00 MB  100%  done.iso",
        "22222222  paused     1.00 kB   25%  ha␛lf.iso  The disk␊is full.",
        "33333333  queued           –     –  http://127.0.0.1/a.bin",
    ]


def test_json_has_a_line_for_each(shell: Shell, data_dir: Path) -> None:
    store(data_dir, [DONE, HALF])

    done, half = map(json.loads, shell.run("ls", "--json").out.splitlines())

    assert done == {
        "id": DONE.id,
        "gid": DONE.gid,
        "status": "completed",
        "name": "done.iso",
        "directory": "/files",
        "url": "http://127.0.0.1/a.bin",
        "done_bytes": 3_000_000,
        "total_bytes": 3_000_000,
        "rate_bps": 0,
        "eta_s": None,
        "connections": 0,
        "priority": 0,
        "assurance": "validator",
        "code": None,
        "message": None,
        "start_at": None,
        "created_at": "2026-01-02T00:00:00+00:00",
        "completed_at": None,
    }
    assert (half["code"], half["done_bytes"]) == ("disk_full", 250)


def test_a_start_time_is_shown_while_it_is_waited_for(shell: Shell, data_dir: Path) -> None:
    moment = datetime(2030, 1, 31, 6, 0, 30, tzinfo=UTC)
    later = replace(BASE.options, start_at=moment)
    store(data_dir, [replace(DONE, options=later), replace(NEW, options=later)])
    shown = f"{moment.astimezone():%Y-%m-%d %H:%M}"

    done, waiting = shell.run("ls").out.splitlines()[1:]
    whole = shell.run("ls", "333").out
    rows = [json.loads(line) for line in shell.run("ls", "--json").out.splitlines()]

    assert waiting.endswith(f"http://127.0.0.1/a.bin  not before {shown}")
    assert done.endswith("done.iso")
    assert f"not before {shown}:30\n" in whole
    assert [row["start_at"] for row in rows] == ["2030-01-31T06:00:30+00:00"] * 2


def test_a_running_engine_tells_start_times_as_well() -> None:
    moment = datetime(2030, 1, 31, 6, tzinfo=UTC)
    options = DownloadOptions(start_at=moment)
    row = live_row(make_row("1", "http://127.0.0.1/a.bin", options=options))

    assert as_json(row)["start_at"] == "2030-01-31T06:00:00+00:00"
    assert f"not before {moment.astimezone():%Y-%m-%d %H:%M}" in table([row], with_rate=True)[1]


def test_one_download_is_shown_whole(shell: Shell, data_dir: Path) -> None:
    store(data_dir, [DONE, HALF])

    shown = shell.run("ls", "222")

    assert shown.code == 0
    facts = dict(line.split(maxsplit=1) for line in shown.out.splitlines())
    assert facts["id"] == HALF.id
    assert facts["status"] == "paused"
    assert facts["file"] == "/files/ha␛lf.iso"
    assert facts["done"] == "25%, 250 B"
    assert facts["reason"] == "The disk␊is full."
    assert "hunter2" not in shown.out, "trap S7"
    (row,) = map(json.loads, shell.run("ls", "--json", DONE.gid[:9]).out.splitlines())
    assert row["id"] == DONE.id
    assert shell.run("ls", "9").code == 2
    assert "There is no download 9." in shell.run("ls", "9").err


def test_a_watch_ends_with_its_download(shell: Shell, data_dir: Path) -> None:
    store(data_dir, [DONE, HALF])

    watched = shell.run("ls", "--watch", "11111111-")

    assert watched.code == 0
    assert watched.out.count("status     completed") == 1


def test_a_named_engine_that_does_not_answer_is_not_the_stored_list(
    shell: Shell, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(data_dir, [DONE])
    monkeypatch.setenv("TUI_DL_HOST", "127.0.0.1:9")

    listed = shell.run("ls")

    assert (listed.code, listed.out) == (5, "")
    assert "cannot be reached" in listed.err


def test_an_engine_without_an_api_leaves_its_list_to_read(shell: Shell, data_dir: Path) -> None:
    store(data_dir, [DONE])
    lock = InstanceLock.acquire(data_dir)
    try:
        listed = shell.run("ls")
    finally:
        lock.release()

    assert listed.code == 0
    assert "done.iso" in listed.out


def test_what_a_killed_process_wrote_is_counted(shell: Shell, data_dir: Path) -> None:
    part = PartIdentity(device=1, inode=2)
    half = replace(HALF, part=part, part_name="x.part")
    store(data_dir, [half])
    config = EngineConfig(data_dir=data_dir, directory=data_dir)
    owner = JournalOwner.of(half, current_boot_id())
    WrittenJournal(config.journal_path(half.id), owner, RangeSet([Range(0, 700)])).close()

    [row] = map(json.loads, shell.run("ls", "--json").out.splitlines())

    assert row["done_bytes"] == 700


def test_an_empty_state_is_a_sentence_and_stays_empty(shell: Shell, data_dir: Path) -> None:
    listed = shell.run("ls")

    assert (listed.code, listed.out) == (0, "")
    assert listed.err == "There are no downloads yet.\n"
    assert not data_dir.exists()


def test_a_damaged_record_is_counted_and_the_rest_is_shown(shell: Shell, data_dir: Path) -> None:
    path = store(data_dir, [DONE, HALF])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE downloads SET crc = crc + 1 WHERE id = ?", [HALF.id])
    connection.close()

    listed, checkup = shell.run("ls"), shell.run("doctor")

    assert listed.code == 0
    assert len(listed.out.splitlines()) == 2
    assert "cannot be shown: 1" in listed.err
    assert checkup.code == 1
    assert "✗ list" in checkup.out


def test_a_state_of_a_newer_version_is_refused(shell: Shell, data_dir: Path) -> None:
    """Trap D10."""
    path = store(data_dir, [DONE])
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = path.read_bytes()

    listed = shell.run("ls")

    assert listed.code == 1
    assert "newer tui-dl" in listed.err
    assert path.read_bytes() == before


def test_a_state_that_is_no_database_is_a_sentence(shell: Shell, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "catalog.sqlite3").write_bytes(b"not a database, not at all" * 50)

    listed, checkup = shell.run("ls"), shell.run("doctor")

    assert listed.code == 1
    assert listed.err.startswith("tui-dl: The list of downloads in")
    assert checkup.code == 1


def test_a_list_can_be_read_while_it_is_open(shell: Shell, data_dir: Path) -> None:
    path = store(data_dir, [DONE])
    catalog = Catalog.open(path)
    try:
        catalog.save([HALF])
        listed = shell.run("ls")
    finally:
        catalog.close()

    assert len(listed.out.splitlines()) == 3


def test_doctor_finds_nothing_wrong_with_nothing(shell: Shell, data_dir: Path) -> None:
    checkup = shell.run("doctor")

    assert checkup.code == 0
    assert checkup.err == ""
    lines = {line.split()[0]: line for line in checkup.out.splitlines()}
    assert __version__ in lines["tui-dl"]
    assert str(data_dir) in lines["state"]
    assert lines["lock"].endswith("free")
    assert "8." in lines["textual"]
    assert "✗" not in checkup.out
    assert not data_dir.exists()


def test_doctor_says_who_holds_the_lock(shell: Shell, data_dir: Path) -> None:
    lock = InstanceLock.acquire(data_dir)
    try:
        checkup = shell.run("doctor")
    finally:
        lock.release()

    assert checkup.code == 0
    assert f"held by process {os.getpid()}" in checkup.out


def test_doctor_shows_problems_of_the_settings(
    shell: Shell, data_dir: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "s.toml"
    settings.write_text("[downloads]\nslots = 0\nslot = 1\n")

    checkup = shell.run("doctor", "--config", str(settings))

    assert checkup.code == 1
    assert checkup.out.count("✗ settings") == 2


def test_doctor_shows_a_place_that_cannot_take_files(
    shell: Shell, data_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    checkup = shell.run("doctor", "--set", f"downloads.directory={tmp_path}/file/below")

    assert checkup.code == 1
    assert "is not a folder" in checkup.out


def test_doctor_hides_the_password_of_a_proxy(
    shell: Shell, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap S7."""
    monkeypatch.setenv("https_proxy", "http://me:hunter2@127.0.0.1:3128")

    checkup = shell.run("doctor")

    assert "https_proxy=http://127.0.0.1:3128" in checkup.out
    assert "hunter2" not in checkup.out
