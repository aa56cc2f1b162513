"""Group F: names and places (rows 42-49)."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domain.hostile_names import HOSTILE_NAMES
from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of 4 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(ballast: Path) -> None:
    """Take all the room that is left."""
    fd = os.open(ballast, os.O_CREAT | os.O_WRONLY)

    def write_on() -> None:
        while True:
            os.write(fd, b"x" * 4096)

    try:
        with pytest.raises(OSError, match="No space left"):
            write_on()
    finally:
        os.close(fd)


async def test_row_42_hostile_names_stay_in_their_folder_and_apart(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Traps N1-N6."""
    names = [
        name for name in HOSTILE_NAMES if "\n" not in name and "\r" not in name and "\0" not in name
    ]
    assert len(names) >= 200
    async with running(tmp_path, slots=10) as driver:
        ids = []
        for number, name in enumerate(names):
            quoted = name.encode("utf-8", "surrogatepass").replace(b"\\", b"\\\\")
            header = b'attachment; filename="' + quoted.replace(b'"', b'\\"') + b'"'
            url = fault_server.add(
                Resource(path=f"/{number}/", size=3, headers=(("Content-Disposition", header),))
            )
            ids.append(await driver.add(url))
        rows = await asyncio.gather(*(driver.wait(i) for i in ids))
        done = [row for row in rows if row.status is Status.COMPLETED]
        assert len(done) > 0.9 * len(names), {r.failure for r in rows if r not in done}
        found = list(driver.folder.rglob("*"))
        assert len(found) == len(done), "each has a file of its own"
        assert all(path.parent == driver.folder and path.is_file() for path in found)
        assert all(len(os.fsencode(path.name)) <= 255 for path in found)
    outside = {p.name for p in tmp_path.iterdir()} - {"home", "downloads", "state"}
    assert not outside


@pytest.mark.parametrize("where", ["final", "part"])
async def test_row_43_links_in_the_way_are_not_followed(
    fault_server: FaultServer, tmp_path: Path, where: str
) -> None:
    """Trap D1."""
    url = fault_server.add(Resource(path="/f", size=1000))
    victim = tmp_path / "victim"
    victim.write_text("mine")
    async with running(tmp_path) as driver:
        (driver.folder / ("f" if where == "final" else "f.part")).symlink_to(victim)
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED, row.failure
        assert row.name == "f (1)"
        check_file(driver.path(row), 1, 1000)
    assert victim.read_text() == "mine"


async def test_row_43_a_link_that_takes_the_place_of_the_part(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=6 * MIB, rate_bps=2 * MIB))
    victim = tmp_path / "victim"
    victim.write_text("mine")
    async with running(tmp_path) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > MIB)
        part = driver.folder / "f.part"
        part.unlink()
        part.symlink_to(victim)
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 6 * MIB)
    assert victim.read_text() == "mine"


async def test_row_44_two_with_one_name_at_once(fault_server: FaultServer, tmp_path: Path) -> None:
    """Trap N5."""
    one = fault_server.add(Resource(path="/a/f.bin", size=300_000, seed=1))
    two = fault_server.add(Resource(path="/b/f.bin", size=300_000, seed=2))
    async with running(tmp_path) as driver:
        ids = [await driver.add(one), await driver.add(two)]
        rows = await asyncio.gather(*(driver.wait(i) for i in ids))
        assert {row.name for row in rows} == {"f.bin", "f (1).bin"}
        for seed, row in enumerate(rows, 1):
            check_file(driver.path(row), seed, 300_000)


async def test_row_45_a_full_disk_pauses_and_goes_on_without_a_restart(
    fault_server: FaultServer, tmp_path: Path, small_disk: Path
) -> None:
    """Trap D3: the disk fills by somebody else's file while we write."""
    url = fault_server.add(Resource(path="/f", size=3 * MIB, rate_bps=MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, folder=small_disk, connections=1)
        await driver.until(record_id, lambda row: row.done_bytes > 500_000)
        ballast = small_disk / "ballast"
        fill(ballast)
        row = await driver.wait(record_id)
        assert row.status is Status.PAUSED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DISK_FULL
        kept, sent = row.done_bytes, fault_server.bytes_sent("/f")
        assert kept >= 500_000
        ballast.unlink()
        row = await driver.finish(record_id)
        check_file(driver.path(row), 1, 3 * MIB)
        assert fault_server.bytes_sent("/f") - sent <= 3 * MIB - kept + 64 * 1024


async def test_a_file_that_can_never_fit_is_refused_before_a_byte(
    fault_server: FaultServer, tmp_path: Path, small_disk: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=40 * MIB))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, folder=small_disk)
        assert row.failure is not None
        assert row.failure.code is ErrorCode.DISK_FULL
        assert not list(small_disk.iterdir())


async def test_row_48_a_folder_that_goes_away_pauses_and_leaves_nothing_stray(
    fault_server: FaultServer, tmp_path: Path, small_disk: Path
) -> None:
    """Trap D2: the mount point is not filled by accident."""
    url = fault_server.add(Resource(path="/f", size=3 * MIB, rate_bps=MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, folder=small_disk)
        await driver.until(record_id, lambda row: row.done_bytes > 500_000)
        (small_disk / "f.part").rename(small_disk / "elsewhere")
        await asyncio.to_thread(subprocess.run, ["umount", "-l", str(small_disk)], check=True)
        try:
            row = await driver.wait(record_id)
            assert row.status is Status.PAUSED
            assert row.failure is not None
            assert row.failure.code is ErrorCode.TARGET_LOST
            assert not [p.name for p in small_disk.iterdir()]
        finally:
            mount = ["mount", "-t", "tmpfs", "none", str(small_disk)]
            await asyncio.to_thread(subprocess.run, mount, check=True)


async def test_row_48_a_folder_that_cannot_be_written(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=1000))
    (tmp_path / "file").write_text("not a folder")
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, folder=tmp_path / "file" / "below")
        assert row.status is Status.PAUSED, "most likely its disk is gone"
        assert row.failure is not None
        assert row.failure.code in (ErrorCode.NOT_WRITABLE, ErrorCode.TARGET_LOST)
