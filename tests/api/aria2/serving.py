"""Serve a real engine in the aria2 dialect on a free port, and call it as clients do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.engine.driving import WAIT_S, Driver, quick_config
from tui_dl.api.aria2.desk import Aria2Settings
from tui_dl.api.aria2.routes import Aria2Facade
from tui_dl.api.auth import TokenStore
from tui_dl.api.context import make_context
from tui_dl.api.facade import Dialect, Facade
from tui_dl.api.server import ApiServer
from tui_dl.api.surge.routes import SurgeFacade
from tui_dl.service.local import LocalService

TOKEN = "the-secret"


class RpcRefusedError(Exception):
    """A call was answered with an error."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.status = status
        self.code = error["code"]
        self.message = error["message"]


@dataclass
class Aria2Server:
    """A running engine behind a port."""

    driver: Driver
    facade: Aria2Facade
    port: int
    http: httpx.AsyncClient
    token: str | None
    shut_downs: list[str] = field(default_factory=list)
    """Grows when a client ends the process."""

    @property
    def url(self) -> str:
        """Where clients send their calls."""
        return f"http://127.0.0.1:{self.port}/jsonrpc"

    def params(self, *params: Any) -> list[Any]:
        """Return parameters behind the token."""
        return [*([] if self.token is None else [f"token:{self.token}"]), *params]

    def request(self, method: str, *params: Any, id_: object = "1") -> dict[str, Any]:
        """Return a request object with the token."""
        return {"jsonrpc": "2.0", "id": id_, "method": method, "params": self.params(*params)}

    async def call(self, method: str, *params: Any) -> Any:
        """Call ``aria2.METHOD`` and return its result.

        Raises:
            RpcRefusedError: the answer is an error.
        """
        name = method if "." in method else f"aria2.{method}"
        reply = await self.http.post("/jsonrpc", json=self.request(name, *params))
        body = reply.json()
        assert body["id"] == "1"
        assert body["jsonrpc"] == "2.0"
        if "error" in body:
            raise RpcRefusedError(reply.status_code, body["error"])
        assert reply.status_code == 200
        return body["result"]

    async def refusal(self, method: str, *params: Any) -> str:
        """Call a method that must be refused; return the sentence."""
        with pytest.raises(RpcRefusedError) as caught:
            await self.call(method, *params)
        assert (caught.value.status, caught.value.code) == (400, 1)
        return str(caught.value.message)

    async def status(self, gid: str) -> dict[str, Any]:
        """Return the struct of tellStatus."""
        found: dict[str, Any] = await self.call("tellStatus", gid)
        return found

    async def until(
        self, gid: str, holds: Callable[[dict[str, Any]], bool], timeout_s: float = WAIT_S
    ) -> dict[str, Any]:
        """Ask again and again, as clients do, until the struct satisfies ``holds``."""
        async with asyncio.timeout(timeout_s):
            while True:
                found = await self.status(gid)
                if holds(found):
                    return found
                await asyncio.sleep(0.01)

    async def wait(self, gid: str, *words: str) -> dict[str, Any]:
        """Wait for one of these status words."""
        return await self.until(gid, lambda found: found["status"] in words)

    async def line(self) -> list[str]:
        """Return the gids of tellWaiting."""
        found = await self.call("tellWaiting", 0, 1000, ["gid"])
        return [one["gid"] for one in found]


async def no_sleep(_: float) -> None:
    """Hold nothing back."""


@asynccontextmanager
async def aria2_server(
    base: Path,
    *,
    token: str | None = TOKEN,
    roots: tuple[str, ...] = (),
    origins: frozenset[str] = frozenset(),
    settings: Aria2Settings | None = None,
    sleep: Callable[[float], Awaitable[None]] = no_sleep,
    **config: Any,
) -> AsyncIterator[Aria2Server]:
    """Open an engine below ``base`` and serve it on 127.0.0.1 at a free port."""
    engine_config = quick_config(base, **config)
    service = LocalService(engine_config)
    driver = Driver(service, engine_config.directory)
    service.subscribe(driver.events.append)
    await service.start()
    try:
        store = None if token is None else TokenStore.save(base / "state" / "token", token)
        context = make_context(
            service,
            str(engine_config.directory),
            token=store,
            roots=roots,
            forbidden=(str(engine_config.data_dir),),
            allowed_origins=origins,
        )
        facade = Aria2Facade(context, settings, sleep)
        facades: dict[Dialect, Facade] = {
            Dialect.SURGE: SurgeFacade(context),
            Dialect.ARIA2: facade,
        }
        server = ApiServer(context, facades, port=0, strict_port=True)
        server.bind()
        port = server.ports[0]
        await service.attach(server.run)
        base_url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=20) as http:
            yield Aria2Server(driver, facade, port, http, token)
    finally:
        await service.close()


@dataclass
class Frames:
    """A WebSocket client that keeps every frame in order."""

    ws: ClientConnection
    server: Aria2Server
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def next(self) -> Any:
        """Return the next frame."""
        async with asyncio.timeout(WAIT_S):
            frame = json.loads(await self.ws.recv())
        self.seen.append(frame)
        return frame

    async def send(self, method: str, *params: Any, id_: object = "1") -> None:
        """Send a call."""
        await self.ws.send(json.dumps(self.server.request(method, *params, id_=id_)))

    async def call(self, method: str, *params: Any) -> Any:
        """Send a call; the very next frame must be its reply."""
        await self.send(method, *params)
        reply = await self.next()
        assert reply.get("id") == "1", reply
        return reply["result"]

    async def told(self) -> tuple[str, str]:
        """Return name and gid of the next frame, which must be a notification."""
        frame = await self.next()
        assert "id" not in frame, frame
        return frame["method"].removeprefix("aria2.on"), frame["params"][0]["gid"]


@asynccontextmanager
async def socket(server: Aria2Server) -> AsyncIterator[Frames]:
    """Open a WebSocket."""
    url = f"ws://127.0.0.1:{server.port}/jsonrpc"
    async with connect(url, proxy=None) as ws:
        yield Frames(ws, server)
