"""HTTP: paths, tokens, forms of a call, and what a bad request may and may not do."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.aria2.serving import TOKEN, Aria2Server, aria2_server
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.aria2 import desk
from tui_dl.api.aria2.desk import Aria2Settings
from tui_dl.api.aria2.envelope import MOST_CALLS
from tui_dl.api.aria2.methods.table import METHOD_NAMES, METHODS
from tui_dl.api.aria2.rpc import MOST_DELAYED

URL = "http://127.0.0.1:9/never"
PAUSED = {"pause": "true"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Aria2Server]:
    async with aria2_server(tmp_path) as running:
        yield running


def body(method: str, *params: Any, id_: object = "1") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": list(params)}


async def count(server: Aria2Server) -> int:
    return len(server.driver.service.snapshot().downloads)


async def test_a_reply_as_aria2_frames_it(server: Aria2Server) -> None:
    reply = await server.http.post(
        "/jsonrpc", content=json.dumps(server.request("aria2.getVersion"))
    )
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json-rpc"
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.text.startswith('{"id":"1","jsonrpc":"2.0","result":{"enabledFeatures":[')
    version = reply.json()["result"]
    assert "BitTorrent" not in version["enabledFeatures"]
    assert {"Metalink", "HTTPS", "Message Digest"} <= set(version["enabledFeatures"])
    assert all(part.isdigit() for part in version["version"].split("."))


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain", "x/y"])
async def test_the_content_type_is_not_looked_at(
    server: Aria2Server, content_type: str | None
) -> None:
    """aria2p sends none at all."""
    text = json.dumps(server.request("aria2.getGlobalStat", [], {}))
    headers = {} if content_type is None else {"content-type": content_type}
    reply = await server.http.post("/jsonrpc?x=1", content=text, headers=headers)
    assert reply.json()["result"]["numActive"] == "0"


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/jsonrpc"), ("DELETE", "/jsonrpc"), ("POST", "/jsonrpc/x"), ("POST", "/rpc")],
)
async def test_other_paths_and_verbs_are_404_and_empty(
    server: Aria2Server, method: str, path: str
) -> None:
    reply = await server.http.request(method, path)
    assert (reply.status_code, reply.content) == (404, b"")


async def test_options_needs_no_token(server: Aria2Server) -> None:
    reply = await server.http.options("/jsonrpc")
    assert (reply.status_code, reply.content) == (200, b"")


# -- tokens


async def test_every_method_wants_the_token(server: Aria2Server) -> None:
    """Trap S16: one dispatcher. The token is looked at before the method's name."""
    free = {name for name, method in METHODS.items() if not method.needs_token}
    names = {*METHOD_NAMES, "aria2.nosuch", "aria2.getPeers"} - free - {"system.multicall"}
    assert len(names) == 33
    # Fewer different secrets than lock an address out: that is another test.
    wrong: list[list[Any]] = [[], ["token:"], ["token:wrong"], [TOKEN], [None], [7]]
    for name in names:
        for shown in wrong:
            params = [*shown, [URL], {}] if name == "aria2.addUri" else shown
            reply = await server.http.post("/jsonrpc", json=body(name, *params))
            assert reply.status_code == 400
            assert reply.json()["error"] == {"code": 1, "message": "Unauthorized"}, name
    assert await count(server) == 0


async def test_who_guesses_is_locked_out_and_not_told(server: Aria2Server) -> None:
    """Trap S20: the answer is the same, right secret or wrong."""
    for number in range(25):
        params = [f"token:guess-{number}"]
        reply = await server.http.post("/jsonrpc", json=body("aria2.getVersion", *params))
        assert reply.json()["error"]["message"] == "Unauthorized"
    assert await server.refusal("getVersion") == "Unauthorized"


