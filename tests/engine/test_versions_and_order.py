"""The server's date, marks of origin, conditional downloads, and files filled in order."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource, check_file, redirect
from tests.support.nginx import Nginx
from tui_dl.domain.model import Assurance, Status
from tui_dl.engine.plan import IN_ORDER_STEP_BYTES, IN_ORDER_WINDOW_BYTES

MIB = 1024 * 1024
SIZE = 300_000
DATE = datetime(2024, 1, 1, tzinfo=UTC)
"""What the fault server says unless told otherwise."""


@pytest.mark.parametrize(("setting", "wish"), [(False, True), (True, None)])
async def test_a_file_gets_the_servers_date(
    fault_server: FaultServer, tmp_path: Path, setting: bool, wish: bool | None
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path, remote_time=setting) as driver:
        row = await driver.fetch(url, remote_time=wish)
        assert row.status is Status.COMPLETED, row.failure
        assert driver.path(row).stat().st_mtime == DATE.timestamp()
        assert (await driver.service.recheck(row.id)).value == "same", "the record knows the date"


async def test_without_the_wish_a_file_is_as_old_as_it_is(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path, remote_time=True) as driver:
        row = await driver.fetch(url, remote_time=False)
        assert driver.path(row).stat().st_mtime > DATE.timestamp() + 1


async def test_a_file_without_a_date_is_good_all_the_same(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE, last_modified=None))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, remote_time=True)
        assert row.status is Status.COMPLETED, row.failure
        assert "states no date" in await driver.log(row.id)


async def test_marks_of_origin_hold_no_secrets(fault_server: FaultServer, tmp_path: Path) -> None:
    """Trap S7: attributes travel with the file."""
    fault_server.add(Resource(path="/real", size=SIZE))
    url = fault_server.add(
        Resource(path="/f"), redirect(fault_server.url("/real?token=abc&page=2"))
    )
    async with running(tmp_path, mark_origin=True) as driver:
        row = await driver.fetch(
            url.replace("http://", "http://user:pass@"), referer="http://u:p@site/x?sig=1"
        )
        assert row.status is Status.COMPLETED, row.failure
        path = driver.path(row)
        origin = os.getxattr(path, "user.xdg.origin.url").decode()
        referrer = os.getxattr(path, "user.xdg.referrer.url").decode()
    assert origin == fault_server.url("/real?token=***&page=2")
    assert referrer == "http://site/x?sig=***"


async def test_by_default_a_file_has_no_marks(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        assert os.listxattr(driver.path(row)) == []


async def test_nginx_says_not_modified_and_nothing_is_fetched(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "f").write_bytes(b"x" * SIZE)
    with Nginx(root) as server:
        async with running(tmp_path) as driver:
            mine = driver.folder / "f"
            mine.write_bytes(b"y" * 10)
            dates = (root / "f").stat()
            os.utime(mine, (dates.st_atime, dates.st_mtime))
            row = await driver.fetch(server.url("/f"), conditional_get=True)
            assert row.status is Status.COMPLETED, row.failure
            assert row.assurance is Assurance.NOT_MODIFIED
            assert (driver.path(row), mine.read_bytes()) == (mine, b"y" * 10)
            await driver.service.remove([row.id], with_files=True)
            assert mine.exists(), "it was never ours"

            later = mine.stat().st_mtime + 60
            os.utime(root / "f", (later, later))
            row = await driver.fetch(server.url("/f"), conditional_get=True)
            assert row.assurance is not Assurance.NOT_MODIFIED
            assert driver.path(row).name == "f (1)"
            assert driver.path(row).read_bytes() == b"x" * SIZE
        assert next(request.status for request in server.requests) == 304


async def test_a_younger_file_of_the_same_size_is_not_modified_either(tmp_path: Path) -> None:
    """As it comes, nginx compares dates for equality only: then the head is looked at."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "f").write_bytes(b"x" * SIZE)
    os.utime(root / "f", (DATE.timestamp(), DATE.timestamp()))
    with Nginx(root) as server:
        async with running(tmp_path) as driver:
            (driver.folder / "f").write_bytes(b"x" * SIZE)
            row = await driver.fetch(server.url("/f"), conditional_get=True)
            assert row.assurance is Assurance.NOT_MODIFIED, row.failure
            (driver.folder / "f").write_bytes(b"x" * 7)
            row = await driver.fetch(server.url("/f"), conditional_get=True)
            assert row.assurance is not Assurance.NOT_MODIFIED


async def test_a_tag_that_the_list_knows_counts_more_than_dates(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """The server goes back to an older file: its date says nothing, its tag does."""
    resource = Resource(path="/f", size=SIZE)
    url = fault_server.add(resource)
    async with running(tmp_path) as driver:
        first = await driver.fetch(url)
        same = await driver.fetch(url, conditional_get=True)
        assert same.assurance is Assurance.NOT_MODIFIED, same.failure
        assert fault_server.requests()[-1].header("if-none-match") == resource.etag
        fault_server.add(replace(resource, etag='"v0"', seed=2))
        other = await driver.fetch(url, conditional_get=True)
        assert driver.path(other) != driver.path(first)
        check_file(driver.path(other), 2, SIZE)


async def test_an_edited_file_does_not_pass_for_the_servers(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        with driver.path(row).open("ab") as file:
            file.write(b"more")
        os.utime(driver.path(row), (0, 0))
        again = await driver.fetch(url, conditional_get=True)
        assert again.assurance is not Assurance.NOT_MODIFIED
        check_file(driver.path(again), 1, SIZE)


async def test_in_order_a_file_fills_from_its_beginning(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    size = 3 * IN_ORDER_WINDOW_BYTES
    url = fault_server.add(Resource(path="/f", size=size, rate_bps=MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, sequential=True, connections=6)
        await driver.until(record_id, lambda row: row.done_bytes > IN_ORDER_WINDOW_BYTES / 2)
        await driver.service.pause([record_id])
        row = await driver.wait(record_id)
        assert row.status is Status.PAUSED
        part = driver.folder / "f.part"
        body = Resource(path="/f", size=size).body
        data, want = part.read_bytes(), body.read(0, size)
        first_missing = next(at for at in range(0, size, 4096) if data[at] != want[at])
        last_here = max(at for at in range(0, size, 4096) if data[at] == want[at] != 0)
        assert last_here - first_missing < IN_ORDER_WINDOW_BYTES + IN_ORDER_STEP_BYTES
        fault_server.add(Resource(path="/f", size=size))
        await driver.service.resume([record_id])
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        check_file(driver.path(row), 1, size)
    assert fault_server.max_in_flight("/f") > 1
