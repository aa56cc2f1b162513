"""Adding through the port: once each, safely, and as the browser extension does it."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.serving import Served, listening
from tests.api.test_folders import ESCAPES
from tests.support.fault_server import FaultServer, Resource, require_cookie, stall_before_head
from tui_dl.domain.model import Source, Status

SMALL = Resource(path="/small.bin", size=100_000)
CLOSED = "http://127.0.0.1:9/closed.bin"


async def post(server: Served, path: str, body: Any, **headers: str) -> httpx.Response:
    return await server.http.post(path, json=body, headers=headers)


async def test_the_same_add_sent_three_times_is_one_job(
    server: Served, fault_server: FaultServer
) -> None:
    """Torture row 69, trap S19: the client did not hear the answer."""
    url = fault_server.add(SMALL, stall_before_head)
    body = {"url": url, "skip_approval": True}
    by_key = [await post(server, "/download", body, **{"Idempotency-Key": "k1"}) for _ in range(3)]
    assert len({reply.json()["id"] for reply in by_key}) == 1
    own = str(uuid.uuid4())
    by_id = [
        await server.http.post("/download", params={"id": own}, json={"url": f"{url}?2"})
        for _ in range(3)
    ]
    assert {reply.json()["id"] for reply in by_id} == {own}
    in_body = [await post(server, "/download", {"url": f"{url}?3", "id": own[::-1]}) for _ in "x"]
    assert in_body[0].status_code == 400
    bare = [await post(server, "/download", {**body, "url": f"{url}?4"}) for _ in range(3)]
    assert len({reply.json()["id"] for reply in bare}) == 1
    assert len(await server.listed()) == 3


async def test_at_once_is_one_job_too(server: Served) -> None:
    body = {"url": CLOSED, "id": str(uuid.uuid4()), "skip_approval": True}
    replies = await asyncio.gather(*(post(server, "/download", body) for _ in range(8)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert len(await server.listed()) == 1


async def test_an_id_of_another_url_is_refused(server: Served) -> None:
    own = str(uuid.uuid4())
    assert (await post(server, "/download", {"url": CLOSED, "id": own})).status_code == 200
    reply = await post(server, "/download", {"url": CLOSED + "?other", "id": own})
    assert (reply.status_code, reply.text) == (500, "download id already exists\n")


async def test_a_repeated_add_does_not_wake_what_was_paused(server: Served) -> None:
    body = {"url": CLOSED, "id": str(uuid.uuid4())}
    id_ = (await post(server, "/download", body)).json()["id"]
    await server.http.post("/pause", params={"id": id_})
    assert (await post(server, "/download", body)).status_code == 200
    assert (await server.listed())[0]["status"] == "paused"


async def test_a_wanted_url_that_is_stopped_goes_on(
    server: Served, fault_server: FaultServer
) -> None:
    url = fault_server.add(SMALL)
    id_ = await server.driver.add(url, paused=True)
    reply = await post(server, "/download", {"url": url, "skip_approval": True})
    assert reply.json()["id"] == id_
    assert (await server.driver.wait(id_)).status is Status.COMPLETED


@pytest.mark.parametrize("path", ["/download", "/download/batch"])
async def test_a_known_url_needs_a_confirmation(server: Served, path: str) -> None:
    await server.driver.add(CLOSED, paused=True)
    item = {"url": CLOSED + "/"}
    body = item if path == "/download" else {"downloads": [item]}
    reply = await post(server, path, body)
    assert reply.status_code == 409
    assert reply.json() == {
        "status": "error",
        "message": "Download rejected: Duplicate download detected (Headless mode)",
    }
    assert len(await server.listed()) == 1


async def test_a_batch_is_one_job_each(server: Served) -> None:
    """Torture row 69: five hundred."""
    items = [{"url": f"{CLOSED}?{number}"} for number in range(500)]
    body = {"downloads": items, "skip_approval": True}
    headers = {"Idempotency-Key": "batch"}
    for _ in range(2):
        reply = await server.http.post("/download/batch", json=body, headers=headers)
        assert (reply.status_code, reply.json()) == (
            200,
            {"status": "queued", "message": "Batch downloads queued successfully", "count": 500},
        )
    rows = await server.listed()
    assert sorted(row["url"] for row in rows) == sorted(item["url"] for item in items)


async def test_items_take_the_folder_of_the_batch(server: Served) -> None:
    body = {
        "path": "shared",
        "skip_approval": True,
        "downloads": [{"url": CLOSED}, {"url": CLOSED + "?2", "path": "own"}],
    }
    assert (await post(server, "/download/batch", body)).status_code == 200
    folders = {Path(row["dest_path"]).parent.name for row in await server.listed()}
    assert folders == {"shared", "own"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "downloads are required"),
        ({"downloads": []}, "downloads are required"),
        ({"downloads": [{"url": CLOSED}, {"url": ""}]}, "url is required"),
        ({"downloads": [{"url": CLOSED}, {"url": CLOSED, "filename": "../x"}]}, "invalid filename"),
        ({"downloads": [{"url": CLOSED}] * 10_001}, "too many downloads: at most 10000 at once"),
        ({"downloads": [None]}, "invalid json"),
    ],
)
async def test_one_bad_item_refuses_the_batch(server: Served, body: Any, text: str) -> None:
    reply = await post(server, "/download/batch", body)
    assert reply.status_code == 400
    assert reply.text.startswith(text)
    assert await server.listed() == []


async def test_what_the_engine_refuses_is_told_per_item(server: Served) -> None:
    bad = {"url": CLOSED + "?bad", "headers": {"Bad Name": "x"}}
    body = {"skip_approval": True, "downloads": [{"url": CLOSED}, bad]}
    reply = await post(server, "/download/batch", body)
    assert reply.status_code == 207
    wire = reply.json()
    assert (wire["status"], wire["count"]) == ("partial", 1)
    assert [failure["url"] for failure in wire["failures"]] == [bad["url"]]
    reply = await post(server, "/download/batch", {**body, "downloads": [bad]})
    assert (reply.status_code, reply.json()["status"]) == (500, "error")


@pytest.mark.parametrize("path", ESCAPES)
async def test_no_path_escapes(server: Served, path: str) -> None:
    """Torture row 61, trap S8: in the path, and as a file name."""
    outside = path.replace("PEOPLE", str(server.data_dir.parent / "elsewhere"))
    for body in (
        {"url": CLOSED, "path": outside},
        {"downloads": [{"url": CLOSED}], "path": outside},
    ):
        target = "/download/batch" if "downloads" in body else "/download"
        reply = await post(server, target, body)
        assert reply.status_code in (400, 403), reply.text
    assert await server.listed() == []


async def test_state_is_nobody_s_target(server: Served) -> None:
    link = server.driver.folder / "link"
    link.symlink_to(server.data_dir)
    for path in (str(server.data_dir), "link", "link/journal"):
        assert (await post(server, "/download", {"url": CLOSED, "path": path})).status_code == 403


async def test_a_job_of_the_port_is_marked_as_one(server: Served) -> None:
    """S12: it may not be redirected to private hosts."""
    id_ = await server.add(CLOSED)
    row = (await server.driver.details(id_)).download
    assert (row.source, row.added_by) == (Source.API, "surge")


async def test_the_headers_of_a_browser_arrive_and_stay_secret(
    server: Served, fault_server: FaultServer
) -> None:
    """S7 and S11: a cookie reaches the host and nobody else; ranges still work."""
    url = fault_server.add(SMALL, require_cookie("session", "S3CRET"))
    async with listening(server) as heard:
        id_ = await server.add(
            url,
            headers={
                "Cookie": "session=S3CRET",
                "User-Agent": "Browser/1",
                "Accept-Encoding": "gzip, br",
                "Range": "bytes=5-9",
                "Host": "wrong.test",
                "Connection": "close",
            },
        )
        done = await server.driver.wait(id_)
        await heard.until("complete", id_)
    assert (done.status, done.total_bytes) == (Status.COMPLETED, 100_000)
    request = fault_server.requests()[0]
    assert request.header("user-agent") == "Browser/1"
    assert request.header("accept-encoding") == "identity"
    listed = (await server.http.get("/list")).text + (await server.http.get("/history")).text
    native = (await server.http.get("/tui-dl/snapshot")).text
    details = (await server.http.get("/tui-dl/details", params={"id": id_})).text
    assert "S3CRET" not in listed + native + details + str(heard.frames)


async def test_the_calls_of_the_browser_extension(
    server: Served, fault_server: FaultServer
) -> None:
    """Extension 2.1: in its order, with its headers and from its origin."""
    url = fault_server.add(SMALL)
    origin = {"origin": "chrome-extension://kpllfbdpnmgpffhbkbnhdbmkamkcbeai"}
    async with httpx.AsyncClient(base_url=server.base, trust_env=False, headers=origin) as http:
        assert (await http.get("/health")).json()["status"] == "ok"
        assert (await http.get("/list")).status_code == 401
        http.headers["authorization"] = f"Bearer {server.token}"
        http.headers["content-type"] = "application/json"
        assert (await http.get("/list")).json() == []
        assert (await http.get("/history")).json() == []
        added = await http.post(
            "/download",
            json={"url": url, "filename": "", "headers": {"Cookie": "a=b"}, "path": ""},
        )
        assert added.is_success
        assert added.json()["filename"] == "small.bin"
        assert added.headers["access-control-allow-origin"] == origin["origin"]
        id_ = added.json()["id"]
        await server.driver.wait(id_)
        (row,) = (await http.get("/list")).json()
        assert isinstance(row["progress"], float)
        again = await http.post("/download", json={"url": url, "filename": ""})
        assert again.status_code == 409
        confirmed = await http.post("/download", json={"url": url, "skip_approval": True})
        second = confirmed.json()["id"]
        assert second != id_
        await server.driver.wait(second)
        assert (await http.post("/clear-completed")).json() == {"deleted": 2}
        assert (await http.post("/clear-failed")).json() == {"deleted": 0}
        assert (await http.request("DELETE", "/delete", params={"id": id_})).status_code == 404
