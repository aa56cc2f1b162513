"""An engine in a process of its own, told by one JSON argument what to do.

For what no switch of the command line offers: checkpoints off, 200 downloads at once, the
API beside a download. Prints one JSON object a line: the API's address, samples, the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tui_dl.domain.model import AddRequest, DownloadOptions, Status
from tui_dl.engine.config import EngineConfig
from tui_dl.service.local import LocalService

OVER = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What the process does."""

    state: str
    directory: str
    urls: tuple[str, ...]
    names: tuple[str, ...]
    slots: int = 3
    connections: int = 16
    fixed: bool = False
    checkpoints: bool = True
    with_api: bool = False
    sample_s: float = 0.0
    """Time between two samples; 0 takes none."""
    is_roomy: bool = False
    """The disk claims room for anything: sparse files are larger than disks."""
    waits_for_end: bool = True
    """Ends with the last download; else with the end of standard input."""

    def argv(self) -> list[str]:
        """Return the command line that does it."""
        return [sys.executable, "-m", "tests.benchmarks.engine_process", json.dumps(asdict(self))]


async def run(errand: Errand) -> int:
    """Download everything; 1 when something failed."""
    if errand.is_roomy:
        _claim_room()
    service = LocalService(
        EngineConfig(
            data_dir=Path(errand.state),
            directory=Path(errand.directory),
            slots=errand.slots,
            connections=errand.connections,
            connections_are_fixed=errand.fixed,
            checkpoints=errand.checkpoints,
        )
    )
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    await service.start()
    try:
        if errand.with_api:
            await _serve(service, errand)
        service.subscribe(lambda event: _post(loop, over))
        await service.add(
            [
                AddRequest(url, errand.directory, DownloadOptions(out=name))
                for url, name in zip(errand.urls, errand.names, strict=True)
            ]
        )
        sampling = asyncio.create_task(_sample(service, errand.sample_s))
        if errand.waits_for_end:
            while not all(row.status in OVER for row in service.snapshot().downloads):
                over.clear()
                await asyncio.wait([asyncio.create_task(over.wait())], timeout=0.5)
        else:
            await asyncio.to_thread(sys.stdin.read)
        sampling.cancel()
        rows = service.snapshot().downloads
        failed = [row for row in rows if row.status is Status.FAILED]
        _tell({"end": True, "failed": len(failed), "elapsed_s": [row.elapsed_s for row in rows]})
        return 1 if failed else 0
    finally:
        await service.close()


def _claim_room() -> None:
    real = os.statvfs

    def roomy(path: Any) -> os.statvfs_result:
        fields = list(real(path))
        fields[2] = fields[3] = fields[4] = 1 << 40
        return os.statvfs_result(fields)

    os.statvfs = roomy


async def _serve(service: LocalService, errand: Errand) -> None:
    from tui_dl.api.start import ApiSettings, start_api
    from tui_dl.api.tokens import TOKEN_NAME

    state = Path(errand.state)
    address = await start_api(
        service,
        ApiSettings(
            data_dir=state,
            settings_file=state / "settings.toml",
            directory=errand.directory,
            port=0,
            strict_port=True,
        ),
    )
    _tell({"api": address, "token": (state / TOKEN_NAME).read_text().strip()})


async def _sample(service: LocalService, every_s: float) -> None:
    while every_s:
        rows = service.snapshot().downloads
        _tell({"at_s": time.monotonic(), "done": [row.done_bytes for row in rows]})
        await asyncio.sleep(every_s)


def _post(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    loop.call_soon_threadsafe(over.set)


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(Errand(**json.loads(sys.argv[1])))))
