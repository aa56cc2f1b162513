"""aria2's unfinished files: taken over where server and samples agree, else a clear no."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.domain.test_aria2_control import control
from tests.engine.driving import Driver, running
from tests.support.fault_server import (
    FaultServer,
    Resource,
    body_bytes,
    check_file,
    sha256_of,
)
from tui_dl.domain.digests import parse_checksum
from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.snapshot import DownloadSnapshot

MIB = 1024 * 1024
SIZE = 8 * MIB
LARGE = 64 * MIB
DONE = b"\xe7"
"""Pieces 0 to 2 and 5 to 7."""


def left_by_aria2(
    folder: Path, *, size: int = SIZE, field: bytes = DONE, seed: int = 1, data: bytes | None = None
) -> Path:
    """Make an unfinished file with holes and its control file, as aria2 leaves them."""
    folder.mkdir(exist_ok=True)
    body = body_bytes(seed, 0, size)
    with (folder / "a.iso").open("wb") as file:
        for number in range(8):
            if field[0] & (0x80 >> number):
                file.seek(number * MIB)
                file.write(body[number * MIB : (number + 1) * MIB])
        file.truncate(size)
    path = folder / "a.iso.aria2"
    path.write_bytes(control(field, size) if data is None else data)
    return path


async def adopting(driver: Driver, url: str, path: Path, **options: Any) -> DownloadSnapshot:
    return await driver.fetch(url, adopt=str(path), **options)


def untouched(path: Path) -> tuple[bytes, bytes]:
    return path.read_bytes(), path.with_suffix("").read_bytes()


async def test_what_aria2_has_is_not_fetched_again(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    path = left_by_aria2(tmp_path / "aria2")
    before = untouched(path)
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    async with running(tmp_path) as driver:
        row = await adopting(driver, url, path)
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.UNVERIFIED
        assert "Took 6.29 MB over" in await driver.log(row.id)
        check_file(driver.path(row), 1, SIZE)
    fault_server.wait_idle()
    assert fault_server.bytes_sent() < 3 * MIB
    assert untouched(path) == before


async def test_a_digest_has_the_last_word(tmp_path: Path, fault_server: FaultServer) -> None:
    """A wrong byte that no sample meets must not get through as the file."""
    digest = parse_checksum(f"sha-256={sha256_of(1, SIZE)}")
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    async with running(tmp_path) as driver:
        path = left_by_aria2(tmp_path / "good")
        row = await adopting(driver, url, path, digests=(digest,))
        assert (row.status, row.assurance) == (Status.COMPLETED, Assurance.DIGEST)
        wrong = left_by_aria2(tmp_path / "wrong")
        with wrong.with_suffix("").open("r+b") as file:
            file.seek(MIB + 77_777)
            file.write(b"wrong")
        row = await driver.fetch(url, adopt=str(wrong), digests=(digest,), out="b.iso")
        assert row.status is Status.FAILED
        assert not (driver.folder / "b.iso").exists()


REFUSED = [
    ({"size": SIZE - 1}, {}, "has another size"),
    ({"seed": 2}, {}, "are not those of the server"),
    ({"field": b"\0"}, {}, "no whole piece of it"),
    ({"data": b"nonsense"}, {}, "no control file of aria2"),
    ({"data": control(DONE, SIZE)[:-9]}, {}, "control file is damaged"),
    ({}, {"etag": None, "last_modified": None}, "nothing to tell versions apart"),
    ({}, {"last_modified": "Fri, 01 Jan 2100 00:00:00 GMT"}, "changed after aria2 wrote"),
    ({}, {"accept_ranges": False}, "whole files only"),
]


@pytest.mark.parametrize(("left", "served", "why"), REFUSED)
async def test_what_is_not_proven_is_refused_with_the_reason(
    tmp_path: Path,
    fault_server: FaultServer,
    left: dict[str, object],
    served: dict[str, object],
    why: str,
) -> None:
    path = left_by_aria2(tmp_path / "aria2", **left)  # type: ignore[arg-type] # cases of a table
    before = untouched(path)
    resource = Resource(path="/a.iso", size=SIZE, **served)  # type: ignore[arg-type] # the same
    url = fault_server.add(resource)
    async with running(tmp_path) as driver:
        row = await adopting(driver, url, path)
        assert row.status is Status.FAILED
        assert row.failure is not None
        assert why in row.failure.message
        assert "is not taken over" in row.failure.message
        assert list(driver.folder.iterdir()) == []
    assert untouched(path) == before


@pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="holes cannot be seen here")
async def test_a_hole_is_no_data_whatever_the_control_file_says(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    path = left_by_aria2(tmp_path / "aria2")
    path.write_bytes(control(b"\xff", SIZE))  # as after a power cut
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    async with running(tmp_path) as driver:
        row = await adopting(driver, url, path)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, SIZE)


@pytest.fixture
def left_by_a_killed_aria2(tmp_path: Path, fault_server: FaultServer) -> Path:
    """Let aria2 fetch the slow half of a file, kill it, and return its control file."""
    if shutil.which("aria2c") is None:
        pytest.skip("there is no aria2c here")
    url = fault_server.add(Resource(path="/a.iso", size=LARGE, rate_bps=MIB))
    folder = tmp_path / "aria2"
    argv = ["aria2c", "-q", "--no-conf", "-x4", "-s4", "-k1M", "--auto-save-interval=1"]
    process = subprocess.Popen([*argv, "-d", str(folder), url])
    path = folder / "a.iso.aria2"
    try:
        until_s = time.monotonic() + 60
        while not _has_pieces(path):
            assert time.monotonic() < until_s, "aria2 saved nothing"
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    fault_server.wait_idle()
    return path


async def test_what_a_killed_aria2_left_is_finished(
    tmp_path: Path, fault_server: FaultServer, left_by_a_killed_aria2: Path
) -> None:
    path = left_by_a_killed_aria2
    before = untouched(path)
    fault_server.replace(Resource(path="/a.iso", size=LARGE))
    sent = fault_server.bytes_sent()
    async with running(tmp_path) as driver:
        # One connection: what several have under way when one of them ends counts as sent.
        row = await adopting(driver, fault_server.url("/a.iso"), path, connections=1)
        assert row.status is Status.COMPLETED, row.failure
        assert row.assurance is Assurance.UNVERIFIED
        check_file(driver.path(row), 1, LARGE)
    fault_server.wait_idle()
    assert fault_server.bytes_sent() - sent < LARGE
    assert untouched(path) == before


def _has_pieces(path: Path) -> bool:
    from tui_dl.domain.aria2_control import parse_aria2_control
    from tui_dl.domain.errors import UsageError

    try:
        return parse_aria2_control(path.read_bytes()).done.total >= 4 * MIB
    except (OSError, UsageError):
        return False
