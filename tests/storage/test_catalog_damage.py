"""Damage to the catalog costs the rows that it hit and nothing else, and never the start."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.storage.records import plain_record
from tui_dl.domain.model import DownloadRecord
from tui_dl.storage import salvage, spare_room
from tui_dl.storage.catalog import Catalog, CatalogContents, backup_path

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


@pytest.mark.parametrize("is_there", [True, False], ids=["emptied", "deleted"])
def test_d10_a_log_whose_file_is_gone_is_read_and_so_is_the_copy(
    folder: Path, whole: tuple[bytes, Records], is_there: bool
) -> None:
    """SQLite would drop the log and begin anew: the whole list was lost without a word."""
    data, made = whole
    (folder / "source").write_bytes(data)
    catalog = Catalog.open(folder / "source")
    catalog.backup(backup_path(folder / "c"))
    late = plain_record(300)
    catalog.save([late])
    (folder / "c-wal").write_bytes((folder / "source-wal").read_bytes())
    catalog.close()
    if is_there:
        (folder / "c").write_bytes(b"")
    found, recovered = read(folder / "c")
    assert {record.id: record for record in found.records} == made | {late.id: late}
    assert recovered is not None
