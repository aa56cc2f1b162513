"""``u`` while the bytes flow, on the real engine: the same file from the new link, none lost."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from textual.widgets import Input

from tests.support.fault_server import FaultServer, Resource, sha256_of
from tui_dl.domain.model import AddRequest, DownloadOptions, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.engine.config import EngineConfig
from tui_dl.service.local import LocalService
from tui_dl.tui.app import TuiDlApp

SIZE = 6 * 1024 * 1024
LIMIT_S = 120


async def test_a_running_download_goes_on_with_its_new_link(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    service = LocalService(EngineConfig(data_dir=tmp_path / "state", directory=folder))
    await service.start()

    def row() -> DownloadSnapshot:
        return service.snapshot().downloads[0]

    try:
        with FaultServer() as server, FaultServer() as other:
            slow = server.add(Resource(path="/old/a.bin", size=SIZE, rate_bps=200_000))
            quick = other.add(Resource(path="/new/a.bin", size=SIZE))
            app = TuiDlApp(service, directory=str(folder))
            async with app.run_test(size=(100, 30)) as pilot, asyncio.timeout(LIMIT_S):
                await service.add([AddRequest(slow, str(folder), DownloadOptions(connections=2))])
                while not (row().status is Status.DOWNLOADING and row().done_bytes > 300_000):
                    await pilot.pause(0.02)
                while not app.screen.query("#url"):  # a busy machine shows the row later
                    await pilot.press("u")
                    await pilot.pause(0.2)
                app.screen.query_one("#url", Input).value = quick
                await pilot.press("enter")
                while row().status is not Status.COMPLETED:
                    await pilot.pause(0.02)
                assert row().url == quick
            fetched = other.bytes_sent("/new/a.bin")
    finally:
        await service.close()
    assert hashlib.sha256((folder / "a.bin").read_bytes()).hexdigest() == sha256_of(1, SIZE)
    assert fetched < SIZE, "what the old link had brought must not be fetched again"