@pytest.mark.parametrize("method", ["system.listMethods", "system.listNotifications"])
async def test_two_lists_need_none(server: Aria2Server, method: str) -> None:
    for params in ([], [f"token:{TOKEN}"], ["token:wrong"], [{"x": 1}]):
        reply = await server.http.post("/jsonrpc", json=body(method, *params))
        assert reply.status_code == 200
        assert all(isinstance(name, str) for name in reply.json()["result"])


async def test_methods_are_those_of_a_build_without_bittorrent(server: Aria2Server) -> None:
    names = await server.call("system.listMethods")
    assert len(names) == len(set(names)) == 34
    assert names[-3:] == ["system.multicall", "system.listMethods", "system.listNotifications"]
    for name in ("aria2.addTorrent", "aria2.getPeers"):
        assert name not in names
        assert await server.refusal(name, "x") == f"No such method: {name}"
    assert len(await server.call("system.listNotifications")) == 6


async def test_a_bearer_is_as_good_as_a_token(server: Aria2Server) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    plain = body("aria2.getGlobalStat")
    reply = await server.http.post("/jsonrpc", json=plain, headers=headers)
    assert reply.status_code == 200
    wrong = {"Authorization": "Bearer nonsense"}
    assert (await server.http.post("/jsonrpc", json=plain, headers=wrong)).status_code == 400
    basic = {"Authorization": "Basic dTpw"}
    reply = await server.http.post(
        "/jsonrpc", json=server.request("aria2.getGlobalStat"), headers=basic
    )
    assert reply.status_code == 200, "aria2's own Basic login is tolerated beside a token"


async def test_without_a_secret_a_token_is_taken_off_all_the_same(tmp_path: Path) -> None:
    async with aria2_server(tmp_path, token=None) as open_server:
        reply = await open_server.http.post(
            "/jsonrpc", json=body("aria2.tellStatus", "token:x", "zz")
        )
        assert reply.json()["error"]["message"] == "Invalid GID zz"


async def test_without_a_secret_a_get_may_only_look(tmp_path: Path) -> None:
    """Trap S2: an image tag of any page can make a GET."""
    async with aria2_server(tmp_path, token=None) as open_server:
        gid = await open_server.call("addUri", [URL], PAUSED)
        for method in ("remove", "purgeDownloadResult", "shutdown", "changeGlobalOption"):
            reply = await get(open_server, f"aria2.{method}", [gid])
            assert reply["error"] == {"code": 1, "message": "Unauthorized"}, method
        inner = [{"methodName": "aria2.remove", "params": [gid]}]
        reply = await get(open_server, "system.multicall", [inner])
        assert reply["result"] == [{"code": 1, "message": "Unauthorized"}]
        assert (await get(open_server, "aria2.tellStatus", [gid]))["result"]["gid"] == gid


async def test_a_refusal_is_held_back_without_keeping_others(tmp_path: Path) -> None:
    """Trap S20."""
    holding, release = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def sleep(seconds: float) -> None:
        assert seconds >= 1
        loop.call_soon_threadsafe(holding.set)
        await asyncio.to_thread(release.wait, 20)

    async with aria2_server(tmp_path, sleep=sleep) as server:
        wrong = asyncio.create_task(
            server.http.post("/jsonrpc", json=body("aria2.pauseAll", "token:wrong"))
        )
        await asyncio.wait_for(holding.wait(), 20)
        assert (await server.call("getGlobalStat"))["numActive"] == "0"
        assert not wrong.done()
        release.set()
        assert (await wrong).json()["error"]["message"] == "Unauthorized"


