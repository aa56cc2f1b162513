"""A client of the files dialect for tests."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.api.raw import connect
from tests.api.serving import Served

WAIT_S = 60.0
PROGRESS_KEYS = [
    "id",
    "filename",
    "file_path",
    "directory",
    "url",
    "status",
    "current_size",
    "expected_size",
    "progress_percentage",
    "start_time",
]
SEED_KEYS = {
    "id",
    "filename",
    "file_path",
    "directory",
    "url",
    "status",
    "total_bytes",
    "start_time",
    "end_time",
    "error",
}
"""Of an entry of the history, as the first documents have it."""
RESULT_KEYS = ["download_id", "filename", "path", "success", "message", "error"]


async def start(server: Served, directory: str, url: str, **params: Any) -> dict[str, Any]:
    """Begin a download as curl does, and return the result."""
    query = urlencode({"download": url} | params)
    reply = await server.http.get(f"/{directory}?{query}")
    assert reply.status_code == 201, reply.text
    result: dict[str, Any] = reply.json()
    assert list(result) == RESULT_KEYS
    return result


async def active(server: Served, path: str = "/api/v1/downloads") -> list[dict[str, Any]]:
    """Return a list of active downloads."""
    reply = await server.http.get(path)
    assert reply.status_code == 200, reply.text
    assert list(reply.json()) == ["downloads"]
    found: list[dict[str, Any]] = reply.json()["downloads"]
    return found


async def history(server: Served) -> list[dict[str, Any]]:
    """Return the history."""
    reply = await server.http.get("/?download_history=")
    assert reply.status_code == 200, reply.text
    assert list(reply.json()) == ["history"]
    found: list[dict[str, Any]] = reply.json()["history"]
    return found


async def until_past(server: Served, id_: str) -> dict[str, Any]:
    """Wait until a download is in the history."""
    async with asyncio.timeout(WAIT_S):
        while True:
            for entry in await history(server):
                if entry["id"] == id_:
                    return entry
            await asyncio.sleep(0.01)


async def until_moving(server: Served, id_: str) -> None:
    """Wait until the list shows bytes of a download."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if any(one["current_size"] for one in await active(server) if one["id"] == id_):
                return
            await asyncio.sleep(0.01)


async def refusal(server: Served, target: str, status: int) -> dict[str, Any]:
    """Ask for what is refused, and return the body; nothing may be added by it."""
    before = server.driver.service.snapshot().downloads
    reply = await server.http.get(target)
    assert reply.status_code == status, reply.text
    assert server.driver.service.snapshot().downloads == before
    body: dict[str, Any] = reply.json()
    return body


async def raw_get(server: Served, target: str) -> tuple[int, dict[str, Any]]:
    """Send a request line as it stands."""
    async with connect(server.host_and_port) as line:
        await line.send(
            f"GET {target} HTTP/1.1",
            f"Host: {server.address}",
            f"Authorization: Bearer {server.token}",
        )
        status, _, body = await line.reply()
    found: dict[str, Any] = httpx.Response(status, content=body).json()
    return status, found
