"""What AriaNg, webui-aria2 and browser extensions ask each second, with all that they read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.api.aria2.serving import TOKEN, Aria2Server, aria2_server, socket
from tests.support.fault_server import FaultServer, Resource

SIZE = 3_000_000
NEVER = "http://127.0.0.1:9/never"

ARIANG_KEYS = [
    *("gid", "totalLength", "completedLength", "uploadSpeed", "downloadSpeed", "connections"),
    *("numSeeders", "seeder", "status", "errorCode", "verifiedLength", "verifyIntegrityPending"),
]
ARIANG_FIRST_KEYS = [*ARIANG_KEYS, "files", "bittorrent", "infoHash"]
ARIANG_OPTIONS = {
    *("dir", "allow-overwrite", "max-download-limit", "split", "min-split-size", "continue"),
    *("max-connection-per-server", "lowest-speed-limit", "stream-piece-selector", "force-save"),
    *("conditional-get", "check-integrity", "file-allocation", "parameterized-uri"),
}
"""Of those that its task page offers, the ones that have a value when nothing was set."""
STAT_KEYS = {"downloadSpeed", "uploadSpeed", "numActive", "numWaiting", "numStopped"}
WORDS = {"active", "waiting", "paused", "complete", "error", "removed"}


@dataclass
class Scene:
    """A server with one download of each kind."""

    server: Aria2Server
    gids: dict[str, str]


@pytest.fixture
async def scene(fault_server: FaultServer, tmp_path: Path) -> AsyncIterator[Scene]:
    slow = fault_server.add(Resource(path="/slow", size=SIZE, rate_bps=1000))
    quick = fault_server.add(Resource(path="/quick", size=SIZE))
    async with aria2_server(tmp_path, slots=2) as server:
        gids = {"done": await server.call("addUri", [quick])}
        await server.wait(gids["done"], "complete")
        gids["bad"] = await server.call("addUri", [fault_server.url("/missing")])
        await server.wait(gids["bad"], "error")
        gids["active"] = await server.call("addUri", [slow])
        gids["removed"] = await server.call("addUri", [slow], {"out": "gone"})
        await server.until(gids["active"], lambda one: int(one["completedLength"]) > 0)
        await server.wait(gids["removed"], "active")
        await server.call("remove", gids["removed"])
        gids["paused"] = await server.call("addUri", [NEVER], {"pause": "true"})
        yield Scene(server, gids)


def check_numbers(struct: dict[str, Any], keys: set[str]) -> None:
    for key in keys & set(struct):
        assert int(struct[key]) >= 0, key


async def test_ariang_polls_over_a_socket(scene: Scene) -> None:
    async with socket(scene.server) as frames:
        assert (await frames.call("aria2.getVersion"))["version"]
        for keys in (ARIANG_FIRST_KEYS, ARIANG_KEYS):
            stat = await frames.call("aria2.getGlobalStat")
            assert set(stat) >= STAT_KEYS
            check_numbers(stat, STAT_KEYS)
            lists = [
                await frames.call("aria2.tellActive", keys),
                await frames.call("aria2.tellWaiting", 0, 1000, keys),
                await frames.call("aria2.tellStopped", -1, 1000, keys),
            ]
            assert [[one["gid"] for one in found] for found in lists] == [
                [scene.gids["active"]],
                [scene.gids["paused"]],
                [scene.gids[name] for name in ("removed", "bad", "done")],
            ]
            always = {*ARIANG_KEYS[:2], "completedLength", "connections", "status"}
            for struct in (one for found in lists for one in found):
                assert always <= set(struct) <= set(keys)
                assert struct["status"] in WORDS
                check_numbers(struct, set(ARIANG_KEYS) - {"gid", "status"})
                assert ("files" in struct) == ("files" in keys)


async def test_ariang_opens_a_task_and_tries_it_again(scene: Scene) -> None:
    server, token = scene.server, f"token:{TOKEN}"
    struct = await server.status(scene.gids["active"])
    pieces = int(struct["numPieces"])
    assert pieces == -(-int(struct["totalLength"]) // int(struct["pieceLength"]))
    assert len(struct["bitfield"]) == 2 * -(-pieces // 8)
    option = await server.call("getOption", scene.gids["active"])
    assert set(option) >= ARIANG_OPTIONS
    calls: list[dict[str, Any]] = [
        {"methodName": "aria2.tellStatus", "params": [token, scene.gids["bad"]]},
        {"methodName": "aria2.getOption", "params": [token, scene.gids["bad"]]},
    ]
    (task,), (options,) = await multicall(server, calls)
    uris = [uri["uri"] for file in task["files"] for uri in file["uris"]]
    assert uris
    again = await server.call("addUri", uris, {**options, "pause": "true"})
    assert await server.call("removeDownloadResult", scene.gids["bad"]) == "OK"
    assert await server.call("getOption", again) == options
    assert await server.call("changePosition", again, 0, "POS_SET") == 0
    for name, value in (("split", "4"), ("max-download-limit", "10K"), ("header", "A: 1\n")):
        assert await server.call("changeOption", again, {name: value}) == "OK"
    assert await server.call("forcePause", scene.gids["active"]) == scene.gids["active"]
    assert await server.call("purgeDownloadResult") == "OK"


async def multicall(server: Aria2Server, calls: list[dict[str, Any]]) -> Any:
    body = {"jsonrpc": 2, "id": "x", "method": "system.multicall", "params": [calls]}
    reply = await server.http.post("/jsonrpc", json=body)
    assert reply.status_code == 200
    return reply.json()["result"]


WEBUI_KEYS = {
    *("gid", "totalLength", "completedLength", "uploadLength", "downloadSpeed", "uploadSpeed"),
    *("status", "connections", "dir", "files", "pieceLength", "numPieces"),
}


async def test_webui_polls_everything_in_one_call(scene: Scene) -> None:
    token = f"token:{TOKEN}"
    calls: list[dict[str, Any]] = [
        {"methodName": "aria2.tellActive", "params": [token]},
        {"methodName": "aria2.tellWaiting", "params": [token, 0, 1000]},
        {"methodName": "aria2.tellStopped", "params": [token, 0, 1000]},
        {"methodName": "aria2.getGlobalStat", "params": [token]},
        {"methodName": "aria2.getGlobalOption", "params": [token]},
        {"methodName": "aria2.getVersion", "params": [token]},
        {"methodName": "aria2.tellActive"},
    ]
    *told, missing = await multicall(scene.server, calls)
    active, waiting, stopped, stat, options, version = (one for (one,) in told)
    assert [len(found) for found in (active, waiting, stopped)] == [1, 1, 3]
    for struct in (*active, *waiting, *stopped):
        assert set(struct) >= WEBUI_KEYS
        for file in struct["files"]:
            assert {"index", "path", "length", "completedLength", "selected", "uris"} <= set(file)
            assert file["uris"]
    assert set(stat) >= STAT_KEYS
    assert options["dir"]
    assert isinstance(version["enabledFeatures"], list)
    assert missing == {"code": 1, "message": "Unauthorized"}
    steps: list[dict[str, Any]] = [
        {"methodName": "aria2.forcePauseAll", "params": [token]},
        {
            "methodName": "aria2.changePosition",
            "params": [token, scene.gids["paused"], -1, "POS_CUR"],
        },
        {"methodName": "aria2.unpauseAll", "params": [token]},
        {"methodName": "aria2.getFiles", "params": [token, scene.gids["done"]]},
        {"methodName": "aria2.removeDownloadResult", "params": [token, scene.gids["done"]]},
    ]
    answers = await multicall(scene.server, steps)
    assert [isinstance(one, list) for one in answers] == [True] * 5


EXTENSION_TASK = {
    *("completedLength", "connections", "downloadSpeed", "gid", "status", "totalLength"),
    *("uploadLength", "uploadSpeed", "dir"),
}


async def test_an_extension_with_strict_types(scene: Scene) -> None:
    stat = await scene.server.call("getGlobalStat", [], {})
    assert all(isinstance(value, str) for value in stat.values())
    assert set(stat) == STAT_KEYS | {"numStoppedTotal"}
    token = f"token:{TOKEN}"
    calls: list[dict[str, Any]] = [
        {"methodName": "aria2.tellActive", "params": [token]},
        {"methodName": "aria2.tellWaiting", "params": [token, 0, 0]},
        {"methodName": "aria2.tellStopped", "params": [token, 0, 25]},
    ]
    (active,), (waiting,), (stopped,) = await multicall(scene.server, calls)
    assert waiting == []
    for struct in (*active, *stopped):
        assert {key for key in EXTENSION_TASK if isinstance(struct[key], str)} == EXTENSION_TASK
        assert struct["status"] in WORDS
        for file in struct["files"]:
            assert all(isinstance(file[key], str) for key in ("completedLength", "length", "path"))
            assert all(isinstance(uri["uri"], str) for uri in file["uris"])


async def test_extensions_hand_over_what_the_browser_has(scene: Scene) -> None:
    """No version member, an id of 0, holes in the header list."""
    options = {
        "header": ["Cookie: a=b; c=d", None, "User-Agent: Mozilla/5.0 (X11)", "Referer: http://r/"],
        "parameterized-uri": "false",
        "out": "",
        "pause": "true",
    }
    body = {"id": 0, "method": "aria2.addUri", "params": [f"token:{TOKEN}", [NEVER], options]}
    reply = await scene.server.http.post("/jsonrpc", json=body)
    assert (reply.status_code, reply.json()["id"]) == (200, 0)
    gid = reply.json()["result"]
    told = await scene.server.call("getOption", gid)
    assert told["user-agent"] == "Mozilla/5.0 (X11)"
    assert told["header"] == "Cookie: a=b; c=d\n"
    assert told["referer"] == "http://r/"
    found = await scene.server.call("tellStatus", gid, ["dir", "files", "bittorrent"])
    assert set(found) == {"dir", "files"}
