"""``tui-dl serve`` as aria2's clients meet it: a second port, a session, an end by a call."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.support.fault_server import FaultServer, Resource
from tests.support.ports import free_port

TOKEN = "a-secret-of-some-length"
NEVER = "http://127.0.0.1:9/never"


class Serve:
    """One ``tui-dl serve``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.rpc_port = free_port(), free_port()

    async def start(self, *more: str) -> None:
        """Run it until it prints where it listens."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui_dl", "serve", "--token", TOKEN, "-q"),
            *("--port", str(self.port), "--rpc-port", str(self.rpc_port)),
            *("-d", str(self.folder / "target"), *more),
            env={**os.environ, "TUI_DL_DATA_DIR": str(self.folder / "state")},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert line.decode().strip() == f"http://127.0.0.1:{self.port}"

    async def call(self, method: str, *params: Any, rpc: bool = True) -> Any:
        """Call a method on the port of aria2's clients, or on the main one."""
        url = f"http://127.0.0.1:{self.rpc_port if rpc else self.port}/jsonrpc"
        body = {"id": 1, "method": f"aria2.{method}", "params": [f"token:{TOKEN}", *params]}
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            reply = await http.post(url, content=json.dumps(body))
        found = reply.json()
        assert "error" not in found, found
        return found["result"]

    async def ended(self) -> int:
        """Wait for its end and return the exit code."""
        _, errors = await asyncio.wait_for(self._process.communicate(), 60)
        assert b"Traceback" not in errors, errors.decode()
        assert self._process.returncode is not None
        return self._process.returncode

    async def told(self, count: int) -> list[Any]:
        """Return what waits, once it is so many: the port answers before its list is read."""
        async with asyncio.timeout(60):
            while True:
                waiting: list[Any] = await self.call("tellWaiting", 0, 10)
                if len(waiting) >= count:
                    return waiting
                await asyncio.sleep(0.02)


async def test_a_session_goes_from_one_serve_to_the_next(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    url = fault_server.add(Resource(path="/file.bin", size=100_000))
    first = Serve(tmp_path / "first")
    await first.start()
    for rpc in (True, False):
        assert (await first.call("getVersion", rpc=rpc))["version"]
    options = {"pause": "true", "out": "mine.bin", "split": "3", "header": ["A: 1", "B: 2"]}
    gid = await first.call("addUri", [url, f"{url}?mirror"], options)
    assert (await first.call("getGlobalOption"))["split"] == "16"
    assert await first.call("saveSession") == "OK"
    assert await first.call("shutdown") == "OK"
    assert await first.ended() == 0
    session = tmp_path / "first" / "state" / "aria2.session"
    assert session.stat().st_mode & 0o077 == 0

    second = Serve(tmp_path / "second")
    await second.start("-i", str(session))
    (told,) = await second.told(1)
    assert (told["gid"], told["status"]) == (gid, "paused")
    assert [uri["uri"] for uri in told["files"][0]["uris"]] == [url, f"{url}?mirror"]
    option = await second.call("getOption", told["gid"])
    assert (option["out"], option["split"], option["header"]) == ("mine.bin", "3", "A: 1\nB: 2\n")
    assert option["dir"] == str(tmp_path / "first" / "target")
    assert await second.call("forceShutdown") == "OK"
    assert await second.ended() == 0
    longer = tmp_path / "longer.session"
    last = fault_server.url("/last.bin")
    longer.write_text(f"{session.read_text()}{last}\n pause=true\n")
    await second.start("-i", str(longer))
    told = await second.told(2)  # with the last one the whole list has been read
    links = [one["files"][0]["uris"][0]["uri"] for one in told]
    assert (told[0]["gid"], links) == (gid, [url, last]), "the first one is not there twice"
    assert await second.call("forceShutdown") == "OK"
    assert await second.ended() == 0
