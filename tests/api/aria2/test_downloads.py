"""Downloads steered through the dialect: real files, real pauses, real options."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.api.aria2.serving import Aria2Server, aria2_server
from tests.engine.driving import WAIT_S
from tests.support.fault_server import (
    FaultServer,
    Resource,
    body_bytes,
    check_file,
    require_header,
    status,
)
from tui_dl.domain.snapshot import EventKind

MIB = 1024 * 1024
SIZE = 3 * MIB + 5
NEVER = "http://127.0.0.1:9/never"
PAUSED = {"pause": "true"}


@dataclass
class Scene:
    """A server of ours, and one to download from."""

    ours: Aria2Server
    theirs: FaultServer

    def fast(self, path: str = "/fast.bin", **more: Any) -> str:
        """Serve a file that arrives at once."""
        return self.theirs.add(Resource(path=path, size=SIZE, **more))

    def slow(self, path: str = "/slow.bin") -> str:
        """Serve a file that takes minutes, over sixteen connections too."""
        return self.theirs.add(Resource(path=path, size=SIZE, rate_bps=1000))

    async def running(self, path: str = "/slow.bin", **options: Any) -> str:
        """Add a slow download and wait for its first bytes."""
        gid = await self.ours.call("addUri", [self.slow(path)], options)
        await self.ours.until(gid, lambda one: int(one["completedLength"]) > 0)
        return str(gid)


@pytest.fixture
async def scene(fault_server: FaultServer, tmp_path: Path) -> AsyncIterator[Scene]:
    async with aria2_server(tmp_path, slots=5) as server:
        yield Scene(server, fault_server)


async def test_a_file_comes_whole(scene: Scene) -> None:
    gid = await scene.ours.call("addUri", [scene.fast()])
    done = await scene.ours.wait(gid, "complete")
    path = scene.ours.driver.folder / "fast.bin"
    check_file(path, 1, SIZE)
    assert done["totalLength"] == done["completedLength"] == str(SIZE)
    assert (done["numPieces"], done["bitfield"]) == ("4", "f0")
    assert (done["errorCode"], done["errorMessage"]) == ("0", "")
    (file,) = await scene.ours.call("getFiles", gid)
    assert (file["path"], file["length"], file["completedLength"]) == (
        str(path),
        str(SIZE),
        str(SIZE),
    )
    (stopped,) = await scene.ours.call("tellStopped", -1, 1000)
    assert stopped == done
    assert await scene.ours.refusal("getUris", gid) == f"No URI data is available for GID#{gid}"
    assert await scene.ours.refusal("getServers", gid) == f"No active download for GID#{gid}"
    figures = await scene.ours.call("getGlobalStat")
    assert (figures["numStopped"], figures["numStoppedTotal"]) == ("1", "1")
    assert await scene.ours.call("purgeDownloadResult") == "OK"
    figures = await scene.ours.call("getGlobalStat")
    assert (figures["numStopped"], figures["numStoppedTotal"]) == ("0", "1")
    check_file(path, 1, SIZE)


async def test_a_pause_is_seen_at_once_and_keeps_the_bytes(scene: Scene) -> None:
    gid = await scene.running(split="2")
    active = await scene.ours.call("tellActive", ["gid", "connections"])
    assert active[0]["gid"] == gid
    assert int(active[0]["connections"]) >= 1
    (server,) = await scene.ours.call("getServers", gid)
    assert {one["currentUri"] for one in server["servers"]} == {scene.theirs.url("/slow.bin")}
    assert await scene.ours.call("pause", gid) == gid
    paused = await scene.ours.status(gid)
    assert (paused["status"], paused["downloadSpeed"]) == ("paused", "0")
    assert await scene.ours.line() == [gid]
    assert await scene.ours.call("tellActive") == []
    refusal = await scene.ours.refusal("pause", gid)
    assert refusal == f"GID#{gid} cannot be paused now"
    kept = int(paused["completedLength"])
    assert kept > 0
    scene.fast("/slow.bin")
    assert await scene.ours.call("unpause", gid) == gid
    assert (await scene.ours.status(gid))["status"] in ("active", "waiting", "complete")
    await scene.ours.wait(gid, "complete")
    check_file(scene.ours.driver.folder / "slow.bin", 1, SIZE)
    refusal = await scene.ours.refusal("unpause", gid)
    assert refusal == f"GID#{gid} cannot be unpaused now"


async def test_force_pause_takes_one_that_is_on_its_way(scene: Scene) -> None:
    gid = await scene.running()
    token = scene.ours.params()[0]
    calls = [
        {"methodName": "aria2.pause", "params": [token, gid]},
        {"methodName": "aria2.forcePause", "params": [token, gid]},
        {"methodName": "aria2.pause", "params": [token, gid]},
    ]
    body = {"id": 1, "method": "system.multicall", "params": [calls]}
    first, second, third = (await scene.ours.http.post("/jsonrpc", json=body)).json()["result"]
    assert (first, second) == ([gid], [gid])
    assert third == {"code": 1, "message": f"GID#{gid} cannot be paused now"}


async def test_a_removed_active_one_has_a_record_and_its_bytes_stay(scene: Scene) -> None:
    gid = await scene.running()
    assert await scene.ours.call("remove", gid) == gid
    removed = await scene.ours.status(gid)
    assert (removed["status"], removed["errorCode"]) == ("removed", "31")
    assert await scene.ours.refusal("remove", gid) == f"Active Download not found for GID#{gid}"
    assert await scene.ours.refusal("unpause", gid) == f"GID#{gid} cannot be unpaused now"
    refusal = await scene.ours.refusal("changeOption", gid, {"split": "1"})
    assert refusal == f"Cannot change option for GID#{gid}"
    refusal = await scene.ours.refusal("changeUri", gid, 1, [], [])
    assert refusal == f"Cannot remove URIs from GID#{gid}"
    assert (scene.ours.driver.folder / "slow.bin.part").exists()
    assert await scene.ours.call("removeDownloadResult", gid) == "OK"
    assert await scene.ours.refusal("tellStatus", gid) == f"GID {gid} is not found"
    assert (scene.ours.driver.folder / "slow.bin.part").exists()


async def test_a_removed_waiting_one_has_no_record(scene: Scene) -> None:
    gid = await scene.ours.call("addUri", [NEVER], PAUSED)
    refusal = await scene.ours.refusal("removeDownloadResult", gid)
    assert refusal == f"Could not remove download result of GID#{gid}"
    assert await scene.ours.call("forceRemove", gid) == gid
    assert await scene.ours.refusal("tellStatus", gid) == f"GID {gid} is not found"
    assert await scene.ours.call("tellStopped", 0, 10) == []


@pytest.mark.parametrize(("code", "number"), [(404, "3"), (403, "22"), (401, "24")])
async def test_a_failure_has_aria2s_number(scene: Scene, code: int, number: str) -> None:
    url = scene.theirs.add(Resource(path="/bad", size=10), status(code))
    gid = await scene.ours.call("addUri", [url, url], {"max-tries": "1"})
    failed = await scene.ours.wait(gid, "error")
    assert failed["errorCode"] == number
    assert failed["errorMessage"]
    # A retry reads the address there.
    assert [one["uri"] for one in failed["files"][0]["uris"]] == [url]
    assert failed["files"][0]["path"] == ""


async def test_gids(scene: Scene) -> None:
    given = "00000000000000AB"
    gid = await scene.ours.call("addUri", [NEVER], {"gid": given, **PAUSED})
    assert gid == given.lower()
    for bad in (given, "zz", "0" * 16, "abc", "0" * 17):
        assert await scene.ours.refusal("addUri", [NEVER], {"gid": bad}) == "No URI to download."
    await scene.ours.call("addUri", [NEVER], {"gid": "00000000000000ac", **PAUSED})
    assert await scene.ours.refusal("tellStatus", "0000") == "GID 0000 is not unique"
    assert (await scene.ours.status("00000000000000aB"))["gid"] == gid
    await scene.ours.call("remove", gid)
    assert (await scene.ours.status("0000"))["gid"] == "00000000000000ac"
    assert await scene.ours.call("addUri", [NEVER], {"gid": given, **PAUSED}) == gid


async def test_an_address_is_added_as_often_as_it_is_asked_for(scene: Scene) -> None:
    gids = [await scene.ours.call("addUri", [NEVER], PAUSED) for _ in range(3)]
    assert len(set(gids)) == 3
    assert await scene.ours.line() == gids


async def test_nothing_to_fetch(scene: Scene) -> None:
    assert await scene.ours.refusal("addUri", []) == "URI is not provided."
    for uris in (["file:///etc/passwd"], ["foo"], ["magnet:?xt=urn:btih:0"]):
        assert await scene.ours.refusal("addUri", uris) == "No URI to download."
    gid = await scene.ours.call("addUri", ["foo", NEVER, 5, NEVER + "2"], PAUSED)
    assert await scene.ours.call("getUris", gid) == [
        {"status": "waiting", "uri": NEVER},
        {"status": "waiting", "uri": NEVER + "2"},
    ]


async def test_a_header_that_would_break_the_request_is_refused(scene: Scene) -> None:
    """Trap S11."""
    for line in ("A B: 1", "A: \x01", "A: ☃"):
        await scene.ours.refusal("addUri", [NEVER], {"header": [line]})
    assert scene.ours.driver.service.snapshot().downloads == ()


async def test_options_reach_the_engine(scene: Scene) -> None:
    url = scene.theirs.add(Resource(path="/h", size=SIZE), require_header("X-Key", "k"))
    digest = hashlib.sha1(body_bytes(1, 0, SIZE)).hexdigest()
    options = {
        "header": ["X-Key: k", "User-Agent: me/1"],
        "referer": "*",
        "out": "sub/name.bin",
        "checksum": f"sha-1={digest}",
        "split": "1",
    }
    gid = await scene.ours.call("addUri", [url], options)
    done = await scene.ours.wait(gid, "complete", "error")
    assert done["status"] == "complete", done
    assert done["files"][0]["path"] == str(scene.ours.driver.folder / "sub" / "name.bin")
    check_file(scene.ours.driver.folder / "sub" / "name.bin", 1, SIZE)
    requests = scene.theirs.requests("/h")
    assert len(requests) == 1
    assert requests[0].header("user-agent") == "me/1"
    assert requests[0].header("referer") == url


async def test_a_wrong_checksum_is_error_32(scene: Scene) -> None:
    options = {"checksum": "sha-256=" + "0" * 64}
    gid = await scene.ours.call("addUri", [scene.fast()], options)
    assert (await scene.ours.wait(gid, "error"))["errorCode"] == "32"
    assert not (scene.ours.driver.folder / "fast.bin").exists()


async def test_a_retry_with_everything_that_get_option_told(scene: Scene) -> None:
    """AriaNg, webui-aria2 and aria2p retry like this."""
    options = {"split": "3", "header": ["A: 1", "B: 2"], "out": "x", "retry-wait": "7", **PAUSED}
    gid = await scene.ours.call("addUri", [NEVER], options)
    told = await scene.ours.call("getOption", gid)
    assert (told["split"], told["header"], told["retry-wait"]) == ("3", "A: 1\nB: 2\n", "7")
    again = await scene.ours.call("addUri", [NEVER], {**told, **PAUSED})
    assert again != gid
    assert await scene.ours.call("getOption", again) == told
    first, second = scene.ours.driver.service.snapshot().downloads
    assert first.options == second.options


async def test_a_limit_changes_at_once_and_nothing_starts_again(scene: Scene) -> None:
    gid = await scene.running()
    assert await scene.ours.call("changeOption", gid, {"max-download-limit": "1K"}) == "OK"
    assert (await scene.ours.call("getOption", gid))["max-download-limit"] == "1024"
    assert (await scene.ours.status(gid))["status"] == "active"
    (row,) = scene.ours.driver.service.snapshot().downloads
    assert row.limit_bps == 1024
    kinds = [event.kind for event in scene.ours.driver.events]
    assert kinds.count(EventKind.STARTED) == 1
    assert EventKind.RESUMED not in kinds


async def test_other_changes_start_it_again_with_its_bytes(scene: Scene) -> None:
    gid = await scene.running(split="1")
    scene.fast("/slow.bin")
    assert await scene.ours.call("changeOption", gid, {"user-agent": "new/1"}) == "OK"
    await scene.ours.wait(gid, "complete")
    check_file(scene.ours.driver.folder / "slow.bin", 1, SIZE)
    last = scene.theirs.requests("/slow.bin")[-1]
    assert last.header("user-agent") == "new/1"
    assert last.header("range") not in (None, "bytes=0-")


async def test_another_name_begins_anew_and_leaves_the_old_bytes(scene: Scene) -> None:
    gid = await scene.running()
    scene.fast("/slow.bin")
    assert await scene.ours.call("changeOption", gid, {"dir": "other", "out": "new.bin"}) == "OK"
    done = await scene.ours.wait(gid, "complete")
    path = scene.ours.driver.folder / "other" / "new.bin"
    assert done["files"][0]["path"] == str(path)
    check_file(path, 1, SIZE)
    assert (scene.ours.driver.folder / "slow.bin.part").exists()


async def test_a_name_can_be_changed_before_the_start(scene: Scene) -> None:
    gid = await scene.ours.call("addUri", [scene.fast()], PAUSED)
    (before,) = scene.ours.driver.service.snapshot().downloads
    assert await scene.ours.call("changeOption", gid, {"out": "mine"}) == "OK"
    (after,) = scene.ours.driver.service.snapshot().downloads
    assert after.id == before.id
    await scene.ours.call("unpause", gid)
    await scene.ours.wait(gid, "complete")
    check_file(scene.ours.driver.folder / "mine", 1, SIZE)


async def test_a_change_that_is_refused_changes_nothing(scene: Scene) -> None:
    gid = await scene.ours.call("addUri", [NEVER], PAUSED)
    before = await scene.ours.call("getOption", gid)
    for bad in ({"split": "0"}, {"dir": "/etc"}, {"dir": "ok", "header": ["A B: 1"]}):
        await scene.ours.refusal("changeOption", gid, bad)
    assert await scene.ours.call("getOption", gid) == before


async def test_addresses_of_a_running_download_can_be_replaced(scene: Scene) -> None:
    gid = await scene.running()
    old, new = scene.theirs.url("/slow.bin"), scene.fast("/other.bin")
    assert await scene.ours.call("changeUri", gid, 1, [], [new]) == [0, 1]
    assert [one["uri"] for one in await scene.ours.call("getUris", gid)] == [old, new]
    assert await scene.ours.refusal("changeUri", gid, 2, [], []) == "fileIndex is out of range"
    assert await scene.ours.call("changeUri", gid, 1, [old, "http://h/nothing"], []) == [1, 0]
    await scene.ours.wait(gid, "complete")
    # Same bytes and the same strong tag: what was there is kept.
    check_file(scene.ours.driver.folder / "slow.bin", 1, SIZE)
    assert scene.theirs.requests("/other.bin")


async def test_global_options(scene: Scene) -> None:
    change = {
        "max-concurrent-downloads": "7",
        "max-overall-download-limit": "2M",
        "user-agent": "all/1",
        "dir": "inbox",
        "nosuch": "1",
    }
    assert await scene.ours.call("changeGlobalOption", change) == "OK"
    told = await scene.ours.call("getGlobalOption")
    assert told["max-concurrent-downloads"] == "7"
    assert told["max-overall-download-limit"] == "2097152"
    assert told["dir"] == str(scene.ours.driver.folder / "inbox")
    assert list(told) == sorted(told)
    assert all(isinstance(value, str) for value in told.values())
    picture = scene.ours.driver.service.snapshot()
    assert (picture.slots, picture.limit_bps) == (7, 2 * MIB)
    gid = await scene.ours.call("addUri", [NEVER], PAUSED)
    option = await scene.ours.call("getOption", gid)
    assert (option["user-agent"], option["dir"]) == ("all/1", told["dir"])
    gid = await scene.ours.call("addUri", [NEVER], {"user-agent": "one/1", **PAUSED})
    assert (await scene.ours.call("getOption", gid))["user-agent"] == "one/1"
    for bad in ({"max-concurrent-downloads": "0"}, {"header": ["nocolon"]}):
        await scene.ours.refusal("changeGlobalOption", bad)


async def test_all_of_them(scene: Scene) -> None:
    gids = [await scene.running(f"/{n}") for n in range(2)]
    await scene.ours.call("changeGlobalOption", {"max-concurrent-downloads": "2"})
    gids.append(await scene.ours.call("addUri", [scene.slow("/2")]))
    assert (await scene.ours.status(gids[2]))["status"] == "waiting"
    assert await scene.ours.call("pauseAll") == "OK"
    for gid in gids:
        assert (await scene.ours.status(gid))["status"] == "paused"
    figures = await scene.ours.call("getGlobalStat")
    assert (figures["numActive"], figures["numWaiting"]) == ("0", "3")
    # The one that waited must not have taken a free place meanwhile.
    assert scene.theirs.requests("/2") == []
    assert await scene.ours.call("unpauseAll") == "OK"
    # Whoever is still on the way out of its pause starts when it is out.
    async with asyncio.timeout(WAIT_S):
        words: list[str] = []
        while sorted(words) != ["active", "active", "waiting"]:
            words = [(await scene.ours.status(gid))["status"] for gid in gids]
            assert set(words) <= {"active", "waiting"}
