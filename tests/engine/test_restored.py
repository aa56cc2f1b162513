"""What of a part that an earlier process left is believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.records import plain_record
from tui_dl.domain.model import DownloadRecord
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.restored import believed, reopened
from tui_dl.storage.journal import Noted
from tui_dl.storage.part_file import PartFile

SYNCED = RangeSet([(0, 1000)])
WRITTEN = RangeSet([(0, 3000)])


@pytest.fixture
def left(tmp_path: Path) -> tuple[DownloadRecord, Noted]:
    """Return the record and the journal of a part of 3,000 bytes, of which 1,000 were synced."""
    part = PartFile.prepare(tmp_path, "f")
    part.place()
    part.set_size(4000)
    part.write_at(b"x" * 3000, 0)
    record = plain_record(
        1,
        directory=str(tmp_path),
        name="f",
        part_name=part.part_name,
        part=part.identity,
        synced=SYNCED,
        total_bytes=4000,
    )
    noted = Noted(WRITTEN, part.changed_ns(), is_at_rest=True)
    part.close()
    return record, noted


def restored(record: DownloadRecord, noted: Noted | None) -> RangeSet:
    """Open the part and return what counts of it."""
    part = reopened(record, noted)
    assert part is not None
    try:
        return believed(record, part, noted).written
    finally:
        part.close()


def test_d1_what_was_written_counts_in_the_same_boot(left: tuple[DownloadRecord, Noted]) -> None:
    assert restored(*left) == WRITTEN


def test_d2_a_disk_that_was_away_has_what_was_synced(left: tuple[DownloadRecord, Noted]) -> None:
    """Pulled out behind a kill and plugged in again, it has another number."""
    record, noted = left
    assert record.part is not None
    if not record.part.born_ns:
        pytest.skip("without times of birth another number is another disk")
    moved = replace(record, part=replace(record.part, device=record.part.device + 1))
    assert restored(moved, noted) == SYNCED
