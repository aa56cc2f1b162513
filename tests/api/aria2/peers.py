"""Two servers of the same interface side by side: Debian's aria2c, and ours.

A peer sends calls and brings what differs by nature (gids, folders) into one form.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.api.aria2.serving import TOKEN, aria2_server
from tests.support.ports import free_port

ARIA2C = shutil.which("aria2c")


@dataclass
class Peer:
    """One of the two."""

    http: httpx.AsyncClient
    folder: Path
    gids: dict[str, str] = field(default_factory=dict)
    """From the name in the script to the gid here."""

    async def raw(self, body: bytes) -> tuple[int, str]:
        """Send a body; return status and normal text."""
        reply = await self.http.post("/jsonrpc", content=body)
        return reply.status_code, self.normal(reply.text)

    async def get(self, path: str) -> tuple[int, str]:
        """Send a GET; return status and normal text."""
        reply = await self.http.get(path)
        return reply.status_code, self.normal(reply.text)

    async def call(self, method: str, *params: Any, save: str = "") -> tuple[int, Any]:
        """Call a method; ``@name`` in a parameter is a gid that was saved before."""
        request = {
            "jsonrpc": "2.0",
            "id": "1",
            "method": method,
            "params": [f"token:{TOKEN}", *self._filled(list(params))],
        }
        reply = await self.http.post("/jsonrpc", content=json.dumps(request))
        if save:
            result = reply.json()["result"]
            for number, gid in enumerate(result if isinstance(result, list) else [result]):
                self.gids[save if not number else f"{save}{number}"] = gid
        return reply.status_code, json.loads(self.normal(reply.text))

    async def wait(self, name: str, *words: str) -> None:
        """Wait until a download has one of these statuses."""
        async with asyncio.timeout(60):
            while True:
                _, body = await self.call("aria2.tellStatus", f"@{name}", ["status"])
                if body["result"]["status"] in words:
                    return
                await asyncio.sleep(0.05)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("@"):
            return self.gids[value[1:]]
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value

    def normal(self, text: str) -> str:
        """Return a reply with names for gids and one name for the folder."""
        text = text.replace("\\/", "/").replace(str(self.folder), "/DIR")
        for name, gid in self.gids.items():
            text = text.replace(gid, f"@{name}")
        return text


@asynccontextmanager
async def real_aria2c(base: Path) -> AsyncIterator[Peer]:
    """Run aria2c on loopback with a folder of its own."""
    assert ARIA2C is not None
    folder = base / "theirs"
    folder.mkdir(parents=True)
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(ARIA2C, "--no-conf", "--enable-rpc", f"--rpc-listen-port={port}"),
        *(f"--rpc-secret={TOKEN}", f"--dir={folder}", "--quiet", "--disable-ipv6"),
        *("--max-concurrent-downloads=3", "--file-allocation=none"),
        stdin=asyncio.subprocess.DEVNULL,
    )
    base_url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=30) as http:
            peer = Peer(http, folder)
            await _answers(peer)
            yield peer
    finally:
        process.kill()
        await process.wait()


async def _answers(peer: Peer) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await peer.call("aria2.getVersion")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def both(base: Path) -> AsyncIterator[tuple[Peer, Peer]]:
    """Run aria2c and our server; yield theirs and ours."""
    async with real_aria2c(base) as theirs, aria2_server(base / "ours") as server:
        yield theirs, Peer(server.http, server.driver.folder)
