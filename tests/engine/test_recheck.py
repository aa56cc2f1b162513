"""A finished file that is asked for again: untouched, touched, or edited in secret (trap D5)."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource
from tui_dl.domain.model import Digest, Status
from tui_dl.engine import recheck
from tui_dl.service.contract import Recheck

SIZE = 300_000


def leave_alone(path: Path) -> None:
    assert path.exists()


def edit_and_put_the_date_back(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(1000)
        old = file.read(1)
        file.seek(1000)
        file.write(bytes([old[0] ^ 0xFF]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_and_put_the_date_back(path: Path) -> None:
    before = path.stat()
    path.unlink()
    path.write_bytes(b"x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def touch(path: Path) -> None:
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def make_executable(path: Path) -> None:
    path.chmod(0o755)


def edit(path: Path) -> None:
    path.write_bytes(b"x" * SIZE)


ROWS: list[tuple[Callable[[Path], None], Recheck, bool]] = [
    (leave_alone, Recheck.SAME, False),
    (make_executable, Recheck.SAME, False),
    (touch, Recheck.SAME, True),
    (edit_and_put_the_date_back, Recheck.CHANGED, True),
    (replace_and_put_the_date_back, Recheck.CHANGED, True),
    (edit, Recheck.CHANGED, False),
]


@pytest.mark.parametrize(("act", "expected", "reads"), ROWS, ids=[r[0].__name__ for r in ROWS])
async def test_a_file_in_doubt_is_read_again_at_its_source(
    fault_server: FaultServer,
    tmp_path: Path,
    act: Callable[[Path], None],
    expected: Recheck,
    reads: bool,
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
    act(driver.path(row))
    seen = len(fault_server.requests("/f"))
    async with running(tmp_path) as driver:
        assert await driver.service.recheck(row.id) is expected
        asked = fault_server.requests("/f")[seen:]
        assert any(request.header("range") is None for request in asked) == reads
        if expected is Recheck.SAME:
            assert await driver.service.recheck(row.id) is expected
            (again,) = fault_server.requests("/f")[seen + len(asked) :]
            assert again.header("range") is not None, "it has proved itself once"


@pytest.mark.parametrize("act", [touch, edit_and_put_the_date_back])
async def test_a_digest_settles_it_without_the_source(
    fault_server: FaultServer, tmp_path: Path, act: Callable[[Path], None]
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path / "first") as driver:
        content = driver.path(await driver.fetch(url)).read_bytes()
    wish = Digest("sha256", sha256(content).hexdigest())
    async with running(tmp_path) as driver:
        row = await driver.fetch(url, digests=(wish,))
        assert row.status is Status.COMPLETED, row.failure
        act(driver.path(row))
        expected = Recheck.SAME if act is touch else Recheck.CHANGED
        assert await driver.service.recheck(row.id) is expected
    assert all(r.header("range") is not None for r in fault_server.requests("/f"))


async def test_a_large_file_in_doubt_is_not_read_again(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "MOST_READ_AGAIN", SIZE - 1)
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        touch(driver.path(row))
        assert await driver.service.recheck(row.id) is Recheck.CHANGED


async def test_a_file_that_tui_dl_moved_is_not_in_doubt(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/f", size=SIZE))
    async with running(tmp_path) as driver:
        row = await driver.fetch(url)
        answer = await driver.service.relocate(row.id, directory=str(tmp_path / "else"))
        assert answer.failure is None
        assert await driver.service.recheck(row.id) is Recheck.SAME
    assert all(r.header("range") is not None for r in fault_server.requests("/f"))
