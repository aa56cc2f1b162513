"""Steering jobs: what is allowed when, by which way, and what becomes of the bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.api.jobs.client import MIB, Queue, slow
from tests.api.serving import served
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.domain.model import Status
from tui_dl.service.contract import ActionResult

UNKNOWN = "00000000000000ff"
CONTROLS = ("cancel", "pause", "resume", "retry")


@pytest.mark.parametrize("family", ["jobs", "download"])
@pytest.mark.parametrize("way", ["query", "form", "multipart"])
async def test_each_control_by_each_way(
    queue: Queue, fault_server: FaultServer, family: str, way: str
) -> None:
    id_ = await queue.submit_one(slow(fault_server))
    await queue.until(id_, "downloading")
    for verb, word, status_ in (
        ("pause", "paused", "paused"),
        ("resume", "resumed", "downloading"),
        ("cancel", "cancelled", "cancelled"),
        ("retry", "retrying", "downloading"),
    ):
        path = f"/v1/{family}/{verb}"
        http = queue.server.http
        if way == "query":
            reply = await http.post(path, params={"id": id_})
        elif way == "form":
            reply = await http.post(path, data={"id": id_}, params={"id": UNKNOWN})
        else:
            reply = await http.post(path, files={"id": (None, id_)})
        assert (reply.status_code, reply.json()) == (200, {"status": word}), verb
        await queue.until(id_, status_)


async def test_an_id_in_a_json_body_is_not_looked_at(queue: Queue) -> None:
    reply = await queue.server.http.post("/v1/jobs/pause", json={"id": UNKNOWN})
    assert (reply.status_code, reply.json()) == (400, {"error": "job id is required"})


@pytest.mark.parametrize("verb", CONTROLS)
async def test_a_control_without_an_id_or_of_nothing(queue: Queue, verb: str) -> None:
    reply = await queue.server.http.post(f"/v1/jobs/{verb}")
    assert (reply.status_code, reply.json()) == (400, {"error": "job id is required"})
    for id_ in (UNKNOWN, "x", "../..", "0"):
        reply = await queue.act(verb, id_)
        assert (reply.status_code, reply.json()) == (404, {"error": f"job {id_} not found"})


async def test_what_a_status_does_not_allow(queue: Queue, fault_server: FaultServer) -> None:
    done = await queue.submit_one(fault_server.add(Resource(path="/done", size=5)))
    paused = await queue.submit_one(slow(fault_server, "/paused"))
    failed = await queue.submit_one(fault_server.url("/missing"))
    cancelled = await queue.submit_one(slow(fault_server, "/cancelled"))
    running = await queue.submit_one(slow(fault_server, "/running"))
    await queue.until(done, "completed")
    await queue.until(failed, "failed")
    await queue.until(cancelled, "downloading")
    await queue.done("cancel", cancelled)
    await queue.done("pause", paused)
    await queue.until(running, "downloading")
    table = {
        done: ("completed", ("cancel", "pause", "resume", "retry")),
        failed: ("failed", ("cancel", "pause", "resume")),
        cancelled: ("cancelled", ("cancel", "pause", "resume")),
        paused: ("paused", ("pause",)),
        running: ("downloading", ("resume",)),
    }
    words = {"cancel": "cancelled", "pause": "paused", "resume": "resumed", "retry": "retried"}
    for id_, (status_, verbs) in table.items():
        for verb in verbs:
            reply = await queue.act(verb, id_)
            text = f"job {id_} cannot be {words[verb]} (status: {status_})"
            assert (reply.status_code, reply.json()) == (409, {"error": text})
    await queue.done("cancel", paused)
    assert (await queue.job(paused))["status"] == "cancelled"


async def test_a_retry_beside_a_live_job_of_the_same_url(
    queue: Queue, fault_server: FaultServer
) -> None:
    url = slow(fault_server)
    first = await queue.submit_one(url)
    await queue.until(first, "downloading")
    await queue.done("cancel", first)
    second = await queue.submit_one(url)
    reply = await queue.act("retry", first)
    assert reply.status_code == 409
    assert second in reply.json()["error"]
    itself = await queue.act("retry", second)
    assert itself.status_code == 409
    assert second in itself.json()["error"], "a running job names itself"


async def test_a_resumed_job_shows_a_restart_and_keeps_its_bytes(
    queue: Queue, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/big", size=2 * MIB, rate_bps=64 * 1024))
    id_ = await queue.submit_one(url)
    await queue.until_bytes(id_, least=32 * 1024)
    await queue.done("pause", id_)
    row = await queue.server.driver.until(
        queue.server.driver.service.snapshot().downloads[0].id,
        lambda row: row.status is Status.PAUSED,
    )
    paused = await queue.job(id_)
    assert paused["progress"] == row.done_bytes > 0, "counters are kept in a pause"
    await queue.server.driver.service.set_slots(1)
    blocker = await queue.submit_one(slow(fault_server))
    await queue.until(blocker, "downloading")
    await queue.done("resume", id_)
    waiting = await queue.job(id_)
    assert (waiting["status"], waiting["progress"], waiting["totalSize"]) == ("pending", 0, -1)
    assert waiting["progressPercent"] == -1
    assert "startedAt" not in waiting
    fault_server.replace(Resource(path="/big", size=2 * MIB))
    await queue.done("cancel", blocker)
    await queue.until(id_, "completed")
    fault_server.wait_idle()
    assert fault_server.bytes_sent("/big") < 2 * MIB + row.done_bytes, "not fetched twice"
    check_file(queue.server.driver.folder / "big", 1, 2 * MIB)


async def test_cleared_jobs_are_named(queue: Queue, fault_server: FaultServer) -> None:
    driver = queue.server.driver
    own = await driver.fetch(fault_server.add(Resource(path="/own", size=5)))
    done = await queue.submit_one(fault_server.add(Resource(path="/done", size=5)))
    failed = await queue.submit_one("no-url")
    paused = await queue.submit_one(slow(fault_server))
    await queue.until(done, "completed")
    await queue.done("pause", paused)
    reply = await queue.server.http.post("/v1/jobs/clearCompleted")
    assert reply.status_code == 200
    assert reply.json() == {"cleared": 3, "ids": [own.gid, done, failed]}
    assert [job["id"] for job in await queue.jobs()] == [paused]
    left = {row.gid for row in driver.service.snapshot().downloads}
    assert left == {own.gid, paused}, "what the user added stays in the user's list"
    assert {path.name for path in driver.folder.iterdir()} >= {"own", "done"}
    again = await queue.server.http.post("/v1/jobs/clearCompleted")
    assert again.json() == {"cleared": 0, "ids": []}


async def test_an_endless_body_of_our_own_is_steered(tmp_path: Path) -> None:
    """What the command line's own acceptance tests do: fetch the stream, on loopback."""
    async with served(tmp_path, {"no_auth": True}) as server:
        queue = Queue(server)
        id_ = await queue.submit_one(f"{server.base}/v1/jobs/events")
        await queue.until_bytes(id_)
        assert (await queue.job(id_))["totalSize"] == -1
        for verb, status_ in (("pause", "paused"), ("resume", "downloading")):
            await queue.done(verb, id_)
            await queue.until(id_, status_)
        await queue.done("cancel", id_)
        assert (await queue.job(id_))["status"] == "cancelled"
        assert "cancelled while" in (await queue.job(id_))["error"]
        await queue.done("retry", id_)
        await queue.until(id_, "downloading")


async def test_an_accepted_cancel_wins_over_what_follows(
    queue: Queue, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its workers may take a moment to leave; nobody can bring the job back meanwhile."""
    service = queue.server.driver.service
    real_cancel = service.cancel
    asked, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def slow_cancel(ids: Sequence[str]) -> list[ActionResult]:
        loop.call_soon_threadsafe(asked.set)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(go_on.wait(), loop))
        return await real_cancel(ids)

    monkeypatch.setattr(service, "cancel", slow_cancel)
    id_ = await queue.submit_one(slow(fault_server))
    await queue.until(id_, "downloading")
    cancelling = asyncio.create_task(queue.act("cancel", id_))
    await asked.wait()
    for verb, word in (("pause", "paused"), ("cancel", "cancelled")):
        reply = await queue.act(verb, id_)
        text = f"job {id_} cannot be {word} (status: cancelled)"
        assert (reply.status_code, reply.json()) == (409, {"error": text})
    go_on.set()
    assert (await cancelling).json() == {"status": "cancelled"}
    await queue.done("retry", id_)
    await queue.until(id_, "downloading")
