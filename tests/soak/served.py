"""One ``tui-dl serve`` of a soak: started, ended in every way, asked what it holds."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.levels import Level
from tests.support.ports import free_port
from tui_dl.service.remote import RemoteService

START_S = 120.0
ENDS = (
    *(signal.SIGKILL,) * 4,
    signal.SIGTERM,
    signal.SIGINT,
)
"""Ways to end it, by how often; SIGKILL is what the promise is about."""
SETTINGS = (
    *("--set", "downloads.timeout_s=2", "--set", "downloads.connect_timeout_s=2"),
    *("--set", "downloads.retry_max_s=1", "--set", "downloads.max_tries=30"),
    *("--set", "downloads.slots=6"),
)


@dataclass
class Served:
    """An engine with its port, in a process of its own."""

    folder: Path
    began_s: float
    starts_s: list[float] = field(default_factory=list)
    """From each start to the line that tells the address."""
    log_peak_bytes: int = 0
    address: str = ""
    """``host:port`` since the last start."""
    _process: asyncio.subprocess.Process | None = None

    @property
    def downloads(self) -> Path:
        """Folder of its files."""
        return self.folder / "downloads"

    @property
    def token(self) -> str:
        """The secret of its port."""
        return (self.folder / "state" / "token").read_text().strip()

    def client(self) -> RemoteService:
        """Return a client that has not connected yet."""
        return RemoteService(f"http://{self.address}", self.token)

    async def start(self) -> None:
        """Start it and wait until clients may connect.

        Raises:
            TimeoutError: it does not say its address.
        """
        self.downloads.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        began_s = time.monotonic()
        with (self.folder / "stderr").open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.soak.watched", "serve", "-q", "--debug"),
                *("--port", str(free_port()), "-d", str(self.downloads), *SETTINGS),
                env=kept
                | {
                    "TUI_DL_DATA_DIR": str(self.folder / "state"),
                    "TUI_DL_CONFIG": str(self.folder / "settings.toml"),
                },
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
            )
        async with asyncio.timeout(START_S):
            line = await self._line()
        self.address = line.decode().strip().rpartition("/")[2]
        self.starts_s.append(time.monotonic() - began_s)

    async def end(self, number: signal.Signals) -> None:
        """Send a signal and wait for the end."""
        assert self._process is not None
        self._process.send_signal(number)
        async with asyncio.timeout(START_S):
            await self._process.wait()

    async def close(self) -> None:
        """Leave no process behind. Idempotent."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def suspend(self, seconds: float) -> None:
        """Stop it as a laptop's lid does, and let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    async def move_clock(self, seconds: float) -> None:
        """Move its wall clock."""
        await self._ask(f"clock {seconds}\n")

    async def level(self) -> Level:
        """Return what it holds now."""
        await self._ask("level\n")
        async with asyncio.timeout(START_S):
            found: dict[str, int] = json.loads(await self._line())
        state = self.folder / "state"
        logs = _bytes_below(state / "log", "*")
        self.log_peak_bytes = max(self.log_peak_bytes, logs)
        return Level(
            at_s=time.monotonic() - self.began_s,
            catalog_bytes=_bytes_below(state, "catalog.sqlite3*"),
            log_bytes=logs,
            journals=len(list((state / "journal").glob("*.journal"))),
            **found,
        )

    def said(self) -> str:
        """Return the end of its stderr."""
        return (self.folder / "stderr").read_text(errors="replace")[-2000:]

    async def _ask(self, words: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode())
        await self._process.stdin.drain()

    async def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the engine ended by itself: {self.said()}")
        return line


def way_to_end(draws: random.Random) -> signal.Signals:
    """Draw a signal."""
    return draws.choice(ENDS)


def _bytes_below(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))
