"""The catalog keeps records: whole transactions, kept over restarts, refused when newer."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.conftest import open_descriptors
from tests.storage.records import plain_record, records
from tui_dl.domain.errors import DiskError, ErrorCode, StateError
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.storage import migrations, spare_room
from tui_dl.storage.catalog import Catalog, backup_path


@pytest.fixture
def folder(memory_folder: Path) -> Path:
    """Give a folder where a sync costs nothing."""
    return memory_folder


def contents(path: Path) -> dict[str, DownloadRecord]:
    """Open, read, close; fail if anything was damaged."""
    catalog = Catalog.open(path)
    assert catalog.recovered is None
    found = catalog.load()
    catalog.close()
    assert found.quarantined == ()
    return {record.id: record for record in found.records}


def filled(path: Path, count: int = 5) -> list[DownloadRecord]:
    made = [plain_record(number) for number in range(count)]
    catalog = Catalog.open(path)
    catalog.save(made)
    catalog.close()
    return made


def test_records_come_back_in_queue_order(folder: Path) -> None:
    path = folder / "state" / "c.sqlite3"
    made = [plain_record(n, position=p) for n, p in enumerate([30, -1, 2**62, 7])]
    catalog = Catalog.open(path)
    catalog.save(made, durable=True)
    catalog.close()
    catalog.close()
    catalog = Catalog.open(path)
    assert catalog.load().records == tuple(sorted(made, key=lambda record: record.position))
    assert catalog.recovered is None
    catalog.close()
    assert sorted(p.name for p in path.parent.iterdir()) == ["c.sqlite3", "c.sqlite3.spare"]


@settings(
    max_examples=25,
    deadline=None,
    # Each example replaces the file of the one before.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(made=st.lists(records, max_size=4))
def test_any_record_survives(memory_folder: Path, made: list[DownloadRecord]) -> None:
    keyed = [replace(record, id=f"i{n}", gid=f"g{n}") for n, record in enumerate(made)]
    path = memory_folder / "c"
    path.unlink(missing_ok=True)
    catalog = Catalog.open(path)
    catalog.save(keyed)
    catalog.close()
    assert contents(path) == {record.id: record for record in keyed}


def test_a_change_replaces_and_a_removal_removes(folder: Path) -> None:
    made = filled(folder / "c")
    catalog = Catalog.open(folder / "c")
    finished = replace(
        made[1], status=Status.COMPLETED, completed_at=datetime(2024, 6, 1, tzinfo=UTC)
    )
    catalog.save([finished], [made[0].id, "unknown"])
    catalog.save(removed_ids=[made[2].id])
    catalog.close()
    assert contents(folder / "c") == {record.id: record for record in (finished, *made[3:])}


def test_a_record_may_take_the_gid_of_one_removed_with_it(folder: Path) -> None:
    made = filled(folder / "c", 2)
    catalog = Catalog.open(folder / "c")
    catalog.save([replace(made[1], gid=made[0].gid)], [made[0].id])
    catalog.close()
    assert contents(folder / "c")[made[1].id].gid == made[0].gid


def test_a_transaction_is_all_or_nothing(folder: Path) -> None:
    made = filled(folder / "c")
    catalog = Catalog.open(folder / "c")
    with pytest.raises(StateError):
        catalog.save([plain_record(8), plain_record(9, gid=made[1].gid)], [made[0].id])
    catalog.save([plain_record(10)])
    catalog.close()
    assert contents(folder / "c").keys() == {record.id for record in (*made, plain_record(10))}


def test_a_durable_save_waits_for_the_disk_and_others_do_not(folder: Path) -> None:
    catalog = Catalog.open(folder / "c")
    connection = catalog._connection
    assert connection is not None
    levels = []
    for durable in (False, True, True, False):
        catalog.save([plain_record(1)], durable=durable)
        levels.append(connection.execute("PRAGMA synchronous").fetchone()[0])
    catalog.close()
    assert levels == [1, 2, 2, 1]  # NORMAL, FULL


def test_s6_only_the_user_may_read_it(folder: Path) -> None:
    before = os.umask(0)
    try:
        catalog = Catalog.open(folder / "state" / "c")
        catalog.save([plain_record(1)])
        catalog.backup()
        modes = {stat.S_IMODE(p.stat().st_mode) for p in (folder / "state").iterdir()}
        names = {p.name for p in (folder / "state").iterdir()}
        catalog.close()
    finally:
        os.umask(before)
    assert {"c", "c-wal", "c.backup"} <= names
    assert modes == {0o600}
    assert stat.S_IMODE((folder / "state").stat().st_mode) == 0o700


def test_it_may_be_used_in_another_thread(folder: Path) -> None:
    catalog = Catalog.open(folder / "c")
    worker = threading.Thread(target=catalog.save, args=([plain_record(1)],))
    worker.start()
    worker.join()
    assert len(catalog.load().records) == 1
    catalog.close()
    with pytest.raises(StateError):
        catalog.save([plain_record(2)])


def test_no_descriptor_stays_open(folder: Path) -> None:
    filled(folder / "c")
    before = open_descriptors()
    filled(folder / "c")
    (folder / "c").write_bytes(b"not a database" * 1000)
    Catalog.open(folder / "c").close()
    assert open_descriptors() == before


def test_it_notices_a_reboot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for boot in (b"a" * 16, b"a" * 16, b"b" * 16, b"b" * 16):
        monkeypatch.setattr("tui_dl.storage.catalog.current_boot_id", lambda boot=boot: boot)
        catalog = Catalog.open(folder / "c")
        seen.append(catalog.same_boot)
        catalog.close()
    assert seen == [False, True, False, True]


_SAVING = """
import sys
from pathlib import Path
from tests.storage.records import plain_record
from tui_dl.storage.catalog import Catalog
catalog = Catalog.open(Path(sys.argv[1]))
number = 0
while True:
    catalog.save([plain_record(number), plain_record(number + 1)], [plain_record(number - 9).id])
    print(number, flush=True)
    number += 2
