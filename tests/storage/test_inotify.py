"""Trap D5 at scale: one inotify instance tells of other writers, for any number of files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.records import plain_record
from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.ranges import RangeSet
from tui_dl.engine.disk import DiskPace, Pools
from tui_dl.engine.plan import Plan
from tui_dl.engine.target import FileTarget
from tui_dl.storage import inotify, tampering
from tui_dl.storage.tampering import PartWatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is a call of Linux")

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


def instances() -> int:
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own descriptor is gone by now
            count += str(entry.readlink()) == "anon_inode:inotify"
    return count


def write_as_another(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / str(number) for number in range(6)]
    for path in made:
        path.write_bytes(b"")
    return made


@pytest.fixture
def watches() -> Iterator[list[PartWatch]]:
    """Give a list whose watches are closed at the end."""
    made: list[PartWatch] = []
    yield made
    for watch in made:
        watch.close()


def test_300_files_need_one_instance(tmp_path: Path, watches: list[PartWatch]) -> None:
    """A user may have 128 instances: one a file would leave the rest without a watch."""
    files = [tmp_path / str(number) for number in range(300)]
    for path in files:
        path.write_bytes(b"")
    watches += [PartWatch(path) for path in files]
    assert instances() == 1
    write_as_another(files[17])
    write_as_another(files[299])
    hit = [n for n, watch in enumerate(watches) if watch.was_written_by_another()]
    assert hit == [17, 299]
    assert watches[17].was_written_by_another() is True, "once seen it stays seen"


def test_two_watches_of_one_inode(files: list[Path], watches: list[PartWatch]) -> None:
    """The kernel gives both the same number: the end of one must not end the other."""
    twin = files[0].with_name("twin")
    twin.hardlink_to(files[0])
    first = PartWatch(files[0])
    write_as_another(files[0])
    second = PartWatch(twin)
    watches += [first, second]
    assert (first.was_written_by_another(), second.was_written_by_another()) == (True, False)
    first.close()
    first.close()
    write_as_another(twin)
    assert second.was_written_by_another() is True


def test_what_came_before_does_not_count(files: list[Path], watches: list[PartWatch]) -> None:
    old = PartWatch(files[0])
    write_as_another(files[0])
    old.close()
    watches.append(PartWatch(files[0]))
    assert watches[0].was_written_by_another() is False


def test_lost_events_make_every_watch_unknown(files: list[Path], watches: list[PartWatch]) -> None:
    limit = int(QUEUE.read_text())
    if limit > 100_000:
        pytest.skip("the kernel keeps more events than are quickly made")
    watches += [PartWatch(path) for path in files[:3]]
    for number in range(limit + 2):  # two files in turn: equal neighbours are told once
        os.close(os.open(files[number % 2], os.O_WRONLY))
    assert [watch.was_written_by_another() for watch in watches] == [None, None, None]
    watches.append(PartWatch(files[5]))
    assert watches[3].was_written_by_another() is False, "a new watch is a new beginning"


def test_a_file_that_is_gone_is_unknown(files: list[Path], watches: list[PartWatch]) -> None:
    watches.append(PartWatch(files[0]))
    files[0].unlink()
    assert watches[0].was_written_by_another() is None


def test_a_forked_child_takes_no_events_away(files: list[Path], watches: list[PartWatch]) -> None:
    watches.append(PartWatch(files[0]))
    write_as_another(files[0])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            own = PartWatch(files[1])
            write_as_another(files[1])
            told = (watches[0].was_written_by_another(), own.was_written_by_another())
            code = 0 if told == (None, True) and instances() == 1 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert watches[0].was_written_by_another() is True


async def test_without_inotify_the_times_of_the_part_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify.FileEvents, "watch", lambda _self, _path: None)
    monkeypatch.setattr(tampering, "SLACK_NS", 50_000_000)
    pools = Pools()
    target = FileTarget(pools, DiskPace(), tmp_path / "journal", bytes(16))
    try:
        await _begin(target, tmp_path)
        await target.check(None)
        part, journal = target.part, target._witness._journal
        assert part is not None
        assert journal is not None
        noted_ns = journal.last_write_ns
        while part.changed_ns() <= noted_ns + tampering.SLACK_NS:
            write_as_another(part.part_path)
        with pytest.raises(DiskError) as caught:
            await target.check(None)
        assert caught.value.code is ErrorCode.PART_CHANGED
    finally:
        await target.close()
        pools.close()


async def _begin(target: FileTarget, folder: Path) -> None:
    part = await target.prepare(folder, "x", 100)
    record = replace(plain_record(1), part=part.identity, directory=str(folder))
    await target.keep_journal(record, Plan(100, RangeSet()))
    assert await target.place()
    await target.write_later(memoryview(b"abc"), 0)
