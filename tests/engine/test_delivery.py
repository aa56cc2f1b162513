"""Finished files go to another folder: whole, never over another, and the list knows where."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.engine.test_afterwards import log_with, python
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.categories import parse_categories
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import Moving, PartIdentity, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.engine.hooks import HookSettings
from tui_dl.service.contract import Recheck
from tui_dl.storage import carry
from tui_dl.storage.catalog import Catalog

SMALL = Resource(path="/small.bin", size=50_000)


@pytest.fixture(params=["same disk", "other disk"])
def goal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder for finished files that is not there yet."""
    if request.param == "same disk":
        yield tmp_path / "done" / "deeper"
        return
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder) / "done"


def stays(driver: Driver, row: DownloadSnapshot, why: str) -> None:
    """The file is where it was loaded, done, and the row says why."""
    assert row.status is Status.COMPLETED
    assert driver.path(row) == driver.folder / "small.bin"
    assert why in row.remark
    check_file(driver.path(row), SMALL.seed, SMALL.size)
    assert [path.name for path in driver.folder.iterdir()] == ["small.bin"]


async def test_the_file_is_moved_before_anybody_hears_that_it_is_done(
    tmp_path: Path, fault_server: FaultServer, goal: Path
) -> None:
    told = tmp_path / "told"
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ['TUI_DL_PATH'])"
    hooks = HookSettings(on_complete=python(code, str(told)))
    async with running(tmp_path, hooks=hooks, remote_time=True, mark_origin=True) as driver:
        row = await driver.fetch(fault_server.add(SMALL), move_to=str(goal))
        await log_with(driver, row.id, "is done")
        assert driver.path(row) == goal / "small.bin"
        assert row.loaded_in == str(driver.folder)
        assert await driver.service.recheck(row.id) is Recheck.SAME
        done = [e.download.directory for e in driver.events if e.kind.value == "completed"]
        assert done == [str(goal)]
        assert list(driver.folder.iterdir()) == []
    assert told.read_text() == str(goal / "small.bin")
    assert [path.name for path in goal.iterdir()] == ["small.bin"]
    check_file(goal / "small.bin", SMALL.seed, SMALL.size)
    assert (goal / "small.bin").stat().st_mtime == 1704067200  # the server's date
    if "user.xdg.origin.url" in os.listxattr(goal / "small.bin"):
        assert b"small.bin" in os.getxattr(goal / "small.bin", "user.xdg.origin.url")


async def test_another_s_file_is_not_replaced(
    tmp_path: Path, fault_server: FaultServer, goal: Path
) -> None:
    goal.mkdir(parents=True)
    (goal / "small.bin").write_text("precious")
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL), move_to=str(goal))
        assert driver.path(row) == goal / "small (1).bin"
        assert row.name == "small (1).bin"
    assert (goal / "small.bin").read_text() == "precious"
    check_file(goal / "small (1).bin", SMALL.seed, SMALL.size)