"""


def test_after_a_kill_every_save_that_returned_is_there(folder: Path) -> None:
    for seed in range(4):
        path = folder / str(seed)
        child = subprocess.Popen(
            [sys.executable, "-c", _SAVING, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(20 + 17 * seed)]
        child.send_signal(signal.SIGKILL)
        told += child.stdout.read().split()
        last = int(told[-1])
        child.wait()
        child.stdout.close()
        found = contents(path).values()
        newest = max(record.position for record in found) - 1
        assert newest in {last, last + 2}  # one more may have been saved but not told
        kept = {n for n in range(newest + 2) if n % 2 == 0 or n > newest - 9}
        assert {record.position for record in found} == kept


def mark_version(path: Path, version: int, mark: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute(f"PRAGMA application_id = {mark}")
    connection.close()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_d10_a_newer_schema_is_refused_and_not_touched(folder: Path) -> None:
    newer = migrations.SCHEMA_VERSION + 1
    filled(folder / "c")
    mark_version(folder / "c", newer, migrations.application_id(newer))
    before = snapshot(folder)
    with pytest.raises(StateError) as caught:
        Catalog.open(folder / "c")
    assert caught.value.code is ErrorCode.STATE_NEWER
    assert snapshot(folder) == before


def test_d10_a_newer_schema_that_is_still_in_the_log_is_refused(folder: Path) -> None:
    newer = migrations.SCHEMA_VERSION + 1
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    filled(folder / "a" / "c")
    connection = sqlite3.connect(folder / "a" / "c", isolation_level=None)
    connection.execute("BEGIN")
    connection.execute(f"PRAGMA user_version = {newer}")
    connection.execute(f"PRAGMA application_id = {migrations.application_id(newer)}")
    connection.execute("COMMIT")
    for name in ("c", "c-wal"):  # as a power cut of the newer program would leave them
        (folder / "b" / name).write_bytes((folder / "a" / name).read_bytes())
    connection.close()
    before = snapshot(folder / "b")
    with pytest.raises(StateError) as caught:
        Catalog.open(folder / "b" / "c")
    assert caught.value.code is ErrorCode.STATE_NEWER
    assert snapshot(folder / "b") == before


def test_d10_a_flipped_version_is_damage_and_not_a_newer_program(folder: Path) -> None:
    made = filled(folder / "c")
    mark_version(folder / "c", 9, migrations.application_id(migrations.SCHEMA_VERSION))
    catalog = Catalog.open(folder / "c")
    assert catalog.recovered is not None
    assert catalog.load().records == tuple(made)
    catalog.close()


def test_d10_an_older_schema_is_copied_and_migrated(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = filled(folder / "c")
    monkeypatch.setattr(
        migrations,
        "MIGRATIONS",
        (*migrations.MIGRATIONS, ("ALTER TABLE downloads ADD COLUMN note TEXT",)),
    )
    old = migrations.SCHEMA_VERSION
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", old + 1)
    migrations.expected_schema.cache_clear()
    try:
        assert contents(folder / "c") == {record.id: record for record in made}
        assert contents(folder / "c").keys() == {record.id for record in made}
    finally:
        migrations.expected_schema.cache_clear()
    monkeypatch.undo()
    with pytest.raises(StateError) as caught:
        Catalog.open(folder / "c")
    assert caught.value.code is ErrorCode.STATE_NEWER
    assert contents(folder / f"c.format-{old}") == {record.id: record for record in made}


def test_a_migration_that_fails_leaves_the_version_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = ("CREATE TABLE half (x)", "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, step))
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", len(migrations.MIGRATIONS))
    connection = sqlite3.connect(folder / "c", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrations.migrate(connection, 0)
    names = {name for name, _sql in migrations.schema_of(connection)}
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    assert version == len(migrations.MIGRATIONS) - 1
    assert "half" not in names
    assert "downloads" in names


def test_a_locked_file_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(folder / "c")
    monkeypatch.setattr("tui_dl.storage.catalog_file._BUSY_TIMEOUT_S", 0.0)
    catalog = Catalog.open(folder / "c")
    other = sqlite3.connect(folder / "c", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateError) as caught:
        catalog.save([plain_record(9)])
    assert caught.value.code is ErrorCode.STATE_LOCKED
    other.execute("ROLLBACK")
    other.close()
    catalog.save([plain_record(9)])
    catalog.close()


def test_d3_a_full_disk_loses_no_record(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_room, "SPARE_BYTES", 64 * 1024)
    monkeypatch.setattr(spare_room, "_REFILL_ABOVE_BYTES", 0)
    made = filled(small_disk / "c")
    catalog = Catalog.open(small_disk / "c")
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while _wrote(file.fileno()):
            pass
    catalog.save([plain_record(100)])  # into the room that was set aside
    assert not (small_disk / "c.spare").exists()
    saved = {record.id for record in (*made, plain_record(100))}
    with pytest.raises(DiskError) as caught:  # noqa: PT012 - how many fit is the disk's affair
        for number in range(200, 2000):
            catalog.save([plain_record(number)])
            saved.add(plain_record(number).id)
    assert caught.value.code is ErrorCode.DISK_FULL
    assert {record.id for record in catalog.load().records} == saved
    ballast.unlink()
    catalog.save([plain_record(101)], durable=True)
    catalog.close()
    assert contents(small_disk / "c").keys() == saved | {plain_record(101).id}
    assert (small_disk / "c.spare").exists()


def _wrote(fd: int) -> bool:
    try:
        return os.write(fd, bytes(4096)) > 0
    except OSError:
        return False


def test_d2_a_read_only_state_folder_is_named(small_disk: Path) -> None:
    filled(small_disk / "c")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for name in ("c", "new"):
        with pytest.raises(DiskError) as caught:
            Catalog.open(small_disk / name)
        assert caught.value.code is ErrorCode.NOT_WRITABLE


def test_a_copy_is_kept_and_is_a_whole_catalog(folder: Path) -> None:
    made = filled(folder / "c")
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(50)])
    catalog.backup()
    catalog.save(removed_ids=[made[0].id])
    catalog.backup(folder / "elsewhere")
    catalog.close()
    assert contents(backup_path(folder / "c")).keys() == {
        record.id for record in (*made, plain_record(50))
    }
    assert made[0].id not in contents(folder / "elsewhere")


def test_a_large_catalog_is_not_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(folder / "c")
    monkeypatch.setattr("tui_dl.storage.catalog._LARGEST_BACKUP_BYTES", 4096)
    catalog = Catalog.open(folder / "c")
    catalog.backup()
    catalog.close()
    assert not backup_path(folder / "c").exists()
