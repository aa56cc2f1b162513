"""The requests and replies of the documentation, replayed against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.jobs.client import Queue
from tests.api.serving import Served, served
from tests.support.fault_server import FaultServer, Resource, check_file, stall_after, status
from tui_dl.api.jobs.settings import JobsSettings
from tui_dl.domain.model import Status

MIB = 1024 * 1024
UNKNOWN = "00000000000000ff"
CONTROLS = ("cancel", "pause", "resume", "retry")
ALWAYS = {"id", "url", "status", "progress", "totalSize", "progressPercent", "createdAt", "source"}


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    """Yield the queue of a real engine behind a port."""
    async with served(tmp_path) as server:
        yield Queue(server)


def slow(origin: FaultServer, path: str = "/slow") -> str:
    """Return the URL of something that takes minutes."""
    return origin.add(Resource(path=path, size=16 * MIB, rate_bps=32 * 1024))


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
    url = fault_server.add(Resource(path="/big", size=2 * MIB, rate_bps=256 * 1024))
    id_ = await queue.submit_one(url)
    await queue.until_bytes(id_)
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
    url = fault_server.add(Resource(path="/stall", size=MIB), stall_after(1000))
    async with served(tmp_path, {"jobs": JobsSettings(idle_timeout_s=1.0)}) as server:
        queue = Queue(server)
        failed = await queue.until(await queue.submit_one(url), "failed")
        assert "1 seconds" in failed["error"]
