"""One list of downloads behind four dialects: what one adds or pauses, all show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.serving import Served, listening, served
from tests.support.fault_server import FaultServer, Resource
from tui_dl.domain.model import Status

WAIT_S = 60.0
Words = dict[str, str | None]


async def rpc(server: Served, method: str, *params: Any) -> Any:
    """Call a method of aria2."""
    body = {"jsonrpc": "2.0", "id": "1", "method": method}
    reply = await server.http.post(
        "/jsonrpc", json=body | {"params": [f"token:{server.token}", *params]}
    )
    assert reply.status_code == 200, reply.text
    return reply.json()["result"]


async def views(server: Served, url: str) -> Words:
    """Return the word that each dialect, and the app's own picture, has for a download."""
    http = server.http
    surge = (await http.get("/list")).json()
    jobs = (await http.get("/v1/jobs/queue")).json()["jobs"]
    files = (await http.get("/api/v1/downloads")).json()["downloads"]
    past = (await http.get("/?download_history=")).json()["history"]
    [row] = [row for row in server.driver.service.snapshot().downloads if row.url == url]
    told = await rpc(server, "aria2.tellStatus", row.gid, ["status"])
    return {
        "surge": word(surge, url),
        "aria2": told["status"],
        "jobs": word(jobs, url),
        "files": word(files, url),
        "past": word(past, url),
        "app": row.status.value,
    }


def word(found: list[dict[str, Any]], url: str) -> str | None:
    words = [one["status"] for one in found if one["url"] == url]
    assert len(words) <= 1
    return words[0] if words else None


TABLE: dict[Status, Words] = {
    Status.DOWNLOADING: {
        "surge": "downloading",
        "aria2": "active",
        "jobs": "downloading",
        "files": "downloading",
        "past": None,
        "app": "downloading",
    },
    Status.PAUSED: {
        "surge": "paused",
        "aria2": "paused",
        "jobs": "paused",
        "files": "downloading",
        "past": None,
        "app": "paused",
    },
    Status.COMPLETED: {
        "surge": "completed",
        "aria2": "complete",
        "jobs": "completed",
        "files": None,
        "past": "completed",
        "app": "completed",
    },
    Status.FAILED: {
        "surge": "error",
        "aria2": "error",
        "jobs": "failed",
        "files": None,
        "past": "failed",
        "app": "failed",
    },
    Status.CANCELLED: {
        "surge": None,
        "aria2": "removed",
        "jobs": "cancelled",
        "files": None,
        "past": "failed",
        "app": "cancelled",
    },
}


async def until(server: Served, url: str, status: Status) -> None:
    """Wait until all views say what the table says."""
    found: Words = {}
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                found = await views(server, url)
                if found == TABLE[status]:
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        assert found == TABLE[status]


async def add_surge(server: Served, url: str) -> None:
    await server.add(url)


async def add_aria2(server: Served, url: str) -> None:
    await rpc(server, "aria2.addUri", [url])


async def add_jobs(server: Served, url: str) -> None:
    reply = await server.http.post("/v1/jobs/download/submit", json={"url": url})
    assert reply.status_code == 202


async def add_files(server: Served, url: str) -> None:
    reply = await server.http.get("/Downloads", params={"download": url})
    assert reply.status_code == 201


async def add_app(server: Served, url: str) -> None:
    await server.driver.add(url)


ADD: dict[str, Callable[[Served, str], Awaitable[None]]] = {
    "surge": add_surge,
    "aria2": add_aria2,
    "jobs": add_jobs,
    "files": add_files,
    "app": add_app,
}


async def deed(server: Served, dialect: str, what: str, id_: str, gid: str) -> None:
    """Pause or resume through one dialect."""
    if dialect == "surge":
        reply = await server.http.post(f"/{what}", params={"id": id_})
        assert reply.status_code == 200, reply.text
    elif dialect == "aria2":
        await rpc(server, {"pause": "aria2.pause", "resume": "aria2.unpause"}[what], gid)
    elif dialect == "jobs":
        reply = await server.http.post(f"/v1/jobs/{what}", params={"id": gid})
        assert reply.status_code == 200, reply.text
    else:
        act = server.driver.service.pause if what == "pause" else server.driver.service.resume
        [result] = await act([id_])
        assert result.failure is None


