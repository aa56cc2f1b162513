"""What the app prints when it breaks, and what its screen holds: no secret of a link (trap S7)."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect
import pytest

from tests.engine.driving import running
from tests.support.body import check_file
from tests.support.fault_server import FaultServer, Resource
from tests.tui.broken_app import OPTIONS, URL, Broken
from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status

MIB = 1024 * 1024


async def test_no_screen_and_no_picture_of_one_holds_a_secret() -> None:
    service = FakeService()
    broken = Failure(ErrorCode.HTTP_STATUS, "The server says no.")
    for status in Status:
        failure = broken if status is Status.FAILED else None
        service.put(f"{status}.iso", status, url=URL, options=OPTIONS, failure=failure)
    async with driven(service, (140, 40)) as d:
        for key in ("enter", "escape", "h", "escape", "u", "escape", "l", "escape", "m", "escape"):
            await d.press(key)
            await d.settle()
            assert "Zq" not in d.app.export_screenshot()
        assert d.app.is_running


async def test_a_mistake_on_the_screen_stops_no_transfer(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """The engine is not the app's: it goes on, and every byte arrives (trap D13)."""
    url = fault_server.add(Resource(path="/a.bin", size=4 * MIB))
    async with running(tmp_path) as driver:
        record_id = await driver.add(url, connections=1, limit_bps=64 * 1024)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        app = Broken(driver.service, directory=str(tmp_path))
        with pytest.raises(RuntimeError, match="no way to"):
            async with app.run_test() as pilot:
                await pilot.press("z")
        before = driver.row(record_id).done_bytes
        assert driver.row(record_id).status is Status.DOWNLOADING
        await driver.until(record_id, lambda row: row.done_bytes > before)
        await driver.service.set_limit(record_id, 0)
        row = await driver.wait(record_id)
        assert row.status is Status.COMPLETED, row.failure
        check_file(driver.path(row), 1, 4 * MIB)
    assert len(fault_server.requests()) == 1, "nothing was asked for twice"


def test_a_crash_tells_no_secret(tmp_path: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "tests.tui.broken_app"],
        dimensions=(24, 80),
        timeout=60,
        encoding="utf-8",
        env={"TERM": "xterm-256color", "PYTHONPATH": ":".join(sys.path), "HOME": str(tmp_path)},
    )
    child.expect("a.iso")
    child.send("z")
    child.expect(pexpect.EOF)
    child.close()
    told = str(child.before)
    assert "RuntimeError" in told, "the mistake itself is told"
    assert "token=***" in told
    assert "What has arrived is kept" in " ".join(told.split())
    assert "Zq" not in told
    assert "\x1b]0;owned" not in told
    assert child.exitstatus == 0
