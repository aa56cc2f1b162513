"""The journal says what was written: never more, and after any kill it can still be read."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.conftest import open_descriptors
from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.domain.ranges import RangeSet
from tui_dl.storage import journal as journal_module
from tui_dl.storage import journal_words
from tui_dl.storage.boot import current_boot_id
from tui_dl.storage.journal import WrittenJournal
from tui_dl.storage.journal_format import HEADER_BYTES, SLOT_BYTES, JournalOwner

PART = PartIdentity(device=5, inode=77)
BOOT = bytes(range(16))
OWNER = JournalOwner(BOOT, "r", 3, PART)


@pytest.fixture(params=["mapped", "in place"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test with both ways to store a word."""
    if request.param == "in place":
        monkeypatch.setattr(journal_words, "map_is_safe", lambda _fd: False)
    return str(request.param)


def create(path: Path, base: RangeSet | None = None) -> WrittenJournal:
    return WrittenJournal(path, OWNER, base or RangeSet())


def load(path: Path) -> RangeSet | None:
    return WrittenJournal.load(path, OWNER)


def test_each_store_can_be_read_at_once_by_another(folder: Path, way: str) -> None:
    path = folder / "deep" / "j"
    journal = create(path, RangeSet([(0, 10)]))
    assert load(path) == RangeSet([(0, 10)])
    slot, other = journal.open_slot(100), journal.open_slot(500)
    assert load(path) == RangeSet([(0, 10)])
    journal.advance(slot, 140)
    journal.advance(other, 501)
    journal.advance(slot, 150)
    expected = RangeSet([(0, 10), (100, 150), (500, 501)])
    assert load(path) == journal.ranges() == expected
    journal.close()
    assert load(path) == expected
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_journal_claims_nothing(folder: Path) -> None:
    assert load(folder / "none") is None


@pytest.mark.parametrize(
    "change",
    [
        {"boot_id": bytes(16)},
        {"record_id": "other"},
        {"part": PartIdentity(5, 78)},
        {"part": PartIdentity(6, 77)},
    ],
)
def test_a_journal_of_another_owner_or_boot_is_worth_nothing(
    folder: Path, change: dict[str, Any]
) -> None:
    create(folder / "j", RangeSet([(0, 10)])).close()
    assert WrittenJournal.load(folder / "j", replace(OWNER, **change)) is None


def test_d10_a_damaged_header_is_worth_nothing(folder: Path) -> None:
    path = folder / "j"
    create(path, RangeSet([(0, 10)])).close()
    whole = path.read_bytes()
    for at in range(HEADER_BYTES):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert load(path) is None, f"byte {at}"
    for length in (0, 1, HEADER_BYTES - 1):
        path.write_bytes(whole[:length])
        assert load(path) is None
    path.write_bytes(whole[: HEADER_BYTES + 2 * SLOT_BYTES + 3])
    assert load(path) == RangeSet([(0, 10)])


def damaged(whole: bytes, at: int, new: bytes) -> bytes:
    return whole[:at] + new + whole[at + len(new) :]


def test_d10_a_damaged_slot_claims_nothing(folder: Path) -> None:
    path = folder / "j"
    base = RangeSet([(0, 10), (4096, 5000), (1 << 40, (1 << 40) + 7)])
    create(path, base).close()
    whole = path.read_bytes()
    first = HEADER_BYTES + SLOT_BYTES
    for place, lost in enumerate(base):
        expected = base.subtract(RangeSet([lost]))
        slot = first + place * SLOT_BYTES
        for at in range(slot, slot + SLOT_BYTES):
            for bit in range(8):
                path.write_bytes(damaged(whole, at, bytes([whole[at] ^ 1 << bit])))
                assert load(path) == expected, f"byte {at}, bit {bit}"
        other = whole[first : first + SLOT_BYTES] if place else whole[slot + 16 : slot + 32]
        for content in (bytes(SLOT_BYTES), b"\xff" * SLOT_BYTES, other):
            path.write_bytes(damaged(whole, slot, content))
            assert load(path) == expected, f"{content!r} at {slot}"


def test_d10_the_slots_of_another_journal_claim_nothing(folder: Path) -> None:
    path = folder / "j"
    create(path, RangeSet([(0, 10)])).close()
    header = path.read_bytes()[:HEADER_BYTES]
    WrittenJournal(path, replace(OWNER, record_id="s"), RangeSet([(0, 99)])).close()
    path.write_bytes(header + path.read_bytes()[HEADER_BYTES:])
    assert load(path) == RangeSet()


