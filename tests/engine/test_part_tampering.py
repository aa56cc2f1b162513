"""Trap D5 and D2: the part file is deleted, shortened or edited behind our back."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Status
from tui_dl.storage import mounts
from tui_dl.storage.catalog import Catalog

MIB = 1024 * 1024


def delete(part: Path) -> None:
    part.unlink()


def halve(part: Path) -> None:
    os.truncate(part, part.stat().st_size // 2)


def cut_and_stretch(part: Path) -> None:
    """Leave zeros, as cutting does when a write behind the cut comes next."""
    size = part.stat().st_size
    os.truncate(part, 65536)
    os.truncate(part, size)


def flip_a_byte(part: Path) -> None:
    with part.open("r+b") as file:
        file.seek(1000)
        old = file.read(1)
        file.seek(1000)
        file.write(bytes([old[0] ^ 0xFF]))


def flip_a_byte_and_hide_it(part: Path) -> None:
    before = part.stat()
    flip_a_byte(part)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(part: Path) -> None:
    size = part.stat().st_size
    part.unlink()
    part.write_bytes(b"x" * size)


def replace_by_a_copy(part: Path) -> None:
    content = part.read_bytes()
    part.unlink()
    part.write_bytes(content)


def replace_by_a_folder(part: Path) -> None:
    part.unlink()
    part.mkdir()


def replace_by_a_link(part: Path) -> None:
    (part.parent / "victim").write_text("mine")
    part.unlink()
    part.symlink_to("victim")


TAMPERINGS = [
    delete,
    halve,
    cut_and_stretch,
    flip_a_byte,
    flip_a_byte_and_hide_it,
    replace,
    replace_by_a_copy,
]


def check_kept(folder: Path, tamper: Callable[[Path], None]) -> None:
    """A file that somebody put in place of the part is kept, and nothing else is left."""
    kept = [path for path in folder.iterdir() if path.name != "x"]
    if tamper in (replace, replace_by_a_copy):
        assert [path.name for path in kept] == ["x.part.old-1"]
        assert kept[0].stat().st_size == 8 * MIB
    else:
        assert not kept


async def begun(driver: Driver, server: FaultServer, **options: Any) -> str:
    """Add the file and wait until a quarter of it is here."""
    url = server.add(Resource(path="/x", size=8 * MIB, rate_bps=2 * MIB))
    record_id = await driver.add(url, **options)
    await driver.until(record_id, lambda row: row.done_bytes > 2 * MIB)
    return record_id


async def right_name(driver: Driver, record_id: str) -> str | None:
    """Wait for the end, compare every byte, and return the name that it has."""
    row = await driver.wait(record_id)
    assert row.status is Status.COMPLETED, row.failure
    check_file(driver.path(row), 1, 8 * MIB)
    return row.name


@pytest.mark.parametrize("tamper", [replace_by_a_folder, replace_by_a_link])
async def test_what_is_no_plain_file_stays_where_it_is(
    fault_server: FaultServer, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    async with running(tmp_path) as driver:
        record_id = await begun(driver, fault_server)
    part = driver.folder / "x.part"
    tamper(part)
    async with running(tmp_path) as driver:
        await right_name(driver, record_id)
    assert part.is_dir() or part.is_symlink()
    if part.is_symlink():
        assert (driver.folder / "victim").read_text() == "mine"


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda f: f.__name__)
async def test_between_two_runs(
    fault_server: FaultServer, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    async with running(tmp_path) as driver:
        record_id = await begun(driver, fault_server)
    tamper(driver.folder / "x.part")
    fault_server.replace(Resource(path="/x", size=8 * MIB))
    async with running(tmp_path) as driver:
        assert await right_name(driver, record_id) == "x"
        check_kept(driver.folder, tamper)


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda f: f.__name__)
async def test_while_paused(
    fault_server: FaultServer, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    async with running(tmp_path) as driver:
        record_id = await begun(driver, fault_server)
        await driver.service.pause([record_id])
        await driver.wait(record_id)
        tamper(driver.folder / "x.part")
        fault_server.replace(Resource(path="/x", size=8 * MIB))
        await driver.service.resume([record_id])
        assert await right_name(driver, record_id) == "x"
        check_kept(driver.folder, tamper)


@pytest.mark.parametrize("tamper", [flip_a_byte, flip_a_byte_and_hide_it, cut_and_stretch])
async def test_right_before_a_pause(
    fault_server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tamper: Callable[[Path], None],
) -> None:
    """Nobody had looked since: what the file was at the end was taken for our own work."""
    monkeypatch.setattr("tui_dl.engine.checkpoint.LOOK_S", 3600.0)
    async with running(tmp_path) as driver:
        record_id = await begun(driver, fault_server)
        tamper(driver.folder / "x.part")
        await driver.service.pause([record_id])
        await driver.wait(record_id)
        fault_server.replace(Resource(path="/x", size=8 * MIB))
        await driver.service.resume([record_id])
        assert await right_name(driver, record_id) == "x"
        check_kept(driver.folder, tamper)


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda f: f.__name__)
async def test_while_running(
    fault_server: FaultServer, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    async with running(tmp_path) as driver:
        record_id = await begun(driver, fault_server, connections=2)
        tamper(driver.folder / "x.part")
        assert await right_name(driver, record_id) == "x"
        check_kept(driver.folder, tamper)


def renumber_disk(state: Path, record_id: str) -> None:
    """Do what many a reboot does: the journal is worth nothing, the disk has another number."""
    (state / "journal" / f"{record_id}.journal").unlink()
    catalog = Catalog.open(state / "catalog.sqlite3")
    (record,) = catalog.load().records
    assert record.part is not None
    renumbered = dataclasses.replace(record.part, device=record.part.device + 1)
    catalog.save([dataclasses.replace(record, part=renumbered)])
    catalog.close()


@pytest.mark.parametrize("tamper", [flip_a_byte, delete, replace_by_a_copy])
async def test_behind_a_reboot_that_gave_its_disk_another_number(
    fault_server: FaultServer, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    """Its disk is mounted where it was; "mount the right one" could not be followed."""
    async with running(tmp_path) as driver:
        record_id = await begun(driver, fault_server)
    renumber_disk(tmp_path / "state", record_id)
    tamper(driver.folder / "x.part")
    fault_server.replace(Resource(path="/x", size=8 * MIB))
    async with running(tmp_path) as driver:
        assert await right_name(driver, record_id) == "x"
        check_kept(driver.folder, tamper)


@pytest.mark.parametrize("is_remembered", [True, False])
async def test_d2_behind_a_reboot_without_its_disk(
    fault_server: FaultServer, tmp_path: Path, is_remembered: bool
) -> None:
    """Another disk has its folder, or nobody can tell: what is there now must not be filled."""
    async with running(tmp_path) as driver:
        record_id = await begun(driver, fault_server)
    renumber_disk(tmp_path / "state", record_id)
    delete(driver.folder / "x.part")
    noted = tmp_path / "state" / mounts.FILE_NAME
    noted.write_text(json.dumps({str(driver.folder): str(driver.folder)} if is_remembered else {}))
    (driver.folder / "of another disk").touch()
    async with running(tmp_path) as driver:
        row = await driver.wait(record_id)
        assert row.status is Status.PAUSED
        assert row.failure is not None
        assert row.failure.code is ErrorCode.TARGET_LOST
        assert [path.name for path in driver.folder.iterdir()] == ["of another disk"]
