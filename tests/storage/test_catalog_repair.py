"""What becomes of single bad rows, of vanished, foreign and half-made files, and of copies."""

from __future__ import annotations

import json
import sqlite3
import zlib
from pathlib import Path

import pytest

from tests.storage.records import plain_record
from tui_dl.domain.errors import DiskError, StateError
from tui_dl.storage import salvage, spare_room
from tui_dl.storage.catalog import Catalog, CatalogContents, backup_path
from tui_dl.storage.page_scan import PAGE_BYTES
from tui_dl.storage.record_codec import encode_record


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, memory_folder: Path) -> Path:
    """Give a folder where a sync costs nothing."""
    monkeypatch.setattr(spare_room, "SPARE_BYTES", 4096)
    return memory_folder


def read(path: Path) -> tuple[CatalogContents, str | None]:
    catalog = Catalog.open(path)
    found, recovered = catalog.load(), catalog.recovered
    catalog.close()
    return found, recovered


def spoil(path: Path, id: str, *, body: bytes | None = None, crc: int | None = None) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    if body is not None:
        connection.execute("UPDATE downloads SET body = ? WHERE id = ?", (body, id))
    if crc is not None:
        connection.execute("UPDATE downloads SET crc = ? WHERE id = ?", (crc, id))
    connection.close()


def test_d10_one_bad_row_is_set_aside_and_never_the_queue(folder: Path) -> None:
    made = [plain_record(number) for number in range(4)]
    catalog = Catalog.open(folder / "c")
    catalog.save(made)
    catalog.close()
    spoil(folder / "c", made[0].id, crc=1)
    spoil(folder / "c", made[1].id, body=b"{}", crc=zlib.crc32(b"{}"))
    foreign = encode_record(plain_record(77))
    spoil(folder / "c", made[2].id, body=foreign, crc=zlib.crc32(foreign))
    catalog = Catalog.open(folder / "c")
    found = catalog.load()
    assert found.records == (made[3],)
    assert [row.id for row in found.quarantined] == [record.id for record in made[:3]]
    assert [row.reason.split()[0] for row in found.quarantined] == ["the", "it", "the"]
    catalog.save([made[0]])  # the same download may be added again
    catalog.close()
    again, _recovered = read(folder / "c")
    assert again.records == (made[0], made[3])
    assert again.quarantined == ()
    connection = sqlite3.connect(folder / "c")
    kept = connection.execute("SELECT id, body FROM quarantine ORDER BY number").fetchall()
    connection.close()
    assert kept[0] == (made[0].id, encode_record(made[0]))
    assert kept[1] == (made[1].id, b"{}")


def test_after_damage_the_older_copy_is_not_overwritten(folder: Path) -> None:
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(1), plain_record(2)])
    catalog.backup()
    catalog.close()
    before = backup_path(folder / "c").read_bytes()
    spoil(folder / "c", plain_record(1).id, crc=1)
    catalog = Catalog.open(folder / "c")
    assert len(catalog.load().quarantined) == 1
    catalog.backup()
    catalog.close()
    assert backup_path(folder / "c").read_bytes() == before


@pytest.mark.parametrize("state", ["missing", "empty"])
def test_a_vanished_catalog_comes_back_from_its_copy(folder: Path, state: str) -> None:
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(1), plain_record(2)])
    catalog.backup()
    catalog.close()
    (folder / "c").unlink()
    if state == "empty":
        (folder / "c").touch()
    found, recovered = read(folder / "c")
    assert found.records == (plain_record(1), plain_record(2))
    assert recovered is not None
    assert "2 downloads" in recovered


def test_the_damaged_file_is_newer_than_its_copy(folder: Path) -> None:
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(1), plain_record(2)])
    catalog.backup()
    catalog.save([plain_record(1, tries=9)])
    catalog.close()
    data = bytearray((folder / "c").read_bytes())
    data[:16] = bytes(16)
    (folder / "c").write_bytes(data)
    found, _recovered = read(folder / "c")
    assert found.records == (plain_record(1, tries=9), plain_record(2))


def test_s7_removed_rows_do_not_come_back_and_leave_no_trace(folder: Path) -> None:
    secret = plain_record(1, url="https://user:hunter2@h/x")
    catalog = Catalog.open(folder / "c")
    catalog.save([secret, plain_record(2)])
    catalog.save(removed_ids=[secret.id])
    catalog.close()
    data = (folder / "c").read_bytes()
    assert b"hunter2" not in data
    (folder / "c").write_bytes(bytes(100) + data[100:])
    found, recovered = read(folder / "c")
    assert recovered is not None
    assert found.records == (plain_record(2),)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", bytes(4096), b"hello" * 5000])