def test_a_claim_longer_than_a_slot_can_hold_is_cut(folder: Path) -> None:
    journal = create(folder / "j")
    journal.advance(journal.open_slot(5), 5 + (1 << 50))
    assert load(folder / "j") == RangeSet([(5, 5 + (1 << 48) - 1)])
    journal.close()


def test_the_journal_of_another_generation_tells_only_when_it_was_written(folder: Path) -> None:
    journal = create(folder / "j", RangeSet([(0, 10)]))
    journal.note_write(1234)
    journal.close()
    noted = WrittenJournal.load_noted(folder / "j", replace(OWNER, generation=4))
    assert noted is not None
    assert (noted.ranges, noted.last_write_ns) == (RangeSet(), 1234)


def test_what_would_claim_too_much_or_nothing_known_is_refused(folder: Path) -> None:
    journal = create(folder / "j")
    slot = journal.open_slot(100)
    journal.advance(slot, 120)
    for end in (119, -1, 2**63):
        with pytest.raises(ValueError, match="cannot go"):
            journal.advance(slot, end)
    with pytest.raises(ValueError, match="not an offset"):
        journal.open_slot(-1)
    journal.close_slot(slot)
    with pytest.raises(ValueError, match="not open"):
        journal.advance(slot, 130)
    with pytest.raises(ValueError, match="not open"):
        journal.close_slot(slot)
    assert journal.ranges() == RangeSet([(100, 120)])
    journal.close()
    journal.close()
    with pytest.raises(ValueError, match="closed"):
        journal.open_slot(0)


def test_remove_leaves_no_file_and_no_descriptor(folder: Path, way: str) -> None:
    before = open_descriptors()
    journal = create(folder / "j")
    journal.open_slot(0)
    journal.remove()
    journal.remove()
    assert list(folder.iterdir()) == []
    assert open_descriptors() == before


def test_thousands_of_slots_stay_small_and_complete(folder: Path, way: str) -> None:
    journal = create(folder / "j")
    first = journal.open_slot(10**12)
    for number in range(3000):
        slot = journal.open_slot(number * 10)
        journal.advance(slot, number * 10 + 10)
        journal.close_slot(slot)
    journal.advance(first, 10**12 + 7)
    expected = RangeSet([(0, 30_000), (10**12, 10**12 + 7)])
    assert load(folder / "j") == journal.ranges() == expected
    journal.close()
    assert (folder / "j").stat().st_size < 10_000
    assert [p.name for p in folder.iterdir()] == ["j"]


def test_slots_that_cannot_be_merged_make_the_file_grow(folder: Path) -> None:
    journal = create(folder / "j")
    for number in range(1000):
        journal.advance(journal.open_slot(number * 10), number * 10 + 5)
    loaded = load(folder / "j")
    assert loaded is not None
    assert len(loaded) == 1000
    journal.close()


