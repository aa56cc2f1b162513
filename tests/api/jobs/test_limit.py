"""A hundred jobs and one more: who has to go, who is refused, and who notices nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.api.jobs.client import Gate, Queue
from tests.api.serving import listening, served
from tests.support.fault_server import FaultServer, Resource
from tui_dl.domain.model import Status

PATH = "/v1/jobs/download/submit"


def gated(origin: FaultServer) -> tuple[str, Gate]:
    """Return the beginning of URLs of tiny files that are held back, and what holds them."""
    gate = Gate()
    return origin.add(Resource(path="/f/*", size=10), gate).removesuffix("*"), gate


def lines(base: str, first: int, count: int) -> str:
    return "\n".join(f"{base}{number}" for number in range(first, first + count))


async def test_the_hundred_and_first_is_refused_and_nobody_else_notices(
    queue: Queue, fault_server: FaultServer
) -> None:
    driver = queue.server.driver
    own = await driver.fetch(fault_server.add(Resource(path="/own", size=5)))
    resting = await driver.add(fault_server.url("/resting"), paused=True)
    base, gate = gated(fault_server)
    jobs = await queue.submit(lines(base, 0, 60))
    for number in range(60, 100):
        jobs += await queue.submit(f"{base}{number}")
    assert len(jobs) == 100

    reply = await queue.server.http.post(PATH, json={"url": f"{base}100"})
    assert reply.status_code == 503
    assert reply.json() == {"error": "download queue is full (limit 100)"}
    assert [job["id"] for job in await queue.jobs()][2:] == [job["id"] for job in jobs]
    assert fault_server.requests("/f/100") == []

    gate.release()
    for job in jobs:
        done = await queue.until(job["id"], "completed", "failed")
        assert done["status"] == "completed", done
    assert len(list(driver.folder.iterdir())) == 101
    rows = {row.id: row.status for row in driver.service.snapshot().downloads}
    assert rows[own.id] is Status.COMPLETED
    assert rows[resting] is Status.PAUSED


async def test_a_batch_that_overflows_says_how_far_it_came(
    queue: Queue, fault_server: FaultServer
) -> None:
    base, gate = gated(fault_server)
    await queue.submit(lines(base, 0, 98))
    reply = await queue.server.http.post(PATH, json={"url": lines(base, 98, 5)})
    assert reply.status_code == 503
    assert reply.json().keys() == {"error"}
    assert "2 of 5 URLs were queued" in reply.json()["error"]
    jobs = await queue.jobs()
    assert [job["url"] for job in jobs][97:] == [f"{base}{n}" for n in (97, 98, 99)]
    refused = await queue.server.http.post(PATH, json={"url": lines(base, 103, 3)})
    assert "0 of 3 URLs were queued" in refused.json()["error"]
    gate.release()
    for job in jobs:
        await queue.until(job["id"], "completed")


async def test_what_is_over_makes_room_and_its_record_stays(
    queue: Queue, fault_server: FaultServer
) -> None:
    driver = queue.server.driver
    own = await driver.fetch(fault_server.add(Resource(path="/own", size=5)))
    base, gate = gated(fault_server)
    failed = await queue.submit_one(fault_server.url("/missing"))
    first = await queue.submit_one(fault_server.add(Resource(path="/first", size=5)))
    await queue.until(first, "completed")
    await queue.until(failed, "failed")
    second = await queue.submit_one(fault_server.add(Resource(path="/second", size=5)))
    await queue.until(second, "completed")
    await queue.submit(lines(base, 0, 97))
    async with listening(queue.server, "/v1/jobs/events") as heard:
        for number, goes in enumerate((first, second, failed)):
            await queue.submit(f"{base}{97 + number}")
            removed = await heard.until("removed", times=number + 1)
            assert removed["job"]["id"] == goes
        reply = await queue.server.http.post(PATH, json={"url": f"{base}100"})
        assert reply.status_code == 503
    listed = {job["id"] for job in await queue.jobs()}
    assert not listed & {first, second, failed}
    assert own.gid in listed, "what others added does not count"
    assert len(listed) == 101
    records = {row.gid for row in driver.service.snapshot().downloads}
    assert {first, second, failed, own.gid} <= records
    assert {first, second, failed} <= {
        row["jobId"] for row in (await queue.server.http.get("/v1/downloads")).json()["downloads"]
    }
    gate.release()


async def test_what_was_evicted_stays_out_over_a_restart(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    done = fault_server.add(Resource(path="/done", size=5))
    async with served(tmp_path) as server:
        queue = Queue(server)
        kept = await queue.submit_one(done)
        await queue.until(kept, "completed")
        driver = server.driver
        own = await driver.fetch(fault_server.add(Resource(path="/own", size=5)))
        reply = await server.http.post("/v1/jobs/clearCompleted")
        assert reply.json()["cleared"] == 2
        later = await queue.submit_one(done)
        await queue.until(later, "completed")
    async with served(tmp_path) as server:
        assert [job["id"] for job in await Queue(server).jobs()] == [later]
        assert own.gid in {row.gid for row in server.driver.service.snapshot().downloads}


async def test_three_run_at_once(queue: Queue, fault_server: FaultServer) -> None:
    base, gate = gated(fault_server)
    jobs = await queue.submit(lines(base, 0, 8))
    await fault_server.until(lambda server: len(server.requests()) >= 3)
    statuses = [job["status"] for job in await queue.jobs()]
    assert statuses == ["downloading"] * 3 + ["pending"] * 5
    gate.release()
    for job in jobs:
        await queue.until(job["id"], "completed")
    assert sum(fault_server.max_in_flight(f"/f/{n}") for n in range(8)) == 8
    assert fault_server.max_open <= 3


async def test_batches_at_once_share_the_hundred(queue: Queue, fault_server: FaultServer) -> None:
    base, gate = gated(fault_server)
    replies = await asyncio.gather(
        *(
            queue.server.http.post(PATH, json={"url": lines(base, 50 * number, 50)})
            for number in range(4)
        )
    )
    assert sorted(reply.status_code for reply in replies) == [202, 202, 503, 503]
    assert len(await queue.jobs()) == 100
    gate.release()