def test_creation_that_was_cut_short_and_foreign_files(folder: Path, content: bytes) -> None:
    (folder / "c").write_bytes(content)
    found, recovered = read(folder / "c")
    assert found.records == ()
    assert (recovered is None) == (content == b"")


def test_a_first_start_that_was_killed_is_no_damage(folder: Path) -> None:
    connection = sqlite3.connect(folder / "c", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    assert (folder / "c").stat().st_size == PAGE_BYTES
    _found, recovered = read(folder / "c")
    assert recovered is None


def test_a_foreign_database_is_set_aside_whole(folder: Path) -> None:
    connection = sqlite3.connect(folder / "c")
    connection.execute("CREATE TABLE theirs (x)")
    connection.execute("INSERT INTO theirs VALUES (5)")
    connection.commit()
    connection.close()
    before = (folder / "c").read_bytes()
    _found, recovered = read(folder / "c")
    assert recovered is not None
    assert (folder / "c.damaged-1").read_bytes() == before


def test_a_folder_in_its_place_is_an_error_of_ours(folder: Path) -> None:
    (folder / "c").mkdir()
    with pytest.raises((DiskError, StateError)):
        Catalog.open(folder / "c")


def test_the_stored_body_is_plain_json_for_whoever_looks(folder: Path) -> None:
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(1)])
    catalog.close()
    connection = sqlite3.connect(folder / "c")
    ((body, position),) = connection.execute("SELECT body, position FROM downloads").fetchall()
    connection.close()
    assert json.loads(body)["url"] == plain_record(1).url
    assert position == 1


def test_an_id_that_is_no_text_any_more_costs_only_its_row(folder: Path) -> None:
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(1), plain_record(2)])
    catalog.close()
    connection = sqlite3.connect(folder / "c", isolation_level=None)
    connection.execute(
        "UPDATE downloads SET id = CAST(x'FFFE41' AS TEXT) WHERE id = ?", (plain_record(1).id,)
    )
    connection.close()
    found, _recovered = read(folder / "c")
    assert found.records == (plain_record(2),)
    assert [row.reason for row in found.quarantined] == ["the ids do not match"]


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, 0), (16, 0x20), (18, 3), (19, 3), (20, 8), (21, 63), (59, 3), (59, 2), (63, 2), (71, 9)],
)
def test_d10_one_wrong_byte_in_the_header_costs_nothing(folder: Path, at: int, value: int) -> None:
    made = tuple(plain_record(number) for number in range(30))
    catalog = Catalog.open(folder / "c")
    catalog.save(made)
    catalog.close()
    data = bytearray((folder / "c").read_bytes())
    assert data[at] != value
    data[at] = value
    (folder / "c").write_bytes(data)
    catalog = Catalog.open(folder / "c")
    assert catalog.recovered is not None
    assert catalog.load().records == made
    catalog.save([plain_record(40)])
    catalog.close()


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (b"crc INTEGER", b"crd INTEGER"),
        (b"gid TEXT", b"hid TEXT"),
        (b"CREATE INDEX", b"CREATE INDEY"),
    ],
)
def test_d10_a_damaged_schema_costs_nothing(folder: Path, words: bytes, wrong: bytes) -> None:
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(1)])
    catalog.close()
    data = (folder / "c").read_bytes()
    assert data.count(words) == 1
    (folder / "c").write_bytes(data.replace(words, wrong))
    found, recovered = read(folder / "c")
    assert recovered is not None
    assert found.records == (plain_record(1),)


@pytest.mark.parametrize("place", ["before", "after"])
def test_of_two_versions_of_a_row_the_newer_counts(folder: Path, place: str) -> None:
    """A write-back that was cut short can leave the older page somewhere else in the file."""
    images = []
    for tries in (1, 2):
        catalog = Catalog.open(folder / "c")
        catalog.save([plain_record(1, tries=tries)])
        catalog.close()
        images.append((folder / "c").read_bytes())
    pages = [images[0][at : at + PAGE_BYTES] for at in range(0, len(images[0]), PAGE_BYTES)]
    (stale,) = [page for page in pages if page[0] == 0x0D and plain_record(1).id.encode() in page]
    first, rest = bytes(100) + images[1][100:PAGE_BYTES], images[1][PAGE_BYTES:]
    (folder / "c").write_bytes(first + (stale + rest if place == "before" else rest + stale))
    found, recovered = read(folder / "c")
    assert recovered is not None
    assert found.records == (plain_record(1, tries=2),)
    assert salvage.scan(folder / "c").records[plain_record(1).id][0] == 0  # rebuilt rows start anew
