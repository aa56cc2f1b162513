"""The stream of the queue: whole first, then every change, in step with the list."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.api.jobs.client import Gate, Queue
from tests.api.raw import connect
from tests.api.serving import Heard, listening, served
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.jobs.board import MOST_READERS
from tui_dl.service.remote_sse import SseDecoder

EVENTS = "/v1/jobs/events"
OVER = {"completed", "failed", "cancelled"}
LEGAL = {
    "pending": {"downloading", "paused", "cancelled", "failed"},
    "downloading": {"processing", "paused", "failed", "cancelled", "pending"},
    "processing": {"completed", "failed", "cancelled"},
    "paused": {"pending", "cancelled"},
}


def told(heard: Heard) -> dict[str, list[dict[str, Any]]]:
    """Return the jobs of all frames so far, by id."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, data in heard.frames:
        if name != "init":
            assert data.keys() == {"type", "job"}
            assert data["type"] == name
            found[data["job"]["id"]].append(data["job"])
    return found


def statuses(jobs: list[dict[str, Any]]) -> list[str]:
    """Return the statuses in order, repeats taken out."""
    words = [job["status"] for job in jobs]
    return [word for at, word in enumerate(words) if at == 0 or words[at - 1] != word]


async def until_told(heard: Heard, id_: str, status: str, after: int = 0) -> int:
    """Wait for a frame that gives a job that status; return how many its job has had then."""
    async with asyncio.timeout(60):
        while True:
            jobs = told(heard)[id_]
            for at in range(after, len(jobs)):
                if jobs[at]["status"] == status:
                    return at
            await heard.news()


@pytest.mark.parametrize("path", [EVENTS, "/v1/download/events"])
async def test_the_stream_begins_with_everything(queue: Queue, path: str) -> None:
    [job] = await queue.submit("no-url")
    async with queue.server.http.stream("GET", path) as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "text/event-stream"
        assert reply.headers["cache-control"] == "no-cache"
        assert reply.headers["x-accel-buffering"] == "no"
        assert reply.headers["connection"] == "keep-alive"
        assert "content-length" not in reply.headers
        decoder = SseDecoder()
        async for piece in reply.aiter_raw():
            frames = list(decoder.feed(piece))
            if frames:
                break
    assert frames[0].name == "init"
    init = json.loads(frames[0].data)
    assert list(init) == ["jobs", "actionJobs"]
    assert [one["id"] for one in init["jobs"]] == [job["id"]]
    assert init["actionJobs"] == []


async def test_twenty_downloads_seen_in_the_stream_and_in_the_list(
    queue: Queue, fault_server: FaultServer
) -> None:
    """At every look, what the list says was told, and in that order."""
    urls = [
        fault_server.add(Resource(path=f"/{n}", size=40_000 + n, seed=n, rate_bps=60_000))
        for n in range(18)
    ]
    urls += [fault_server.url("/missing"), "no-url"]
    seen: dict[str, list[str]] = defaultdict(list)
    async with listening(queue.server, EVENTS) as heard:
        jobs = await queue.submit("\n".join(urls))
        ids = [job["id"] for job in jobs]
        while set(ids) - {id_ for id_, words in seen.items() if words[-1] in OVER}:
            listed = await queue.jobs()
            assert [job["id"] for job in listed] == ids
            for job in listed:
                if seen[job["id"]][-1:] != [job["status"]]:
                    seen[job["id"]].append(job["status"])
        last = {job["id"]: job for job in await queue.jobs()}
        for id_ in ids:
            await until_told(heard, id_, last[id_]["status"])
    stories = told(heard)
    for id_ in ids:
        story = stories[id_]
        words = statuses(story)
        assert words[0] == "pending"
        assert all(after in LEGAL[before] for before, after in itertools.pairwise(words))
        assert is_part(seen[id_], words), "the list never says what was not told"
        assert story[-1] == last[id_]
        moving = [job["progress"] for job in story if job["status"] == "downloading"]
        assert moving == sorted(moving)
        check_pace(story)
    ends = sorted(last[id_]["status"] for id_ in ids)
    assert ends == ["completed"] * 18 + ["failed"] * 2


