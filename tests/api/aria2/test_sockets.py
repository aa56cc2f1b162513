"""WebSocket: replies before notifications, every notification once, and bad company."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.types import Message
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.api.aria2.serving import TOKEN, Aria2Server, Frames, aria2_server, socket
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.aria2 import sockets
from tui_dl.api.aria2.desk import Desk
from tui_dl.api.aria2.rpc import Rpc
from tui_dl.api.context import Limits
from tui_dl.api.events import MOST_READERS

SIZE = 300_000
NEVER = "http://127.0.0.1:9/never"
PAUSED = {"pause": "true"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Aria2Server]:
    async with aria2_server(tmp_path, slots=1) as running:
        yield running


@pytest.fixture
async def frames(server: Aria2Server) -> AsyncIterator[Frames]:
    async with socket(server) as open_socket:
        yield open_socket


@pytest.fixture
def slow(fault_server: FaultServer) -> str:
    """A file that takes minutes."""
    return fault_server.add(Resource(path="/slow", size=SIZE, rate_bps=2000))


async def test_the_reply_comes_first_then_what_it_caused(
    frames: Frames, slow: str, fault_server: FaultServer
) -> None:
    first = await frames.call("aria2.addUri", [slow])
    assert await frames.told() == ("DownloadStart", first)
    second = await frames.call("aria2.addUri", [slow])
    assert (await frames.call("aria2.tellStatus", second))["status"] == "waiting"
    assert await frames.call("aria2.pause", first) == first
    assert await frames.told() == ("DownloadPause", first)
    assert await frames.told() == ("DownloadStart", second)
    assert await frames.call("aria2.unpause", first) == first
    assert await frames.call("aria2.remove", second) == second
    assert await frames.told() == ("DownloadStop", second)
    assert await frames.told() == ("DownloadStart", first)
    fault_server.add(Resource(path="/slow", size=SIZE))
    assert await frames.call("aria2.changeOption", first, {"split": "2"}) == "OK"
    assert await frames.told() == ("DownloadStart", first)
    assert await frames.told() == ("DownloadComplete", first)


async def test_a_failure_is_a_start_and_an_error(frames: Frames, fault_server: FaultServer) -> None:
    gid = await frames.call("aria2.addUri", [fault_server.url("/missing")])
    assert await frames.told() == ("DownloadStart", gid)
    assert await frames.told() == ("DownloadError", gid)
    assert (await frames.call("aria2.tellStatus", gid))["status"] == "error"


async def test_when_an_end_is_told_it_is_seen(frames: Frames, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/quick", size=10))
    for _ in range(10):
        gid = await frames.call("aria2.addUri", [url])
        assert await frames.told() == ("DownloadStart", gid)
        assert await frames.told() == ("DownloadComplete", gid)
        told = await frames.call("aria2.tellStatus", gid)
        assert (told["status"], told["completedLength"]) == ("complete", "10")
        listed = await frames.call("aria2.tellStopped", -1, 1, ["gid"])
        assert listed == [{"gid": gid}]


async def test_what_only_waits_is_nobodys_news(frames: Frames, slow: str) -> None:
    running = await frames.call("aria2.addUri", [slow])
    assert await frames.told() == ("DownloadStart", running)
    waiting = await frames.call("aria2.addUri", [slow])
    paused = await frames.call("aria2.addUri", [slow], PAUSED)
    await frames.call("aria2.pause", waiting)
    await frames.call("aria2.changePosition", paused, 0, "POS_SET")
    await frames.call("aria2.changeUri", paused, 1, [], [NEVER])
    await frames.call("aria2.changeOption", paused, {"split": "2"})
    await frames.call("aria2.remove", paused)
    await frames.call("aria2.remove", waiting)
    await frames.call("aria2.purgeDownloadResult")
    await frames.call("aria2.remove", running)
    assert await frames.told() == ("DownloadStop", running)
    await frames.call("aria2.removeDownloadResult", running)
    assert [frame for frame in frames.seen if "method" in frame] == [
        frame for frame in frames.seen if frame.get("params") == [{"gid": running}]
    ]
    assert await frames.call("aria2.getVersion")


async def test_actions_over_http_are_told_to_every_socket(server: Aria2Server, slow: str) -> None:
    """aria2p only listens and never shows a token."""
    async with socket(server) as one, socket(server) as two:
        gid = await server.call("addUri", [slow])
        await server.call("forcePause", gid)
        for frames in (one, two):
            assert await frames.told() == ("DownloadStart", gid)
            assert await frames.told() == ("DownloadPause", gid)


async def test_a_batch_and_a_multicall(frames: Frames, slow: str) -> None:
    token = f"token:{TOKEN}"
    await frames.ws.send(
        json.dumps(
            [
                frames.server.request("aria2.addUri", [slow], id_=0),
                frames.server.request("aria2.getVersion", id_="v"),
            ]
        )
    )
    first, second = await frames.next()
    assert (first["id"], second["id"]) == (0, "v")
    assert await frames.told() == ("DownloadStart", first["result"])
    calls = [{"methodName": "aria2.pause", "params": [token, first["result"]]}]
    await frames.ws.send(json.dumps({"id": "m", "method": "system.multicall", "params": [calls]}))
    assert (await frames.next())["result"] == [[first["result"]]]
    assert await frames.told() == ("DownloadPause", first["result"])


@pytest.mark.parametrize(
    ("text", "code"), [("", -32700), ("x", -32700), ("{}", -32600), ("[" * 60, -32700)]
)
async def test_bad_frames_are_answered_and_end_nothing(
    frames: Frames, text: str, code: int
) -> None:
    await frames.ws.send(text)
    assert (await frames.next())["error"]["code"] == code
    await frames.ws.send(json.dumps(frames.server.request("aria2.getVersion")).encode())
    assert (await frames.next())["result"]["version"]


async def test_pings_are_answered_with_pongs_only(frames: Frames) -> None:
    pong = await frames.ws.ping()
    await asyncio.wait_for(pong, 20)
    assert await frames.call("aria2.getVersion")


async def test_a_bad_token_waits_alone(tmp_path: Path) -> None:
    """Trap S20: other calls of the same socket go on."""
    release = threading.Event()

    async def sleep(_: float) -> None:
        await asyncio.to_thread(release.wait, 20)

    async with aria2_server(tmp_path, sleep=sleep) as server, socket(server) as frames:
        wrong = {"id": "w", "method": "aria2.pauseAll", "params": ["token:wrong"]}
        await frames.ws.send(json.dumps(wrong))
        assert await frames.call("aria2.getVersion")
        release.set()
        reply = await frames.next()
        assert (reply["id"], reply["error"]["message"]) == ("w", "Unauthorized")


async def test_who_sends_bad_tokens_without_end_is_cut_off(tmp_path: Path) -> None:
    release = threading.Event()

    async def sleep(_: float) -> None:
        await asyncio.to_thread(release.wait, 20)

    async with aria2_server(tmp_path, sleep=sleep) as server, socket(server) as frames:
        wrong = json.dumps({"id": "w", "method": "aria2.pauseAll", "params": ["token:wrong"]})

        async def too_many() -> None:
            for _ in range(sockets.MOST_HELD + 1):
                await frames.ws.send(wrong)
            await frames.next()

        with pytest.raises(ConnectionClosed) as caught:
            await too_many()
        release.set()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == sockets.POLICY


async def test_foreign_pages_get_no_socket(server: Aria2Server) -> None:
    """Trap S4: browsers let any page open one."""
    url = f"ws://127.0.0.1:{server.port}/jsonrpc"
    for origin in ("https://evil.example", "null"):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url, additional_headers={"Origin": origin}, proxy=None):
                pass
        assert caught.value.response.status_code == 403
    async with connect(url, additional_headers={"Origin": "moz-extension://x"}, proxy=None):
        pass


async def test_another_path_has_no_socket(server: Aria2Server) -> None:
    for path in ("/jsonrpc/x", "/", "/events"):
        with pytest.raises(InvalidStatus):
            async with connect(f"ws://127.0.0.1:{server.port}{path}", proxy=None):
                pass


async def test_a_frame_above_two_mebibytes_ends_the_socket(frames: Frames) -> None:
    async def too_much() -> None:
        await frames.ws.send("x" * (2 * 1024 * 1024 + 1))
        await frames.next()

    # The answer may come before all of it is sent.
    with pytest.raises(ConnectionClosed) as caught:
        await too_much()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


async def test_sockets_are_counted_and_give_their_place_back(tmp_path: Path) -> None:
    """Trap S14."""
    async with aria2_server(tmp_path) as server:
        hub = server.facade.rpc.desk.context.events
        async with AsyncExitStack() as stack:
            for _ in range(MOST_READERS):
                open_socket = await stack.enter_async_context(socket(server))
                assert await open_socket.call("aria2.getVersion")
            one_more = await stack.enter_async_context(socket(server))
            with pytest.raises(ConnectionClosed) as caught:
                await one_more.next()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == sockets.TRY_LATER
        async with asyncio.timeout(20):
            while hub.reader_count:  # noqa: ASYNC110 - the hub has no event for this
                await asyncio.sleep(0.01)


async def test_who_takes_nothing_loses_its_place(tmp_path: Path) -> None:
    """Trap S14: the engine's events do not pile up for a client that is stuck."""
    async with aria2_server(tmp_path) as server:
        desk = server.facade.rpc.desk
        impatient = replace(desk.context, limits=Limits(stalled_write_s=0.05))
        rpc = Rpc(Desk(impatient, desk.settings))
        sent: list[Message] = []
        stuck = asyncio.Event()

        async def receive() -> Message:
            if not sent:
                return {"type": "websocket.connect"}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "websocket.send":
                stuck.set()
                await asyncio.Event().wait()

        scope = {"type": "websocket", "path": "/jsonrpc", "headers": [], "client": ("x", 1)}
        serving = asyncio.create_task(sockets.Socket(rpc, scope, receive, send).serve())
        while desk.context.events.reader_count == 0:  # noqa: ASYNC110 - no event for this
            await asyncio.sleep(0.01)
        await server.call("addUri", [NEVER])
        await asyncio.wait_for(stuck.wait(), 20)
        await asyncio.wait_for(serving, 20)
        assert desk.context.events.reader_count == 0
        assert sent[-1]["type"] == "websocket.close"


async def test_the_end_of_the_server_ends_the_sockets(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with aria2_server(tmp_path) as server:
            frames = await stack.enter_async_context(socket(server))
            assert await frames.call("aria2.getVersion")
        with pytest.raises(ConnectionClosed):
            await frames.next()
