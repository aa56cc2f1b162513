"""Another folder or name while it runs, waits or is done: bytes go along, nothing is replaced."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import ErrorCode, StateError
from tui_dl.domain.model import Status
from tui_dl.service.contract import Recheck

BIG = Resource(path="/big.bin", size=12_000_000)
SMALL = Resource(path="/small.bin", size=50_000)
SLOWLY_BPS = 200_000
"""At this rate the big one takes a minute: no test can come too late."""


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than the tests' own, where there is one."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


async def begun(driver: Driver, server: FaultServer) -> str:
    """Return a running download that has some of its bytes and cannot end by itself."""
    id_ = await driver.add(server.add(BIG), limit_bps=SLOWLY_BPS, connections=2)
    await driver.until(id_, lambda row: row.done_bytes > 0)
    return id_


async def ended(driver: Driver, id_: str) -> Path:
    """Let it run at full speed to its end and return where its file is."""
    await driver.service.set_limit(id_, 0)
    row = await driver.until(id_, lambda row: row.status is Status.COMPLETED)
    return Path(row.directory) / row.name


async def test_a_finished_file_goes_along_and_is_still_the_one_of_the_record(
    tmp_path: Path, fault_server: FaultServer, other_disk: Path
) -> None:
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL))
        old = driver.path(row)
        for folder in (tmp_path / "new" / "folder", other_disk):
            answer = await driver.service.relocate(row.id, directory=str(folder), name="b/ad.bin")
            assert answer.failure is None
            assert not old.exists()
            old = folder / "ad.bin"
            check_file(old, SMALL.seed, SMALL.size)
            assert driver.row(row.id).name == "ad.bin"
            assert await driver.service.recheck(row.id) is Recheck.SAME
        assert [path.name for path in other_disk.iterdir()] == ["ad.bin"]


@pytest.mark.parametrize("is_paused", [True, False], ids=["paused", "running"])
async def test_a_part_goes_along_and_no_byte_is_fetched_again(
    tmp_path: Path, other_disk: Path, is_paused: bool
) -> None:
    """D5: a move touches the file, which without a new note would cost all its bytes."""
    # Small buffers: what is in them when a connection is cut is sent again.
    with FaultServer(sndbuf_bytes=64 * 1024) as server:
        await move_twice(tmp_path, server, other_disk, is_paused)
        server.wait_idle()
        assert server.bytes_sent(BIG.path) < BIG.size + 6_000_000


async def move_twice(
    tmp_path: Path, server: FaultServer, other_disk: Path, is_paused: bool
) -> None:
    async with running(tmp_path) as driver:
        id_ = await begun(driver, server)
        if is_paused:
            await driver.service.pause([id_])
            await driver.wait(id_)
        for folder in (driver.folder / "sub", other_disk):
            answer = await driver.service.relocate(id_, directory=str(folder), name="other.bin")
            assert answer.failure is None
            assert (folder / "other.bin.part").exists()
        assert not list(driver.folder.rglob("*.part"))
        if is_paused:
            await driver.service.resume([id_])
        path = await ended(driver, id_)
        assert path == other_disk / "other.bin"
        check_file(path, BIG.seed, BIG.size)
        assert "changed" not in await driver.log(id_)


async def test_one_that_waits_has_only_its_record_changed(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    async with running(tmp_path) as driver:
        id_ = await driver.add(fault_server.add(SMALL), paused=True)
        folder = tmp_path / "later"
        assert (await driver.service.relocate(id_, directory=str(folder))).failure is None
        assert (await driver.service.relocate(id_, name="mine.bin")).failure is None
        assert not folder.exists()
        await driver.service.resume([id_])
        assert await ended(driver, id_) == folder / "mine.bin"


async def test_a_taken_name_is_refused_and_everything_is_as_it_was(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    async with running(tmp_path) as driver:
        id_ = await begun(driver, fault_server)
        for taken in ("taken.bin", "other.bin.part"):
            (tmp_path / taken).write_text("precious")
        for name in ("taken.bin", "other.bin"):
            answer = await driver.service.relocate(id_, directory=str(tmp_path), name=name)
            assert answer.failure is not None
            assert answer.failure.code is ErrorCode.NAME_TAKEN
        for taken in ("taken.bin", "other.bin.part"):
            assert (tmp_path / taken).read_text() == "precious"
        path = await ended(driver, id_)  # it went on by itself
        assert path == driver.folder / "big.bin"
        check_file(path, BIG.seed, BIG.size)


async def test_what_cannot_be_noted_is_taken_back(
    tmp_path: Path, fault_server: FaultServer, other_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL))

        async def refuse(self: object, records: object, *, durable: bool = False) -> None:
            raise StateError("The list cannot be written.")

        with monkeypatch.context() as patch:
            patch.setattr("tui_dl.engine.catalog_lane.CatalogLane.save_now", refuse)
            for folder in (tmp_path / "new", other_disk):
                answer = await driver.service.relocate(row.id, directory=str(folder))
                assert answer.failure is not None
                assert list(folder.glob("*")) == []
        check_file(driver.path(row), SMALL.seed, SMALL.size)
        assert driver.row(row.id).directory == row.directory


async def test_wrong_wishes_are_refused(tmp_path: Path, fault_server: FaultServer) -> None:
    async with running(tmp_path) as driver:
        row = await driver.fetch(fault_server.add(SMALL))
        service = driver.service
        answers = [
            await service.relocate(row.id, directory="not/absolute"),
            await service.relocate("nobody", name="x"),
            await service.relocate(row.id, name=""),
        ]
        driver.path(row).rename(tmp_path / "gone")
        answers.append(await service.relocate(row.id, name="x"))
        codes = [answer.failure.code for answer in answers if answer.failure is not None]
        assert codes == [
            ErrorCode.INVALID_OPTION,
            ErrorCode.UNKNOWN_DOWNLOAD,
            ErrorCode.INVALID_OPTION,
            ErrorCode.TARGET_LOST,
        ]
