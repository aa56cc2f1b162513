"""The durable history: listed, filtered, retried, deleted, and there after a restart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.jobs.client import Queue
from tests.api.serving import served
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.history import HistoryRow
from tui_dl.api.jobs.past import select
from tui_dl.api.jobs.replies import Refused
from tui_dl.domain.model import Status

ALWAYS = {
    "id",
    "jobId",
    "url",
    "name",
    "status",
    "totalSize",
    "progress",
    "attempts",
    "createdAt",
}


async def history(queue: Queue, **params: Any) -> dict[str, Any]:
    reply = await queue.server.http.get("/v1/downloads", params=params)
    assert reply.status_code == 200, reply.text
    page: dict[str, Any] = reply.json()
    assert page.keys() == {"downloads", "count", "page", "pageSize"}
    return page


async def bulk(queue: Queue, verb: str, ids: list[int]) -> tuple[int, dict[str, Any]]:
    reply = await queue.server.http.post(f"/v1/downloads/{verb}", json={"ids": ids})
    return reply.status_code, reply.json()


async def test_what_ended_is_there_after_a_restart(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    async with served(tmp_path) as server:
        queue = Queue(server)
        assert await history(queue) == {"downloads": [], "count": 0, "page": 1, "pageSize": 50}
        done = await queue.submit_one(
            fault_server.add(Resource(path="/a.bin", size=7)), name="My Document"
        )
        await queue.until(done, "completed")
        missing = await queue.submit_one(fault_server.url("/missing.bin"))
        await queue.until(missing, "failed")
        await queue.submit("no-url")
        await server.http.post("/v1/jobs/clearCompleted")
        before = await history(queue)
    async with served(tmp_path) as server:
        queue = Queue(server)
        assert await queue.jobs() == []
        after = await history(queue)
    assert after == before
    refused, failed, completed = after["downloads"]
    assert completed.keys() == ALWAYS | {"startedAt", "completedAt"}
    assert (completed["jobId"], completed["name"]) == (done, "My Document")
    assert (completed["status"], completed["totalSize"], completed["attempts"]) == (
        "completed",
        7,
        1,
    )
    assert failed.keys() == ALWAYS | {"startedAt", "completedAt", "error"}
    assert (failed["jobId"], failed["name"]) == (missing, "missing.bin")
    assert failed["error"].startswith("HTTP 404")
    assert refused.keys() == ALWAYS | {"completedAt", "error"}
    assert len({row["id"] for row in after["downloads"]}) == 3


async def test_a_retried_row_goes_on_with_its_record(
    queue: Queue, fault_server: FaultServer
) -> None:
    job = await queue.submit_one(fault_server.url("/later"))
    await queue.until(job, "failed")
    [row] = (await history(queue))["downloads"]
    fault_server.add(Resource(path="/later", size=5))
    status, body = await bulk(queue, "retry", [row["id"]])
    assert status == 200
    assert body == {"retried": 1, "results": [{"id": row["id"], "ok": True, "jobId": job}]}
    await queue.until(job, "completed")
    [again] = (await history(queue))["downloads"]
    assert again["id"] == row["id"]
    assert (again["status"], again["attempts"]) == ("completed", 2)
    assert again["lastRetryJobId"] == job
    assert again["lastRetryAt"] >= row["completedAt"]


async def test_a_row_without_a_record_is_submitted_anew(
    queue: Queue, fault_server: FaultServer
) -> None:
    job = await queue.submit_one(fault_server.url("/later"), name="My Document")
    await queue.until(job, "failed")
    await queue.server.http.post("/v1/jobs/clearCompleted")
    assert queue.server.driver.service.snapshot().downloads == ()
    [row] = (await history(queue))["downloads"]
    fault_server.add(Resource(path="/later", size=5))
    status, body = await bulk(queue, "retry", [row["id"]])
    [result] = body["results"]
    assert (status, result["ok"]) == (200, True)
    assert result["jobId"] != job
    await queue.until(result["jobId"], "completed")
    rows = {one["jobId"]: one for one in (await history(queue))["downloads"]}
    assert rows[job]["lastRetryJobId"] == result["jobId"]
    assert rows[result["jobId"]]["name"] == "My Document"


async def test_one_retry_a_url_at_a_time(queue: Queue, fault_server: FaultServer) -> None:
    url = fault_server.url("/later")
    first = await queue.submit_one(url)
    second = await queue.submit_one(url)
    for job in (first, second):
        await queue.until(job, "failed")
    rows = (await history(queue))["downloads"]
    fault_server.add(Resource(path="/later", size=1 << 22, rate_bps=4096))
    ids = [row["id"] for row in rows]
    answers = await asyncio.gather(*(bulk(queue, "retry", ids) for _ in range(4)))
    results = [result for _, body in answers for result in body["results"]]
    assert sum(result["ok"] for result in results) == 1
    assert all("reason" in result for result in results if not result["ok"])
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    live = [job for job in await queue.jobs() if job["status"] in ("pending", "downloading")]
    assert len(live) == 1


async def test_what_cannot_be_retried(queue: Queue, fault_server: FaultServer) -> None:
    done = await queue.submit_one(fault_server.add(Resource(path="/a", size=7)))
    await queue.until(done, "completed")
    [row] = (await history(queue))["downloads"]
    status, body = await bulk(queue, "retry", [row["id"], 999])
    assert status == 409
    assert body["retried"] == 0
    assert "error" in body
    assert body["results"] == [
        {"id": row["id"], "ok": False, "reason": "cannot be retried (status: completed)"},
        {"id": 999, "ok": False, "reason": "not found"},
    ]


async def test_rows_are_deleted_and_nothing_else_is(
    queue: Queue, fault_server: FaultServer
) -> None:
    done = await queue.submit_one(fault_server.add(Resource(path="/a", size=7)))
    await queue.until(done, "completed")
    [row] = (await history(queue))["downloads"]
    status, body = await bulk(queue, "delete", [row["id"], 999])
    assert status == 200
    assert body == {
        "deleted": 1,
        "results": [
            {"id": row["id"], "ok": True},
            {"id": 999, "ok": False, "reason": "not found"},
        ],
    }
    assert (await history(queue))["downloads"] == []
    assert [job["id"] for job in await queue.jobs()] == [done]
    assert (queue.server.driver.folder / "a").exists()
    status, body = await bulk(queue, "delete", [row["id"]])
    assert (status, list(body)) == (404, ["error"])


@pytest.mark.parametrize("verb", ["retry", "delete"])
async def test_bulk_actions_need_ids(queue: Queue, verb: str) -> None:
    http = queue.server.http
    for ids, expected in (([], 400), ([5], 404)):
        status, body = await bulk(queue, verb, ids)
        assert (status, list(body)) == (expected, ["error"])
    form = await http.post(f"/v1/downloads/{verb}", data={"ids": ["5", "6"]})
    assert form.status_code == 404
    bad = await http.post(f"/v1/downloads/{verb}", data={"ids": "x"})
    assert bad.status_code == 400


# -- filters, pure

BASE = HistoryRow(
    number=1,
    id="a",
    gid="1",
    url="http://h/One.iso",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    name="One.iso",
    status=Status.COMPLETED,
    total_bytes=10,
)
ROWS = [
    BASE,
    replace(
        BASE,
        number=2,
        id="b",
        url="http://h/x?file=two",
        name="two",
        label="Second thing",
        created_at=BASE.created_at + timedelta(days=1),
        status=Status.FAILED,
        total_bytes=None,
    ),
    replace(
        BASE,
        number=3,
        id="c",
        url="http://h/three",
        created_at=BASE.created_at + timedelta(days=2),
        status=Status.CANCELLED,
        total_bytes=30,
    ),
]


@pytest.mark.parametrize(
    ("pairs", "numbers"),
    [
        ([], [3, 2, 1]),
        ([("status", "failed")], [2]),
        ([("status", "failed"), ("status", "CANCELLED")], [3, 2]),
        ([("status", "")], [3, 2, 1]),
        ([("status", "unheard")], []),
        ([("url", "one.ISO")], [3, 1]),
        ([("url", "second thing")], [2]),
        ([("url", "?file=")], [2]),
        ([("createdafter", "2026-01-02")], [3, 2]),
        ([("createdafter", "2026-01-02T00:00:01Z")], [3]),
        ([("createdbefore", "2026-01-02T01:00:00 01:00")], [2, 1]),
        ([("sortby", "id")], [1, 2, 3]),
        ([("sortby", "created_at desc")], [3, 2, 1]),
        ([("sortby", "createdAt")], [1, 2, 3]),
        ([("sortby", "totalSize desc")], [3, 1, 2]),
        ([("sortby", "name"), ("sortby", "id desc")], [3, 1, 2]),
        ([("sortby", "; drop table")], [3, 2, 1]),
    ],
)
def test_filters(pairs: list[tuple[str, str]], numbers: list[int]) -> None:
    assert [row.number for row in select(ROWS, pairs)] == numbers


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "1"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        select(ROWS, [("createdafter", text)])


async def test_pages(queue: Queue) -> None:
    await queue.submit("\n".join(f"no-url-{number}" for number in range(60)))
    first, second = await history(queue), await history(queue, page=2)
    assert (first["count"], first["page"], first["pageSize"]) == (60, 1, 50)
    assert (second["count"], second["page"], len(second["downloads"])) == (60, 2, 10)
    urls = [row["url"] for row in (*first["downloads"], *second["downloads"])]
    assert urls == [f"no-url-{number}" for number in reversed(range(60))]
    assert (await history(queue, page=9))["downloads"] == []
    for odd in ("0", "-1", "x", "9" * 30):
        assert (await history(queue, page=odd))["page"] == 1
