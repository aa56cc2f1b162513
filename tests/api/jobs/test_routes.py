"""The requests and replies of the documentation, replayed against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.jobs.client import MIB, Queue, slow
from tests.api.serving import Served, served
from tests.support.fault_server import (
    FaultServer,
    Resource,
    check_file,
    ignore_range,
    stall_after,
    status,
)
from tui_dl.api.jobs.settings import JobsSettings

UNKNOWN = "00000000000000ff"
ALWAYS = {"id", "url", "status", "progress", "totalSize", "progressPercent", "createdAt", "source"}


@pytest.mark.parametrize("path", ["/v1/jobs/download/submit", "/v1/download/submit"])
async def test_the_documented_submission(
    queue: Queue, fault_server: FaultServer, path: str
) -> None:
    url = fault_server.add(Resource(path="/file.pdf", size=1000))
    body = {"url": url, "name": "My Document", "ownerId": 123, "tags": [1, 2]}
    reply = await queue.server.http.post(path, json=body)
    assert reply.status_code == 202
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["queued"] is True
    [job] = reply.json()["jobs"]
    assert job.keys() == ALWAYS
    assert (job["url"], job["status"], job["source"]) == (url, "pending", "download")
    assert (job["progress"], job["totalSize"], job["progressPercent"]) == (0, -1, -1)
    assert len(job["id"]) == 16
    assert int(job["id"], 16) >= 0

    done = await queue.until(job["id"], "completed", "failed")
    assert done.keys() == ALWAYS | {"startedAt", "completedAt"}
    assert (done["status"], done["progress"], done["totalSize"]) == ("completed", 1000, 1000)
    assert done["progressPercent"] == 100
    [row] = queue.server.driver.service.snapshot().downloads
    check_file(queue.server.driver.path(row), 1, 1000)


async def test_each_line_becomes_a_job(queue: Queue, fault_server: FaultServer) -> None:
    urls = [fault_server.add(Resource(path=f"/{n}", size=10)) for n in range(3)]
    jobs = await queue.submit(f"\r\n{urls[0]} \r\n\n  {urls[1]}\n{urls[2]}\n{urls[0]}\n")
    assert [job["url"] for job in jobs] == [*urls, urls[0]], "a URL twice is two jobs"
    for job in jobs:
        assert (await queue.until(job["id"], "completed", "failed"))["status"] == "completed"
    names = sorted(path.name for path in queue.server.driver.folder.iterdir())
    assert names == ["0", "0 (1)", "1", "2"]


async def test_a_form_and_a_query_submit_too(queue: Queue, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/f", size=10))
    http = queue.server.http
    replies = [
        await http.post("/v1/jobs/download/submit", data={"URL": url, "FileName": "form"}),
        await http.post("/v1/jobs/download/submit", params={"url": url, "filename": "query"}),
        await http.post("/v1/jobs/download/submit", files={"URL": (None, url)}),
    ]
    for reply in replies:
        assert reply.status_code == 202, reply.text
        await queue.until(reply.json()["jobs"][0]["id"], "completed")
    names = sorted(path.name for path in queue.server.driver.folder.iterdir())
    assert names == ["f", "form", "query"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "URL is required"),
        ({"url": ""}, "URL is required"),
        ({"url": None}, "URL is required"),
        ({"url": "  \n \r\n"}, "no valid URLs"),
        ({"url": "\n"}, "no valid URLs"),
        ({"url": 5}, "url must be a string"),
        ({"url": "http://h/f", "ownerId": "1"}, "ownerid must be a whole number"),
    ],
)
async def test_a_submission_that_cannot_be(queue: Queue, body: object, text: str) -> None:
    reply = await queue.server.http.post("/v1/jobs/download/submit", json=body)
    assert reply.status_code == 400
    assert reply.json().keys() == {"error"}
    assert text in reply.json()["error"]
    assert await queue.jobs() == []


async def test_a_body_that_is_no_json(queue: Queue) -> None:
    reply = await queue.server.http.post(
        "/v1/jobs/download/submit", content=b"{", headers={"content-type": "application/json"}
    )
    assert (reply.status_code, list(reply.json())) == (400, ["error"])


@pytest.mark.parametrize("url", ["no-url", "ftp://h/f", "http://", "file:///etc/passwd", "a b"])
async def test_any_text_is_taken_and_fails_later(queue: Queue, url: str) -> None:
    [job] = await queue.submit(url)
    assert job["status"] == "pending"
    failed = await queue.until(job["id"], "failed")
    assert failed["url"] == url
    assert failed["error"]
    assert [one["id"] for one in await queue.jobs()] == [job["id"]]
    assert queue.server.driver.service.snapshot().downloads == ()
    await queue.done("retry", job["id"])
    assert (await queue.job(job["id"]))["status"] == "failed"
    assert (await queue.act("resume", job["id"])).status_code == 409


async def test_a_server_that_refuses_is_told_by_its_status(
    queue: Queue, fault_server: FaultServer
) -> None:
    """And at once: jobs are not tried again by themselves."""
    url = fault_server.add(Resource(path="/busy", size=1), status(503))
    missing = await queue.submit_one(fault_server.url("/missing"))
    busy = await queue.submit_one(url)
    assert (await queue.until(missing, "failed"))["error"].startswith("HTTP 404")
    assert (await queue.until(busy, "failed"))["error"].startswith("HTTP 503")
    assert len(fault_server.requests("/busy")) == 1


async def test_a_refused_connection_fails_at_once(queue: Queue, fault_server: FaultServer) -> None:
    fault_server.link_down()
    id_ = await queue.submit_one(fault_server.url("/nope.bin"))
    await queue.until(id_, "failed")
    await queue.done("retry", id_)
    failed = await queue.until(id_, "failed")
    assert "refused" in failed["error"]
    fault_server.link_up()


async def test_the_queue_and_its_older_name(queue: Queue, fault_server: FaultServer) -> None:
    assert (await queue.server.http.get("/v1/download/queue")).json() == {"jobs": []}
    await queue.submit("no-url\n" + slow(fault_server))
    old = (await queue.server.http.get("/v1/download/queue")).json()["jobs"]
    assert [job["url"] for job in old] == [job["url"] for job in await queue.jobs()]
    assert len(old) == 2


async def test_one_job(queue: Queue, fault_server: FaultServer) -> None:
    get = queue.server.http.get
    none = await get("/v1/jobs/get")
    assert (none.status_code, none.json()) == (400, {"error": "id is required"})
    unknown = await get("/v1/jobs/get", params={"id": UNKNOWN})
    assert (unknown.status_code, unknown.json()) == (404, {"error": "job not found"})
    id_ = await queue.submit_one(slow(fault_server))
    [row] = queue.server.driver.service.snapshot().downloads
    assert row.gid == id_
    assert (await queue.job(row.id))["id"] == id_, "the download's own id will do"
    assert (await queue.job(id_.upper()))["id"] == id_
    prefix = await get("/v1/jobs/get", params={"id": id_[:8]})
    assert prefix.status_code == 404, "part of an id is none (trap S19)"


async def test_errors_for_browsers_are_pages(queue: Queue) -> None:
    accept = {"accept": "text/html,application/xhtml+xml"}
    id_ = "<script>x</script>"
    for path, code in (("/v1/nothing", 404), (f"/v1/jobs/get?id={id_}", 404)):
        reply = await queue.server.http.get(path, headers=accept)
        assert reply.status_code == code
        assert reply.headers["content-type"].startswith("text/html")
    pause = await queue.server.http.post("/v1/jobs/pause", params={"id": id_}, headers=accept)
    assert "<script>" not in pause.text
    plain = await queue.server.http.get("/v1/nothing")
    assert plain.json() == {"error": "not found"}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/jobs/download/submit", "POST"),
        ("POST", "/v1/jobs/queue", "GET"),
        ("GET", "/v1/jobs/cancel", "POST"),
        ("DELETE", "/v1/jobs/cancel", "POST"),
        ("POST", "/v1/jobs/events", "GET"),
        ("POST", "/v1/downloads", "GET"),
        ("GET", "/v1/jobs/clearCompleted", "POST"),
    ],
)
async def test_a_wrong_method(queue: Queue, method: str, path: str, allow: str) -> None:
    reply = await queue.server.http.request(method, path)
    assert (reply.status_code, reply.headers["allow"]) == (405, allow)
    assert reply.json() == {"error": "method not allowed"}


async def test_without_a_token_there_is_nothing(server: Served) -> None:
    for method, path in (
        ("GET", "/v1/jobs/queue"),
        ("GET", "/v1/jobs/events"),
        ("GET", "/v1/jobs/events?ticket="),
        ("GET", "/v1/jobs/events?ticket=guessed"),
        ("POST", "/v1/jobs/download/submit?url=no-url"),
        ("POST", "/v1/jobs/events/ticket"),
        ("GET", "/v1/nothing"),
    ):
        reply = await server.http.request(method, path, headers={"authorization": ""})
        assert (reply.status_code, reply.json()) == (401, {"error": "authentication required"})
    assert await Queue(server).jobs() == []


async def test_the_times_of_the_settings_reach_the_download(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    times = JobsSettings(connect_timeout_s=7, idle_timeout_s=8, overall_timeout_s=1.0)
    async with served(tmp_path, {"jobs": times}) as server:
        queue = Queue(server)
        id_ = await queue.submit_one(slow(fault_server))
        [row] = server.driver.service.snapshot().downloads
        options = row.options
        assert (options.connect_timeout_s, options.timeout_s) == (7, 8)
        assert (options.overall_timeout_s, options.max_tries) == (1.0, 1)
        failed = await queue.until(id_, "failed")
        assert "1 seconds" in failed["error"]


async def test_a_stalled_server_fails_after_the_idle_time(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    script = [ignore_range(), stall_after(1000)]  # with ranges others would bring the rest
    url = fault_server.add(Resource(path="/stall", size=MIB), script)
    async with served(tmp_path, {"jobs": JobsSettings(idle_timeout_s=1.0)}) as server:
        queue = Queue(server)
        failed = await queue.until(await queue.submit_one(url), "failed")
        assert "1 seconds" in failed["error"]