@pytest.mark.parametrize("added_by", sorted(ADD))
async def test_a_download_is_the_same_in_all_views(
    tmp_path: Path, fault_server: FaultServer, added_by: str
) -> None:
    url = fault_server.add(Resource(path="/f", size=1 << 24, rate_bps=4096))
    async with served(tmp_path) as server:
        await ADD[added_by](server, url)
        await until(server, url, Status.DOWNLOADING)
        [row] = server.driver.service.snapshot().downloads
        for dialect in ("surge", "aria2", "jobs", "app"):
            await deed(server, dialect, "pause", row.id, row.gid)
            await until(server, url, Status.PAUSED)
            await deed(server, dialect, "resume", row.id, row.gid)
            await until(server, url, Status.DOWNLOADING)
        fault_server.replace(Resource(path="/f", size=1 << 24))
        fault_server.drop_connections()
        if added_by in ("jobs", "files"):
            await server.driver.until(row.id, lambda r: r.status.is_over)
            await server.driver.service.resume([row.id])
        await until(server, url, Status.COMPLETED)


@pytest.mark.parametrize("added_by", sorted(ADD))
async def test_a_failure_is_the_same_in_all_views(
    tmp_path: Path, fault_server: FaultServer, added_by: str
) -> None:
    async with served(tmp_path) as server:
        url = fault_server.url("/missing")
        await ADD[added_by](server, url)
        await until(server, url, Status.FAILED)


@pytest.mark.parametrize("how", ["jobs", "files", "aria2"])
async def test_a_cancellation_is_the_same_in_all_views(
    tmp_path: Path, fault_server: FaultServer, how: str
) -> None:
    url = fault_server.add(Resource(path="/f", size=1 << 24, rate_bps=4096))
    async with served(tmp_path) as server:
        await server.driver.add(url)
        await until(server, url, Status.DOWNLOADING)
        [row] = server.driver.service.snapshot().downloads
        if how == "jobs":
            await server.http.post("/v1/jobs/cancel", params={"id": row.gid})
        elif how == "files":
            await server.http.delete(f"/api/v1/downloads/{row.id}")
        else:
            await rpc(server, "aria2.remove", row.gid)
        await until(server, url, Status.CANCELLED)


async def test_a_login_in_a_link_is_told_by_nobody_but_aria2(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    """Trap S7; an aria2 page retries with the addresses that it was told."""
    plain = fault_server.url("/missing")
    url = plain.replace("://", "://me:hunter2@")
    async with served(tmp_path) as server, listening(server) as surge:
        async with listening(server, "/v1/jobs/events") as jobs:
            id_ = await server.add(url, mirrors=[url, f"{url}?2"])
            await server.driver.until(id_, lambda row: row.status is Status.FAILED)
            await surge.until("error", id_)
            paths = ("/list", f"/download?id={id_}", "/history", "/v1/jobs/queue", "/v1/downloads")
            for path in (*paths, "/?download_history=", "/api/v1/downloads"):
                text = (await server.http.get(path)).text
                assert "hunter2" not in text, path
                assert plain in text or path in ("/history", "/api/v1/downloads"), path
            told = str([frame for _, frame in (*surge.frames, *jobs.frames)])
            assert "hunter2" not in told
            assert plain in told
        [stopped] = await rpc(server, "aria2.tellStopped", 0, 9)
        assert stopped["files"][0]["uris"][0]["uri"] == url


async def test_whoever_lists_after_an_add_sees_it(server: Served) -> None:
    """And whoever lists after a deletion does not: pictures are not waited for."""
    for number in range(20):
        url = f"http://127.0.0.1:9/{number}"
        answer = await server.driver.add(url, paused=True)
        for path in ("/list", "/v1/jobs/queue", "/api/v1/downloads"):
            assert url in (await server.http.get(path)).text, path
        await server.http.post("/delete", params={"id": answer})
        for path in ("/list", "/v1/jobs/queue", "/api/v1/downloads"):
            assert json.dumps(url) not in (await server.http.get(path)).text, path
