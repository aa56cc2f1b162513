"""What the app prints when it breaks, and what its screen holds: no secret of a link (trap S7)."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect

from tests.tui.broken_app import OPTIONS, URL
from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status


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
    assert "Zq" not in told
    assert "\x1b]0;owned" not in told
    assert child.exitstatus == 0