def is_part(few: list[str], many: list[str]) -> bool:
    """Return whether ``few`` is in ``many``, in that order."""
    rest = iter(many)
    return all(word in rest for word in few)


def check_pace(story: list[dict[str, Any]]) -> None:
    """Fail when progress was told more often than once each half second."""
    if "startedAt" not in story[-1]:
        return
    began = datetime.fromisoformat(story[-1]["startedAt"])
    lasted_s = (datetime.fromisoformat(story[-1]["completedAt"]) - began).total_seconds()
    words = [job["status"] for job in story]
    progress = sum(before == after for before, after in itertools.pairwise(words))
    assert progress <= lasted_s / 0.5 + 1


async def test_a_long_download_tells_progress(queue: Queue, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/long", size=1 << 20, rate_bps=1 << 17))
    async with listening(queue.server, EVENTS) as heard:
        id_ = await queue.submit_one(url)
        await until_told(heard, id_, "completed")
        story = told(heard)[id_]
    between = [job for job in story if job["status"] == "downloading" and job["progress"]]
    assert between, "progress was told"
    assert all(0 < job["progressPercent"] <= 100 for job in between)
    assert all(job["totalSize"] == 1 << 20 for job in between)
    check_pace(story)


async def test_every_deed_is_told_at_once(queue: Queue, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/slow", size=1 << 24, rate_bps=4096))
    async with listening(queue.server, EVENTS) as heard:
        id_ = await queue.submit_one(url)
        at = await until_told(heard, id_, "downloading")
        for verb, status in (
            ("pause", "paused"),
            ("resume", "pending"),
            ("cancel", "cancelled"),
            ("retry", "pending"),
        ):
            await queue.done(verb, id_)
            at = await until_told(heard, id_, status, at)
        await queue.done("cancel", id_)
        await queue.server.http.post("/v1/jobs/clearCompleted")
        gone = await heard.until("removed")
        assert gone["job"]["id"] == id_
        assert gone["job"]["status"] == "cancelled"


async def test_what_others_do_is_told_too(queue: Queue, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/slow", size=1 << 24, rate_bps=4096))
    async with listening(queue.server, EVENTS) as heard:
        id_ = await queue.server.add(url)
        added = await heard.until("added")
        gid = added["job"]["id"]
        assert added["job"]["url"] == url
        await until_told(heard, gid, "downloading")
        await queue.server.http.post("/pause", params={"id": id_})
        await until_told(heard, gid, "paused")
        await queue.server.http.post("/delete", params={"id": id_})
        removed = await heard.until("removed")
        assert removed["job"]["id"] == gid


async def test_a_slow_reader_is_dropped_and_recovers(queue: Queue) -> None:
    """Trap S14: it costs a bounded amount of memory and nobody else's time."""
    async with listening(queue.server, EVENTS) as quick:
        with socket.socket() as sock:
            # Small buffers: what the kernel keeps for a sleeping client is not ours to bound.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(queue.server.host_and_port)
            sock.sendall(
                f"GET {EVENTS} HTTP/1.1\r\nHost: {queue.server.address}\r\n"
                f"Authorization: Bearer {queue.server.token}\r\n\r\n".encode()
            )
            batch = "\n".join(f"no-url-{number}-{'x' * 2000}" for number in range(50))
            for _ in range(20):
                await queue.submit(batch)
            data = await asyncio.to_thread(read_to_end, sock)
        assert data.endswith(b"0\r\n\r\n"), "ended in order"
        assert data.count(b"event: ") < 1000, "of some 2900"
        await quick.until("removed", times=900)
    async with listening(queue.server, EVENTS) as again:
        init = await again.until("init")
    listed = await queue.jobs()
    assert init["jobs"] == listed
    assert len(listed) == 100


def read_to_end(sock: socket.socket) -> bytes:
    """Read until the stream's last chunk; the connection itself may live on."""
    sock.settimeout(60)
    data = b""
    while not data.endswith(b"\r\n0\r\n\r\n"):
        piece = sock.recv(65536)
        if not piece:
            break
        data += piece
    return data


async def test_there_is_a_bound_on_readers(queue: Queue) -> None:
    async with asyncio.TaskGroup() as group:
        ready = asyncio.Barrier(MOST_READERS + 1)
        leave = asyncio.Event()

        async def read() -> None:
            async with listening(queue.server, EVENTS):
                await ready.wait()
                await leave.wait()

        for _ in range(MOST_READERS):
            group.create_task(read())
        await ready.wait()
        crowded = await queue.server.http.get(EVENTS)
        assert (crowded.status_code, list(crowded.json())) == (503, ["error"])
        leave.set()
    async with listening(queue.server, EVENTS) as heard:
        assert (await heard.until("init"))["jobs"] == []


async def test_the_stream_ends_with_the_server(tmp_path: Path) -> None:
    async with served(tmp_path) as server, connect(server.host_and_port) as line:
        await line.send(
            f"GET {EVENTS} HTTP/1.1",
            f"Host: {server.address}",
            f"Authorization: Bearer {server.token}",
        )
        status, _ = await line.head()
        assert status == 200
        await server.driver.service.close()
        assert (await line.rest()).endswith(b"0\r\n\r\n")


async def test_a_ticket_opens_one_stream(queue: Queue) -> None:
    """An EventSource cannot send a header (trap S7)."""
    server = queue.server
    given = (await server.http.post("/v1/jobs/events/ticket")).json()
    assert given.keys() == {"ticket", "expiresIn"}
    target = f"{EVENTS}?ticket={given['ticket']}"
    async with connect(server.host_and_port) as line:
        await line.send(f"GET {target} HTTP/1.1", f"Host: {server.address}")
        assert (await line.head())[0] == 200
    for path in (target, "/v1/jobs/queue?ticket=" + given["ticket"], EVENTS + "?ticket=x"):
        async with connect(server.host_and_port) as line:
            await line.send(f"GET {path} HTTP/1.1", f"Host: {server.address}")
            status, _, body = await line.reply()
            assert (status, json.loads(body)) == (401, {"error": "authentication required"})


async def test_a_page_reads_the_stream_from_its_own_origin_only(tmp_path: Path) -> None:
    """The documented choices for pages: --no-auth, or a ticket; and a named origin."""
    page = "http://localhost:8080"
    settings = {"no_auth": True, "origins": frozenset({page})}
    async with served(tmp_path, settings) as server:
        for origin, status in ((page, 200), ("http://evil.test", 403)):
            async with connect(server.host_and_port) as line:
                await line.send(
                    f"GET {EVENTS} HTTP/1.1",
                    f"Host: {server.address}",
                    f"Origin: {origin}",
                    "Sec-Fetch-Site: same-site",
                    "Accept: text/event-stream",
                )
                code, fields = await line.head()
                assert code == status
                allowed = page if status == 200 else None
                assert fields.get("access-control-allow-origin") == allowed


async def test_a_job_that_waits_for_its_origin_is_downloading(
    queue: Queue, fault_server: FaultServer
) -> None:
    gate = Gate()
    url = fault_server.add(Resource(path="/held", size=10), gate)
    async with listening(queue.server, EVENTS) as heard:
        id_ = await queue.submit_one(url)
        at = await until_told(heard, id_, "downloading")
        assert told(heard)[id_][at]["totalSize"] == -1
        gate.release()
        await until_told(heard, id_, "completed")
        assert statuses(told(heard)[id_]) == ["pending", "downloading", "processing", "completed"]
