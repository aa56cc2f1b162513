"""The npm package ``aria2`` 4.1.2 over HTTP and WebSocket: call, multicall, batch, events."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.aria2.serving import TOKEN, aria2_server
from tests.support.fault_server import FaultServer, Resource

PACKAGE = "aria2@4.1.2"
SCRIPT = Path(__file__).with_name("npm_client.js")
SIZE = 300_000


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package into a folder of its own, before the tests change HOME."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install {PACKAGE}: {done.stderr.strip()[-200:]}")
    return folder / "node_modules"


async def test_the_npm_client(
    node_modules: Path, fault_server: FaultServer, tmp_path: Path
) -> None:
    quick = fault_server.add(Resource(path="/quick", size=SIZE))
    slow = fault_server.add(Resource(path="/slow", size=SIZE, rate_bps=2000))
    async with aria2_server(tmp_path) as server:
        process = await asyncio.create_subprocess_exec(
            *("node", str(SCRIPT), str(server.port), TOKEN, quick, slow),
            env={**os.environ, "NODE_PATH": str(node_modules)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        gid = json.loads(out)["gid"]
        assert (await server.status(gid))["status"] == "complete"
        assert (server.driver.folder / "quick").stat().st_size == SIZE