def fill_up(ballast: Path) -> None:
    """Write until the disk takes no more."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "advance", "advance", "close"]),
        st.integers(0, 400),
        st.integers(1, 50),
    ),
    max_size=60,
)


@settings(max_examples=150)
@given(todo=steps, base=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), max_size=5))
def test_any_history_reads_back_as_it_happened(
    tmp_path_factory: pytest.TempPathFactory, todo: list[Step], base: list[tuple[int, int]]
) -> None:
    """Model: a list of intervals. The smallest file compacts at every other slot."""
    path = tmp_path_factory.getbasetemp() / "history"
    known = RangeSet((start, start + length) for start, length in base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "_LEAST_SLOTS", 2)
        journal = create(path, known)
        moving: dict[int, tuple[int, int]] = {}
        for what, number, amount in todo:
            if what == "open":
                moving[journal.open_slot(number)] = (number, number)
            elif moving:
                slot = sorted(moving)[number % len(moving)]
                start, end = moving[slot]
                if what == "advance":
                    journal.advance(slot, end + amount)
                    moving[slot] = (start, end + amount)
                else:
                    journal.close_slot(slot)
                    known = known.union([moving.pop(slot)])
            expected = known.union(moving.values())
            assert load(path) == expected
        assert journal.ranges() == known.union(moving.values())
        journal.close()


def test_d3_a_full_state_disk_is_an_error_and_the_old_claims_stay(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_LEAST_SLOTS", 2)
    path = small_disk / "j"
    journal = create(path)
    slots = [journal.open_slot(0), journal.open_slot(100)]
    ballast = small_disk / "ballast"
    fill_up(ballast)
    with pytest.raises(DiskError) as caught:
        journal.open_slot(200)
    assert caught.value.code is ErrorCode.DISK_FULL
    journal.advance(slots[0], 50)
    assert load(path) == journal.ranges() == RangeSet([(0, 50)])
    ballast.unlink()
    journal.advance(journal.open_slot(200), 210)
    assert load(path) == RangeSet([(0, 50), (200, 210)])
    journal.close()


def test_d3_stores_into_a_full_disk_do_not_kill_the_process(small_disk: Path) -> None:
    """A hole under the map would be a SIGBUS here: in a child, so that it shows."""
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.storage.test_journal import create, fill_up, load\n"
        "place = Path(sys.argv[1]); journal = create(place / 'j')\n"
        "fill_up(place / 'ballast')\n"
        "slots = [journal.open_slot(n * 100) for n in range(256)]\n"
        "for slot, n in zip(slots, range(256)): journal.advance(slot, n * 100 + 9)\n"
        "print(load(place / 'j').total)\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", script, str(small_disk)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (child.returncode, child.stdout.strip()) == (0, str(256 * 9)), child.stderr


def test_d5_the_last_write_is_noted_and_claims_nothing(folder: Path) -> None:
    journal = create(folder / "j")

    def noted() -> tuple[RangeSet, int, bool]:
        found = WrittenJournal.load_noted(folder / "j", OWNER)
        assert found is not None
        return found.ranges, found.last_write_ns, found.is_at_rest

    journal.note_write(1_700_000_000_000_000_000)
    journal.advance(journal.open_slot(7), 9)
    claimed = RangeSet([(7, 9)])
    assert noted() == (claimed, 1_700_000_000_000_000_000, False)
    journal.note_rest(1_700_000_000_000_000_009)
    assert noted() == (claimed, 1_700_000_000_000_000_009, True)
    journal.note_write(1_700_000_000_000_000_010)
    assert noted() == (claimed, 1_700_000_000_000_000_010, False), "a write is under way again"
    journal.close()


def test_d16_threads_note_and_advance_while_another_compacts(
    folder: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store must never reach the file that a compaction has just let go of."""
    monkeypatch.setattr(journal_module, "_LEAST_SLOTS", 2)
    journal = create(folder / "j")
    steady = journal.open_slot(10**9)
    stop = threading.Event()
    errors: list[BaseException] = []

    def store_on() -> None:
        end = 10**9
        try:
            while not stop.is_set():
                end += 1
                journal.note_write(end)
                journal.advance(steady, end)
        except (ValueError, OSError, DiskError) as error:
            errors.append(error)

    other = threading.Thread(target=store_on)
    other.start()
    for number in range(400):
        slot = journal.open_slot(number * 8)
        journal.advance(slot, number * 8 + 8)
        journal.close_slot(slot)
    stop.set()
    other.join()
    assert errors == []
    assert load(folder / "j") == journal.ranges()
    assert RangeSet([(0, 3200)]).subtract(journal.ranges()) == RangeSet()
    journal.close()


def test_a_store_that_fails_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_words, "map_is_safe", lambda _fd: False)
    journal = create(folder / "j")
    slot = journal.open_slot(0)

    def fail(*_: object) -> int:
        raise OSError(errno.EROFS, "read-only")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fail)
        with pytest.raises(DiskError) as caught:
            journal.advance(slot, 5)
        assert caught.value.code is ErrorCode.NOT_WRITABLE
        with pytest.raises(DiskError) as caught:
            journal.note_write(5)
        assert caught.value.code is ErrorCode.NOT_WRITABLE
    assert journal.ranges() == RangeSet()
    journal.close()


def test_the_boot_id_is_steady_and_differs_between_boots(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert current_boot_id() == current_boot_id()
    assert len(current_boot_id()) == 16
    seen = set()
    for text in ("150d7fce-ea47-4488-ae8a-c71b8f0e8beb", "00000000-0000-4000-8000-000000000000"):
        (folder / "boot_id").write_text(text + "\n")
        monkeypatch.setattr("tui_dl.storage.boot._BOOT_ID_FILE", folder / "boot_id")
        seen.add(current_boot_id())
    monkeypatch.setattr("tui_dl.storage.boot._BOOT_ID_FILE", folder / "none")
    for now in (1_700_000_000.0, 1_700_000_600.0):
        monkeypatch.setattr("time.time", lambda now=now: now)
        monkeypatch.setattr("time.monotonic", lambda: 1000.0)
        seen.add(current_boot_id())
    assert {len(boot_id) for boot_id in seen} == {16}
    assert len(seen) == 4


@pytest.fixture(autouse=True)
def no_leftovers(folder: Path) -> Iterator[None]:
    """A temporary file of a rewrite never stays behind."""
    yield
    assert not list(folder.rglob("*.new"))
