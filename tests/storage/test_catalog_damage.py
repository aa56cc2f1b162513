"""Damage to the catalog costs the rows that it hit and nothing else, and never the start."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.storage.records import plain_record
from tui_dl.domain.errors import DiskError, StateError
from tui_dl.domain.model import DownloadRecord
from tui_dl.storage import salvage, spare_room
from tui_dl.storage.catalog import Catalog, CatalogContents, backup_path
from tui_dl.storage.record_codec import encode_record

PAGE = 4096
_INDEX_OR_INNER_PAGE = (0x02, 0x05, 0x0A)
Records = dict[str, DownloadRecord]


def many_records(count: int = 120) -> Records:
    """Return records; every seventh spills over several pages, its id in each of them."""
    made = {}
    for number in range(count):
        record = plain_record(number)
        if number % 7 == 0:
            record = plain_record(number, url="https://h/" + f"{record.id}/" * 200)
        made[record.id] = record
    return made


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, memory_folder: Path) -> Path:
    """Give a folder where a sync costs nothing: hundreds of them are not what is tested."""
    monkeypatch.setattr(spare_room, "SPARE_BYTES", 4096)
    return memory_folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Records]:
    """Give the bytes of a catalog that was closed in order, and its records."""
    path = tmp_path_factory.mktemp("whole") / "c"
    made = many_records()
    catalog = Catalog.open(path)
    catalog.save(list(made.values()))
    gone = [plain_record(number) for number in range(1000, 1040)]
    catalog.save(gone)
    catalog.save(removed_ids=[record.id for record in gone])
    catalog.close()
    return path.read_bytes(), made


def read(path: Path) -> tuple[CatalogContents, str | None]:
    catalog = Catalog.open(path)
    found, recovered = catalog.load(), catalog.recovered
    catalog.save([plain_record(5000)])  # it is a working catalog again
    catalog.save(removed_ids=[plain_record(5000).id])
    catalog.close()
    return found, recovered


def truncate(data: bytearray, rng: random.Random) -> set[int]:
    cut = rng.randrange(len(data))
    pages = set(range(cut // PAGE, len(data) // PAGE))
    del data[cut:]
    return pages


def zero_a_page(data: bytearray, rng: random.Random) -> set[int]:
    page = rng.randrange(len(data) // PAGE)
    data[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    return {page}


def scramble_a_page(data: bytearray, rng: random.Random) -> set[int]:
    page = rng.randrange(len(data) // PAGE)
    data[page * PAGE : (page + 1) * PAGE] = rng.randbytes(PAGE)
    return {page}


def tear_a_sector(data: bytearray, rng: random.Random) -> set[int]:
    at = rng.randrange(len(data) // 512) * 512
    data[at : at + 512] = rng.randbytes(512)
    return {at // PAGE}


def flip_bits(data: bytearray, rng: random.Random) -> set[int]:
    pages = set()
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        # Every other time in the header, where one bit can mislead SQLite about all rows.
        at = rng.randrange(len(data) if rng.random() < 0.5 else 112)
        data[at] ^= 1 << rng.randrange(8)
        pages.add(at // PAGE)
    return pages


DAMAGES: list[Callable[[bytearray, random.Random], set[int]]] = [
    truncate,
    zero_a_page,
    scramble_a_page,
    tear_a_sector,
    flip_bits,
]


def touched_ids(whole: bytes, pages: set[int], ids: set[str]) -> set[str]:
    """Return the ids of rows with a byte on one of ``pages``, by looking for their text."""
    found: set[str] = set()
    for page in pages:
        content = whole[page * PAGE : (page + 1) * PAGE]
        if content[0] not in _INDEX_OR_INNER_PAGE:
            found |= {id for id in ids if id.encode() in content}
    return found


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_d10_damage_costs_at_most_the_rows_that_it_touched(
    folder: Path, whole: tuple[bytes, Records], damage: Callable[..., set[int]]
) -> None:
    data, made = whole
    outcomes = set()
    for seed in range(60):
        broken = bytearray(data)
        pages = damage(broken, random.Random(f"{damage.__name__} {seed}"))
        place = folder / str(seed)
        place.mkdir()
        (place / "c").write_bytes(broken)
        found, recovered = read(place / "c")
        kept = {record.id: record for record in found.records}
        touched = touched_ids(data, pages, set(made))
        assert kept.items() <= made.items(), f"seed {seed}: a record changed or came back"
        assert made.keys() - kept.keys() <= touched, f"seed {seed}: {recovered}"
        assert {row.id for row in found.quarantined}.isdisjoint(kept)
        again, still = read(place / "c")
        assert (again.records, again.quarantined, still) == (found.records, (), None)
        if recovered is not None and len(broken):
            (aside,) = place.glob("c.damaged-*")
            assert aside.read_bytes() == broken
        outcomes.add(recovered is None)
    assert False in outcomes  # the damage was real


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_d10_with_a_copy_nothing_is_lost(
    folder: Path, whole: tuple[bytes, Records], damage: Callable[..., set[int]]
) -> None:
    data, made = whole
    for seed in range(8):
        broken = bytearray(data)
        damage(broken, random.Random(seed))
        place = folder / str(seed)
        place.mkdir()
        (place / "c").write_bytes(broken)
        backup_path(place / "c").write_bytes(data)
        found, recovered = read(place / "c")
        if recovered is not None:
            assert {record.id: record for record in found.records} == made
            assert found.quarantined == ()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_d10_damage_with_a_log_beside_it(
    folder: Path, whole: tuple[bytes, Records], damage: Callable[..., set[int]]
) -> None:
    """After a kill the newest rows are in the write-ahead log only."""
    data, made = whole
    source = folder / "source"
    source.write_bytes(data)
    catalog = Catalog.open(source)
    late = {record.id: record for record in map(plain_record, range(300, 310))}
    catalog.save(list(late.values()))
    log = source.with_name("source-wal").read_bytes()
    before = source.read_bytes()
    assert before == data
    catalog.close()
    for seed in range(8):
        broken = bytearray(before)
        pages = damage(broken, random.Random(seed))
        place = folder / str(seed)
        place.mkdir()
        (place / "c").write_bytes(broken)
        (place / "c-wal").write_bytes(log)
        found, recovered = read(place / "c")
        kept = {record.id: record for record in found.records}
        assert kept.items() <= (made | late).items()
        lost = (made | late).keys() - kept.keys()
        assert lost <= touched_ids(before, pages, set(made)), f"seed {seed}: {recovered}"


def test_d10_a_damaged_log_costs_only_what_it_held(
    folder: Path, whole: tuple[bytes, Records]
) -> None:
    data, made = whole
    (folder / "source").write_bytes(data)
    catalog = Catalog.open(folder / "source")
    catalog.save([plain_record(300)])
    log = (folder / "source-wal").read_bytes()
    catalog.close()
    rng = random.Random(3)
    for seed in range(30):
        broken = bytearray(log)
        flip_bits(broken, rng) if seed % 2 else truncate(broken, rng)
        place = folder / str(seed)
        place.mkdir()
        (place / "c").write_bytes(data)
        (place / "c-wal").write_bytes(broken)
        found, _recovered = read(place / "c")
        kept = {record.id for record in found.records}
        assert made.keys() <= kept <= made.keys() | {plain_record(300).id}


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
    assert (folder / "c").stat().st_size == PAGE
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


@pytest.mark.parametrize("step", ["_write_fresh", "_keep_copy", "_sync_parent"])
def test_a_crash_while_rebuilding_leaves_enough_to_rebuild_again(
    folder: Path, whole: tuple[bytes, Records], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    data, made = whole
    (folder / "c").write_bytes(bytes(100) + data[100:])
    real = getattr(salvage, step)

    class PowerCutError(BaseException):
        pass

    def crash(*args: object) -> None:
        real(*args)
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(salvage, step, crash)
        with pytest.raises(PowerCutError):
            Catalog.open(folder / "c")
    found, _recovered = read(folder / "c")
    assert {record.id: record for record in found.records} == made


def test_pages_that_the_disk_refuses_cost_only_themselves(
    folder: Path, whole: tuple[bytes, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, made = whole
    (folder / "c").write_bytes(data)
    bad_page = 4
    real = os.pread

    def bad_sector(fd: int, length: int, at: int) -> bytes:
        if at == bad_page * PAGE:
            raise OSError(5, "Input/output error")
        return real(fd, length, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", bad_sector)
        found = salvage.scan(folder / "c")
    assert made.keys() - found.records.keys() <= touched_ids(data, {bad_page}, set(made))
    assert found.records


def test_the_stored_body_is_plain_json_for_whoever_looks(folder: Path) -> None:
    catalog = Catalog.open(folder / "c")
    catalog.save([plain_record(1)])
    catalog.close()
    connection = sqlite3.connect(folder / "c")
    ((body, position),) = connection.execute("SELECT body, position FROM downloads").fetchall()
    connection.close()
    assert json.loads(body)["url"] == plain_record(1).url
    assert position == 1