async def test_one_bad_token_holds_back_a_whole_batch_once(tmp_path: Path) -> None:
    held: list[float] = []

    async def sleep(seconds: float) -> None:
        held.append(seconds)

    async with aria2_server(tmp_path, sleep=sleep) as server:
        calls = [
            {"methodName": "aria2.getVersion"},
            {"methodName": "aria2.getVersion", "params": ["token:wrong"]},
            {"methodName": "aria2.getVersion", "params": [f"token:{TOKEN}"]},
        ]
        reply = await server.http.post("/jsonrpc", json=body("system.multicall", calls))
        unauthorized = {"code": 1, "message": "Unauthorized"}
        assert reply.status_code == 200
        first, second, third = reply.json()["result"]
        assert (first, second) == (unauthorized, unauthorized)
        assert third[0]["version"]
        assert len(held) == 1
        await server.http.post("/jsonrpc", json=[body("aria2.getVersion")] * 3)
        assert len(held) == 2
        await server.call("getVersion")
        assert len(held) == 2


async def test_the_number_of_held_replies_is_bounded(tmp_path: Path) -> None:
    release = asyncio.Event()
    waiting = 0

    async def sleep(_: float) -> None:
        nonlocal waiting
        waiting += 1
        await release.wait()

    async with aria2_server(tmp_path) as server:
        rpc = type(server.facade.rpc)(server.facade.rpc.desk, sleep)
        tasks = [asyncio.create_task(rpc.hold_back()) for _ in range(MOST_DELAYED)]
        await asyncio.sleep(0)
        assert waiting == MOST_DELAYED
        await asyncio.wait_for(rpc.hold_back(), 5)
        assert waiting == MOST_DELAYED
        release.set()
        await asyncio.gather(*tasks)


# -- forms of a call


def encoded(params: list[Any]) -> str:
    return quote(base64.b64encode(json.dumps(params).encode()).decode(), safe="")


async def get(server: Aria2Server, method: str, params: list[Any], more: str = "") -> Any:
    packed = encoded(server.params(*params) if method.startswith("aria2.") else params)
    path = f"/jsonrpc?method={method}&id=q&params={packed}{more}"
    reply = await server.http.get(path)
    assert reply.headers["content-type"] == "application/json-rpc"
    found = reply.json()
    assert found["id"] == "q"
    return found


async def test_get_with_a_token_may_do_everything(server: Aria2Server) -> None:
    gid = (await get(server, "aria2.addUri", [[URL], PAUSED]))["result"]
    assert (await get(server, "aria2.tellStatus", [gid, ["status"]]))["result"] == {
        "status": "paused"
    }
    assert (await get(server, "aria2.remove", [gid]))["result"] == gid


async def test_javascript_is_wrapped_only_when_the_process_says_so(tmp_path: Path) -> None:
    path = f"/jsonrpc?method=aria2.getSessionInfo&id=5&params={encoded(['token:' + TOKEN])}"
    async with aria2_server(tmp_path / "a") as server:
        reply = await server.http.get(path + "&jsoncallback=cb")
        assert reply.headers["content-type"] == "application/json-rpc"
        assert reply.json()["id"] == "5"
    async with aria2_server(tmp_path / "b", settings=Aria2Settings(jsonp=True)) as server:
        reply = await server.http.get(path + "&jsoncallback=cb")
        assert reply.headers["content-type"] == "text/javascript"
        assert reply.text.startswith('cb({"id":"5",')
        reply = await server.http.get("/jsonrpc?jsoncallback=cb")
        assert reply.status_code == 400
        assert reply.text.startswith("cb(")


async def test_a_batch_is_answered_in_order(server: Aria2Server) -> None:
    calls = [
        server.request("aria2.getVersion", id_=0),
        17,
        server.request("aria2.nosuch", id_="b"),
        {"method": "aria2.getVersion"},
        server.request("aria2.getSessionInfo", id_=None),
    ]
    reply = await server.http.post("/jsonrpc", json=calls)
    assert reply.status_code == 200
    assert [one["id"] for one in reply.json()] == [0, "b", None, None]
    assert [one.get("error", {}).get("code") for one in reply.json()] == [None, 1, -32600, None]


