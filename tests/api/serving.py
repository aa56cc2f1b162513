"""Serve a real engine on a port of its own, and talk to it as clients do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.engine.driving import Driver, quick_config
from tui_dl.api.start import ApiSettings, start_api
from tui_dl.api.tokens import OWNER_NAME, TOKEN_NAME
from tui_dl.service.local import LocalService
from tui_dl.service.remote_sse import SseDecoder


@dataclass
class Served:
    """A running engine behind a port."""

    driver: Driver
    address: str
    data_dir: Path
    http: httpx.AsyncClient
    """Sends the token."""

    @property
    def base(self) -> str:
        """The base URL."""
        return f"http://{self.address}"

    @property
    def host_and_port(self) -> tuple[str, int]:
        """For raw sockets."""
        host, _, port = self.address.rpartition(":")
        return host, int(port)

    @property
    def token(self) -> str:
        """What other programs are given."""
        return (self.data_dir / TOKEN_NAME).read_text().strip()

    @property
    def owner_key(self) -> str:
        """What this user's own commands read."""
        return (self.data_dir / OWNER_NAME).read_text().strip()

    async def listed(self) -> list[dict[str, Any]]:
        """Return what /list says."""
        reply = await self.http.get("/list")
        assert reply.status_code == 200, reply.text
        rows: list[dict[str, Any]] = reply.json()
        return rows

    async def add(self, url: str, **body: Any) -> str:
        """Add through POST /download and return the id."""
        reply = await self.http.post("/download", json={"url": url, **body})
        assert reply.status_code == 200, reply.text
        id_: str = reply.json()["id"]
        return id_


@asynccontextmanager
async def served(
    base: Path, settings: dict[str, Any] | None = None, **config: Any
) -> AsyncIterator[Served]:
    """Open an engine below ``base`` and serve it on 127.0.0.1 at a free port."""
    engine_config = quick_config(base, **config)
    service = LocalService(engine_config)
    driver = Driver(service, engine_config.directory)
    service.subscribe(driver.events.append)
    await service.start()
    try:
        values: dict[str, Any] = {
            "data_dir": engine_config.data_dir,
            "settings_file": base / "config" / "settings.toml",
            "directory": str(engine_config.directory),
            "port": 0,
            "strict_port": True,
        }
        address = await start_api(service, ApiSettings(**(values | (settings or {}))))
        token_file = engine_config.data_dir / TOKEN_NAME
        headers = {}
        if token_file.exists():
            headers["Authorization"] = f"Bearer {token_file.read_text().strip()}"
        async with httpx.AsyncClient(
            base_url=f"http://{address}", headers=headers, trust_env=False, timeout=20
        ) as http:
            yield Served(driver, address, engine_config.data_dir, http)
    finally:
        await service.close()


@dataclass
class Heard:
    """What a reader of /events has got so far."""

    frames: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, name: str, data: dict[str, Any]) -> None:
        """Note one frame."""
        self.frames.append((name, data))
        self._news.set()

    def names(self, id_: str | None = None) -> list[str]:
        """Return the names of the frames, of one download when given, repeats taken out."""
        found: list[str] = []
        for name, data in self.frames:
            if id_ in (None, data.get("download_id")) and (not found or found[-1] != name):
                found.append(name)
        return found

    async def until(self, name: str, id_: str | None = None, times: int = 1) -> dict[str, Any]:
        """Wait for the ``times``-th frame of that name and return its data."""
        async with asyncio.timeout(30):
            while True:
                hits = [
                    data
                    for n, data in self.frames
                    if n == name and id_ in (None, data.get("download_id"))
                ]
                if len(hits) >= times:
                    return hits[times - 1]
                await self.news()

    async def news(self) -> None:
        """Wait for one more frame."""
        self._news.clear()
        await self._news.wait()


@asynccontextmanager
async def listening(served_: Served, path: str = "/events") -> AsyncIterator[Heard]:
    """Read an event stream in the background; it is open when the block begins."""
    heard = Heard()
    async with served_.http.stream("GET", path) as reply:
        assert reply.status_code == 200
        task = asyncio.create_task(_read(reply, heard))
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.wait({task})


async def _read(reply: httpx.Response, heard: Heard) -> None:
    decoder = SseDecoder()
    async for piece in reply.aiter_raw():
        for frame in decoder.feed(piece):
            heard.take(frame.name, json.loads(frame.data))