async def test_settings_and_categories_name_the_folder_and_the_download_has_the_last_word(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    loading, images, rest, own = (tmp_path / name for name in ("l", "images", "rest", "own"))
    rules = parse_categories(f"images = *.iso -> {loading} -> {images}; other = *.txt -> {loading}")
    url = {n: fault_server.add(Resource(path=f"/{n}", size=9)) for n in ("a.iso", "b.bin", "c.txt")}
    async with running(tmp_path, categories=rules, move_to=str(rest)) as driver:
        assert driver.path(await driver.fetch(url["a.iso"])) == images / "a.iso"
        assert driver.path(await driver.fetch(url["b.bin"])) == rest / "b.bin"
        stay = await driver.fetch(url["b.bin"], move_to="")
        assert driver.path(stay) == driver.folder / "b.bin"
        mine = await driver.fetch(url["a.iso"], move_to=str(own))
        assert driver.path(mine) == own / "a.iso"
        id_ = await driver.add(url["b.bin"], folder=tmp_path / "named")
        assert driver.path(await driver.wait(id_)) == tmp_path / "named" / "b.bin"


@pytest.mark.parametrize(
    "text", ["a = *.x -> ~/b -> c", "a = *.x -> /b -> /c -> /d", "a = *.x ->", "a = -> /b -> /c"]
)
def test_a_category_with_a_wrong_folder_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Category 1"):
        parse_categories(text)


async def test_what_cannot_be_moved_stays_and_says_why(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    (tmp_path / "file").write_text("no folder")
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL), move_to=str(tmp_path / "file" / "sub"))
        stays(driver, row, "It stays in")
        log = await driver.log(row.id)
        assert "is not there any more" in log
    assert (tmp_path / "file").read_text() == "no folder"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system without room for the file."""
    place = tmp_path / "small disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_leaves_it_where_it_is(
    tmp_path: Path, fault_server: FaultServer, small_disk: Path
) -> None:
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL), move_to=str(small_disk))
        stays(driver, row, "are needed in")
    assert list(small_disk.iterdir()) == []


async def test_a_copy_that_reads_otherwise_is_thrown_away(
    tmp_path: Path, fault_server: FaultServer, goal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry, "by_rename", lambda *_: None)  # as between file systems
    fill = vars(carry)["_fill"]

    def flip(source: int, copy: int, is_stopped: carry.IsStopped) -> None:
        fill(source, copy, is_stopped)
        (byte,) = os.pread(copy, 1, 30_000)
        os.pwrite(copy, bytes([byte ^ 1]), 30_000)

    monkeypatch.setattr(carry, "_fill", flip)
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL), move_to=str(goal))
        stays(driver, row, "reads otherwise than it was written")
    assert list(goal.iterdir()) == []


@pytest.mark.parametrize("has_unnamed", [True, False])
def test_a_copy_that_is_given_up_leaves_nothing(
    goal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_unnamed: bool
) -> None:
    if not has_unnamed:
        monkeypatch.setattr(carry, "open_unnamed", lambda _: None)
    old = tmp_path / "old"
    old.write_bytes(b"x" * 9_000_000)
    status = old.stat()
    own = PartIdentity(status.st_dev, status.st_ino)
    copy = carry.Copy(goal / "new")
    answers = iter([False, True])
    with pytest.raises(carry.MoveStoppedError):
        copy.finish(old, own, lambda: next(answers))
    copy.close()
    assert list(goal.iterdir()) == []
    second = carry.Copy(goal / "new")
    second.finish(old, own, lambda: False)
    second.close()
    assert (goal / "new").read_bytes() == old.read_bytes()
    assert [path.name for path in goal.iterdir()] == ["new"]


@pytest.mark.parametrize("had_arrived", [True, False])
async def test_a_finished_file_whose_move_was_cut_short_is_found_at_the_next_start(
    tmp_path: Path, fault_server: FaultServer, had_arrived: bool
) -> None:
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL))
    catalog = Catalog.open(tmp_path / "state" / "catalog.sqlite3")
    (record,) = catalog.load().records
    assert record.part is not None
    goal = tmp_path / "goal"
    moving = Moving(str(goal), "new.bin", "new.bin", record.part)
    catalog.save([replace(record, moving=moving)])
    catalog.close()
    if had_arrived:
        goal.mkdir()
        driver.path(row).rename(goal / "new.bin")
    async with running(tmp_path) as again:
        place = goal if had_arrived else again.folder
        found = await again.until(row.id, lambda one: one.directory == str(place))
        check_file(again.path(found), SMALL.seed, SMALL.size)
        assert await again.service.recheck(row.id) is Recheck.SAME
        answer = await again.service.relocate(row.id, directory=str(tmp_path / "third"))
        assert answer.failure is None
        assert again.path(again.row(row.id)).parent == tmp_path / "third"
