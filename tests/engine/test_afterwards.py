"""After the download: the folder of its category, and the programs that are run."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest

from tests.engine.driving import Driver, running
from tests.support.fault_server import FaultServer, Resource, check_file, cut_after
from tui_dl.domain.categories import parse_categories
from tui_dl.domain.model import Status
from tui_dl.engine.hooks import MOST_OUTPUT_LINES, HookSettings, run_hook

TELL = """
import json, os, sys
told = {k: v for k, v in os.environ.items() if k.startswith("TUI_DL_")}
open(sys.argv[1] + ".new", "w").write(json.dumps([sys.argv[2:], os.getcwd(), told]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
print("hello from", told["TUI_DL_NAME"])
"""


def python(code: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *words)


async def log_with(driver: Driver, record_id: str, words: str) -> str:
    async with asyncio.timeout(60):
        while True:
            log = await driver.log(record_id)
            if words in log:
                return log
            await asyncio.sleep(0.02)


async def test_a_hook_is_told_what_is_done(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUI_DL_TOKEN", "sesame")
    told = tmp_path / "told"
    nasty = "; touch x $(touch x)"
    hooks = HookSettings(on_complete=python(TELL, str(told), nasty))
    url = fault_server.add(Resource(path="/a.bin", size=10))
    async with running(tmp_path, hooks=hooks) as driver:
        row = await driver.fetch(url + "?token=deadbeef")
        log = await log_with(driver, row.id, "is done")
        assert "Hook: hello from a.bin" in log
    argv, folder, variables = json.loads(told.read_text())
    assert argv == [nasty]
    assert folder == row.directory
    assert variables == {
        "TUI_DL_EVENT": "completed",
        "TUI_DL_ID": row.id,
        "TUI_DL_URL": url + "?token=***",
        "TUI_DL_DIRECTORY": row.directory,
        "TUI_DL_NAME": "a.bin",
        "TUI_DL_PATH": str(driver.path(row)),
        "TUI_DL_SIZE": "10",
        "TUI_DL_ASSURANCE": row.assurance.value,
        "TUI_DL_DIGEST": "",
        "TUI_DL_ERROR": "",
        "TUI_DL_MESSAGE": "",
    }
    assert sorted(os.listdir(row.directory)) == ["a.bin"]  # noqa: PTH208 - names are enough


async def test_a_failure_has_a_hook_of_its_own(fault_server: FaultServer, tmp_path: Path) -> None:
    told = tmp_path / "told"
    hooks = HookSettings(on_complete=("/nowhere",), on_failure=python(TELL, str(told)))
    async with running(tmp_path, hooks=hooks) as driver:
        row = await driver.fetch(fault_server.url("/missing"))
        assert row.status is Status.FAILED
        await log_with(driver, row.id, "is done")
    _, _, variables = json.loads(told.read_text())
    assert (variables["TUI_DL_EVENT"], variables["TUI_DL_ERROR"]) == ("failed", "not_found")


async def test_a_hook_that_cannot_run_changes_nothing(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    hooks = HookSettings(on_complete=("/nowhere/program",))
    url = fault_server.add(Resource(path="/a.bin", size=10))
    async with running(tmp_path, hooks=hooks) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED
        await log_with(driver, row.id, "The hook /nowhere/program cannot be run: No such file")


def test_a_hook_has_a_time_limit_for_all_its_children(tmp_path: Path) -> None:
    code = "import os, time; print(os.fork(), flush=True); time.sleep(600)"
    lines = run_hook(python(code), {}, str(tmp_path), HookSettings(timeout_s=1.0))
    assert lines[-1].endswith("was ended after 1 seconds.")
    children = [int(line.removeprefix("Hook: ")) for line in lines[:-1]]
    (child,) = (pid for pid in children if pid)
    until_s = time.monotonic() + 60
    while lives(child) and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not lives(child)


def lives(pid: int) -> bool:
    """Return whether a process runs; one that nobody has reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_the_output_of_a_hook_is_bounded_and_without_secrets(tmp_path: Path) -> None:
    code = "print('Authorization: Basic c2VzYW1l'); print('x\\n' * 100_000); raise SystemExit(3)"
    lines = run_hook(python(code), {}, str(tmp_path), HookSettings())
    assert lines[0] == "Hook: Authorization: ***"
    assert len(lines) <= MOST_OUTPUT_LINES + 1
    assert lines[-1].endswith("ended with code 3.")


async def test_the_default_folder_is_sorted_by_name_and_others_are_not(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    rules = parse_categories(f"images = *.iso -> {images}")
    url = fault_server.add(Resource(path="/a.iso", size=2_000_000), cut_after(600_000))
    async with running(tmp_path, categories=rules) as driver:
        row = await driver.fetch(url)
        assert row.status is Status.COMPLETED
        assert driver.path(row) == images / "a.iso"
        check_file(images / "a.iso", 1, 2_000_000)
        other = await driver.fetch(fault_server.add(Resource(path="/b.txt", size=1)))
        assert driver.path(other) == driver.folder / "b.txt"
        named = await driver.add(url, folder=tmp_path / "named")
        assert driver.path(await driver.wait(named)) == tmp_path / "named" / "a.iso"


async def test_the_same_link_again_is_the_same_download_though_it_was_sorted(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    rules = parse_categories(f"images = *.iso -> {tmp_path / 'images'}")
    url = fault_server.add(Resource(path="/a.iso", size=64_000_000, rate_bps=64 * 1024))
    async with running(tmp_path, categories=rules) as driver:
        record_id = await driver.add(url)
        await driver.until(record_id, lambda row: row.done_bytes > 0)
        assert await driver.add(url) == record_id
        await driver.service.pause([record_id])
        await driver.wait(record_id)
    fault_server.replace(Resource(path="/a.iso", size=64_000_000))
    async with running(tmp_path, categories=rules) as driver:
        await driver.service.resume([record_id])
        row = await driver.until(record_id, lambda row: row.status is Status.COMPLETED)
        assert driver.path(row) == tmp_path / "images" / "a.iso"
