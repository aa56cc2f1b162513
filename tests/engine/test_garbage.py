"""What a finished download leaves goes at once, without a search for garbage.

The search stops the whole program for a while, and with thousands of small files it was a
tenth of the work.
"""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.driving import running
from tests.engine.test_landing import COUNT, add_list, files
from tests.support.fault_server import FaultServer
from tui_dl.domain.model import Status
from tui_dl.engine.run import Run
from tui_dl.engine.transfer import Transfer
from tui_dl.engine.worker import Worker

MOST_LEFT = 3
"""A local variable or two of somebody may still hold the last ones."""


async def test_a_finished_download_leaves_no_cycles(
    fault_server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    made: list[str] = []
    for kind in (Run, Transfer, Worker, httpx.Response):
        begin = kind.__init__

        def noted(self: Any, *args: Any, begin: Any = begin, **more: Any) -> None:
            alive.add(self)
            made.append(type(self).__name__)
            begin(self, *args, **more)

        monkeypatch.setattr(kind, "__init__", noted)
    async with running(tmp_path, slots=4) as driver:
        gc.collect()
        gc.disable()
        try:
            for record_id in await add_list(driver, files(fault_server)):
                row = await driver.wait(record_id)
                assert row.status is Status.COMPLETED, row.failure
            left = sorted(type(one).__name__ for one in alive)
        finally:
            gc.enable()
    assert all(made.count(name) >= COUNT for name in ("Run", "Transfer", "Worker", "Response"))
    assert all(left.count(name) <= MOST_LEFT for name in set(left)), left