async def test_a_multicall_sees_its_own_effects(server: Aria2Server) -> None:
    token = f"token:{TOKEN}"
    gid = "00000000000000ab"
    calls = [
        {"methodName": "aria2.addUri", "params": [token, [URL], {"pause": "true", "gid": gid}]},
        {"methodName": "aria2.tellWaiting", "params": [token, 0, 10, ["gid", "status"]]},
        {"methodName": "aria2.remove", "params": [token, gid]},
        {"methodName": "aria2.tellStatus", "params": [token, gid]},
        {"methodName": "aria2.tellWaiting", "params": [token, 0, 10]},
    ]
    reply = await server.http.post("/jsonrpc", json=body("system.multicall", calls))
    assert reply.json()["result"] == [
        [gid],
        [[{"gid": gid, "status": "paused"}]],
        [gid],
        {"code": 1, "message": f"GID {gid} is not found"},
        [[]],
    ]


async def test_calls_are_counted_through_multicalls(server: Aria2Server) -> None:
    """Trap S13."""
    inner = [{"methodName": "system.listMethods"}] * (MOST_CALLS - 2)
    batch = [body("system.multicall", inner), *[body("system.listNotifications")] * 3]
    many, one, *others = (await server.http.post("/jsonrpc", json=batch)).json()
    assert all(isinstance(answer, list) for answer in many["result"])
    assert "result" in one
    refusal = {"code": 1, "message": "There are too many calls in one message."}
    assert [answer["error"] for answer in others] == [refusal, refusal]


async def test_a_reply_has_a_bound(server: Aria2Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap S13."""
    monkeypatch.setattr(desk, "MOST_TOLD", 5)
    for _ in range(3):
        await server.call("addUri", [URL], PAUSED)
    assert len(await server.call("tellWaiting", 0, 9)) == 3
    token = f"token:{TOKEN}"
    calls = [{"methodName": "aria2.tellWaiting", "params": [token, 0, 9, ["gid"]]}] * 2
    reply = await server.http.post("/jsonrpc", json=body("system.multicall", calls))
    first, second = reply.json()["result"]
    assert len(first[0]) == 3
    assert second == {"code": 1, "message": "The reply would be too large."}


# -- what must not pass


async def test_a_body_of_two_mebibytes_is_taken_and_more_is_not(server: Aria2Server) -> None:
    padding = " " * (2 * 1024 * 1024 - 200)
    text = json.dumps(server.request("aria2.getGlobalStat")) + padding
    assert (await server.http.post("/jsonrpc", content=text)).status_code == 200
    reply = await server.http.post("/jsonrpc", content=text + " " * 400)
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_lines_as_people_print_them(
    server: Aria2Server, fault_server: FaultServer
) -> None:
    slow = fault_server.add(Resource(path="/slow", size=100_000, rate_bps=1000))
    gid = await server.call("addUri", [slow])
    other = await server.call("addUri", [URL], PAUSED)

    async def curl(method: str, params: str) -> Any:
        text = (
            f'{{"jsonrpc":"2.0","id":"remote-control","method":"aria2.{method}",'
            f'"params":["token:{TOKEN}"{params}]}}'
        )
        process = await asyncio.create_subprocess_exec(
            *("curl", "-s", "-X", "POST", "-H", "Content-Type: application/json"),
            *("-d", text, server.url.replace("127.0.0.1", "localhost")),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return json.loads(out)

    def answer(result: str) -> dict[str, str]:
        return {"id": "remote-control", "jsonrpc": "2.0", "result": result}

    assert await curl("pause", f',"{gid}"') == answer(gid)
    assert (await server.status(gid))["status"] == "paused"
    assert await curl("unpause", f',"{gid}"') == answer(gid)
    await server.wait(gid, "active")
    assert await curl("forcePause", f',"{other}"') == {
        "id": "remote-control",
        "jsonrpc": "2.0",
        "error": {"code": 1, "message": f"GID#{other} cannot be paused now"},
    }
    assert await curl("pauseAll", "") == answer("OK")
    assert await curl("unpauseAll", "") == answer("OK")
    assert await curl("forcePauseAll", "") == answer("OK")
