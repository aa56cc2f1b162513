"""HTTP: foreign pages, folders outside of the roots, and options that no client may set."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.aria2.serving import TOKEN, Aria2Server, aria2_server
from tests.api.aria2.test_http import PAUSED, URL, count


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Aria2Server]:
    async with aria2_server(tmp_path) as running:
        yield running


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_foreign_pages_are_refused(server: Aria2Server, origin: str) -> None:
    """Traps S1 to S3."""
    text = json.dumps(server.request("aria2.addUri", [URL]))
    reply = await server.http.post("/jsonrpc", content=text, headers={"Origin": origin})
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers
    reply = await server.http.post("/jsonrpc", content=text, headers={"Host": "evil.example"})
    assert reply.status_code == 421
    assert await count(server) == 0


async def test_origins_that_are_allowed(tmp_path: Path) -> None:
    page = "https://ariang.example"
    async with aria2_server(tmp_path, origins=frozenset({page})) as server:
        for origin in (page, "chrome-extension://abc", "moz-extension://abc"):
            reply = await server.http.post(
                "/jsonrpc", json=server.request("aria2.getVersion"), headers={"Origin": origin}
            )
            assert reply.status_code == 200
            assert reply.headers["access-control-allow-origin"] == origin
            asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            reply = await server.http.options("/jsonrpc", headers=asks)
            assert reply.status_code == 200
            assert "POST" in reply.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    "folder",
    ["/etc", "/", "../out", "a/../../b", ".ssh", "sub/.config/autostart", "state\0x", "{state}"],
)
async def test_no_folder_outside_of_the_roots(server: Aria2Server, folder: str) -> None:
    """Trap S8; aria2's #2030 wrote authorized_keys."""
    folder = folder.replace("{state}", str(server.driver.folder.parent / "state"))
    refusal = await server.refusal("addUri", [URL], {"dir": folder, "pause": "true"})
    assert "'--dir'" in refusal
    assert "'--dir'" in await server.refusal("changeGlobalOption", {"dir": folder})
    if not folder.startswith("/"):
        refusal = await server.refusal("addUri", [URL], {"out": f"{folder}/x", "pause": "true"})
        assert "'--out'" in refusal
    assert await count(server) == 0


async def test_names_stay_below_the_folder(server: Aria2Server) -> None:
    gid = await server.call("addUri", [URL], {"out": "/etc/passwd", "pause": "true"})
    status = await server.status(gid)
    assert status["dir"] == str(server.driver.folder / "etc")
    assert status["files"][0]["path"] == str(server.driver.folder / "etc" / "passwd")
    gid = await server.call("addUri", [URL], {"out": "a/b/c.bin", "pause": "true"})
    assert (await server.status(gid))["dir"] == str(server.driver.folder / "a" / "b")


async def test_secrets_of_the_process_are_not_options(server: Aria2Server, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    names = ("save-session", "log", "save-cookies", "server-stat-of", "rpc-secret", "input-file")
    await server.call("changeGlobalOption", {name: str(evil) for name in names})
    told = await server.call("getGlobalOption")
    assert not set(names) & set(told)
    assert TOKEN not in json.dumps(told)
    assert await server.refusal("saveSession") == "Filename is not given."
    assert not evil.exists()
    gid = await server.call("addUri", [URL], {"load-cookies": "/etc/passwd", **PAUSED})
    (row,) = server.driver.service.snapshot().downloads
    assert row.gid == gid
    assert row.options.cookie_file is None


# -- the lines of an article about aria2
