"""What each route does to a real engine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.api.serving import Served, served
from tests.support.fault_server import FaultServer, Resource, check_file, stall_before_head
from tui_dl.api.context import make_context
from tui_dl.api.requests import with_segments
from tui_dl.api.surge.actions import Call, open_file, open_folder
from tui_dl.api.surge.replies import Refused
from tui_dl.domain.model import Status

SLOW = Resource(path="/slow.bin", size=50_000_000, rate_bps=20_000)
SMALL = Resource(path="/small.bin", size=100_000)
CLOSED = "http://127.0.0.1:9/closed.bin"


async def until(server: Served, id_: str, status: str) -> dict[str, Any]:
    """Wait until /download says this status."""
    async with asyncio.timeout(30):
        while True:
            reply = await server.http.get("/download", params={"id": id_})
            wire: dict[str, Any] = reply.json()
            if wire["status"] == status:
                return wire
            await asyncio.sleep(0.02)


async def test_health_tells_that_it_lives_and_no_more(server: Served) -> None:
    reply = await server.http.get("/health", headers={"authorization": ""})
    assert reply.status_code == 200
    assert reply.json() == {"mode": "local", "port": server.host_and_port[1], "status": "ok"}
    assert reply.content.endswith(b"\n")
    assert reply.headers["content-type"] == "application/json"


async def test_an_empty_list_is_an_array(server: Served) -> None:
    assert (await server.http.get("/list")).content == b"[]\n"
    assert (await server.http.get("/history")).content == b"[]\n"


async def test_an_addition_is_answered_with_strings(
    server: Served, fault_server: FaultServer
) -> None:
    """Surge's clients decode the answer into a map of strings."""
    reply = await server.http.post("/download", json={"url": fault_server.add(SMALL)})
    assert reply.status_code == 200
    wire = reply.json()
    assert wire.keys() == {"filename", "id", "message", "status"}
    assert all(type(value) is str for value in wire.values())
    assert (wire["filename"], wire["status"]) == ("small.bin", "queued")
    done = await until(server, wire["id"], "completed")
    check_file(Path(done["dest_path"]), SMALL.seed, SMALL.size)


async def test_an_addition_does_not_wait_for_the_source(
    server: Served, fault_server: FaultServer
) -> None:
    """Weak point 8 of Surge: the extension gives up after five seconds."""
    url = fault_server.add(SMALL, stall_before_head)
    id_ = await server.add(url)
    assert [row["id"] for row in await server.listed()] == [id_]
    assert not [r for r in fault_server.requests() if r.status is not None]


async def test_what_is_added_is_listed_at_once_and_what_is_deleted_is_not(server: Served) -> None:
    for number in range(20):
        id_ = await server.add(f"{CLOSED}?{number}", skip_approval=True)
        assert id_ in [row["id"] for row in await server.listed()]
        await server.http.delete("/delete", params={"id": id_})
        assert id_ not in [row["id"] for row in await server.listed()]
        reply = await server.http.get("/download", params={"id": id_})
        assert (reply.status_code, reply.text) == (404, "download not found\n")


async def test_pause_stops_the_connections_and_keeps_the_bytes(
    server: Served, fault_server: FaultServer
) -> None:
    """Seed: state on disk, connections closed, resumed at the same position."""
    id_ = await server.add(fault_server.add(SLOW), workers=2)
    await server.driver.until(id_, lambda row: row.done_bytes > 20_000)
    reply = await server.http.post("/pause", params={"id": id_})
    assert (reply.status_code, reply.json()) == (200, {"status": "paused", "id": id_})
    paused = (await server.http.get("/download", params={"id": id_})).json()
    assert paused["status"] == "paused"
    assert paused["connections"] == 0
    await fault_server.until(lambda s: s.open_connections("/slow.bin") == 0)
    details = await server.driver.details(id_)
    assert details.part_path is not None
    assert Path(details.part_path).exists()

    seen = len(fault_server.requests())
    reply = await server.http.post("/resume", params={"id": id_})
    assert reply.json() == {"status": "resumed", "id": id_}
    await server.driver.until(id_, lambda row: row.done_bytes > paused["downloaded"])
    starts = [r.range[0] if r.range else 0 for r in fault_server.requests()[seen:]]
    assert starts
    assert all(start > 0 for start in starts), "it began again at 0"


async def test_a_queued_one_that_is_paused_does_not_start(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    """Weak point 7 of Surge."""
    async with served(tmp_path, slots=1) as server:
        first = await server.add(fault_server.add(SLOW))
        second = await server.add(fault_server.add(SMALL))
        await server.http.post("/pause", params={"id": second})
        await server.http.delete("/delete", params={"id": first})
        third = await server.add(fault_server.url("/small.bin?3"))
        await until(server, third, "completed")
        assert (await until(server, second, "paused"))["downloaded"] == 0
        assert [r.target for r in fault_server.requests("/small.bin")] == ["/small.bin?3"]


async def test_pause_and_resume_can_be_repeated(server: Served, fault_server: FaultServer) -> None:
    id_ = await server.add(fault_server.add(SLOW))
    for path in ("/resume", "/resume", "/pause", "/pause", "/resume"):
        reply = await server.http.post(path, params={"id": id_})
        assert reply.status_code == 200, (path, reply.text)


async def test_a_completed_one_can_be_neither_paused_nor_resumed(
    server: Served, fault_server: FaultServer
) -> None:
    id_ = await server.add(fault_server.add(SMALL))
    await until(server, id_, "completed")
    resumed = await server.http.post("/resume", params={"id": id_})
    assert (resumed.status_code, resumed.text) == (500, "download already completed\n")
    assert (await server.http.post("/pause", params={"id": id_})).status_code == 409
    body = {"url": CLOSED}
    updated = await server.http.put("/update-url", params={"id": id_}, json=body)
    assert (updated.status_code, updated.text) == (500, "download already completed\n")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_delete_keeps_the_finished_file(
    server: Served, fault_server: FaultServer, method: str
) -> None:
    id_ = await server.add(fault_server.add(SMALL))
    path = Path((await until(server, id_, "completed"))["dest_path"])
    reply = await server.http.request(method, "/delete", params={"id": id_})
    assert (reply.status_code, reply.json()) == (200, {"status": "deleted", "id": id_})
    assert await server.listed() == []
    check_file(path, SMALL.seed, SMALL.size)
    again = await server.http.request(method, "/delete", params={"id": id_})
    assert again.status_code == 404


async def test_delete_keeps_the_partial_file_and_purge_does_not(
    server: Served, fault_server: FaultServer
) -> None:
    """Seed 003: the file, partial or complete, stays; purge is the other one."""
    parts = []
    for path, params in (("/delete", "a"), ("/purge", "b")):
        id_ = await server.add(f"{fault_server.add(SLOW)}?{params}")
        await server.driver.until(id_, lambda row: row.done_bytes > 0)
        part = (await server.driver.details(id_)).part_path
        assert part is not None
        parts.append(Path(part))
        reply = await server.http.delete(path, params={"id": id_})
        assert reply.json() == {"status": path[1:] + "d", "id": id_}
    assert [part.exists() for part in parts] == [True, False]


async def test_purge_deletes_the_finished_file(server: Served, fault_server: FaultServer) -> None:
    id_ = await server.add(fault_server.add(SMALL))
    path = Path((await until(server, id_, "completed"))["dest_path"])
    reply = await server.http.post("/purge", params={"id": id_})
    assert reply.json() == {"status": "purged", "id": id_}
    assert not path.exists()


async def test_purge_spares_a_file_that_is_not_ours(
    server: Served, fault_server: FaultServer
) -> None:
    """S17."""
    id_ = await server.add(fault_server.add(SMALL))
    path = Path((await until(server, id_, "completed"))["dest_path"])
    other = path.with_name("other")
    other.write_text("somebody else's")
    other.replace(path)
    assert (await server.http.post("/purge", params={"id": id_})).status_code == 200
    assert path.read_text() == "somebody else's"


async def test_a_new_link(server: Served, fault_server: FaultServer) -> None:
    id_ = await server.add(fault_server.add(SLOW))
    await server.driver.until(id_, lambda row: row.status is Status.DOWNLOADING)
    fresh = fault_server.url("/slow.bin?fresh")

    async def put(body: Any) -> tuple[int, str]:
        reply = await server.http.put("/update-url", params={"id": id_}, json=body)
        return reply.status_code, reply.text

    active = "download is currently active, please pause it before updating the URL\n"
    assert await put({"url": fresh}) == (500, active)
    await server.http.post("/pause", params={"id": id_})
    assert await put({}) == (400, "Missing url parameter in body\n")
    assert (await put([]))[1].startswith("Invalid request body")
    assert (await put({"url": "ftp://x/"}))[0] == 400
    assert (await put({"url": fresh}))[0] == 200
    assert (await until(server, id_, "paused"))["url"] == fresh


async def test_clearing_takes_records_and_leaves_files(
    server: Served, fault_server: FaultServer
) -> None:
    """Weak point 6 of Surge: clear-failed finds what it calls error."""
    done = await server.add(fault_server.add(SMALL))
    path = Path((await until(server, done, "completed"))["dest_path"])
    failed = await server.add(fault_server.url("/missing"))
    error = await until(server, failed, "error")
    assert error["error"]
    kept = await server.add(CLOSED)
    await server.http.post("/pause", params={"id": kept})
    assert (await server.http.post("/clear-completed")).json() == {"deleted": 1}
    assert (await server.http.post("/clear-failed")).json() == {"deleted": 1}
    assert (await server.http.post("/clear-failed")).json() == {"deleted": 0}
    assert [row["id"] for row in await server.listed()] == [kept]
    assert path.exists()


@pytest.mark.parametrize(
    ("params", "reply", "limit"),
    [
        ({"rate": "1000"}, {"status": "rate_limited", "rate": "1000"}, 1000),
        ({"rate": "0"}, {"status": "rate_unlimited", "rate": "0"}, 0),
        ({"inherit": "true"}, {"status": "rate_limit_inherited"}, None),
        ({"inherit": "yes", "rate": "5"}, {"status": "rate_limit_inherited"}, None),
        ({"rate": "inherit"}, {"status": "rate_limit_inherited"}, None),
        ({"rate": "-1"}, {"status": "rate_limit_inherited"}, None),
    ],
)
async def test_a_limit_of_one(
    server: Served, params: dict[str, str], reply: dict[str, str], limit: int | None
) -> None:
    id_ = await server.driver.add(CLOSED, paused=True, limit_bps=77)
    answer = await server.http.post("/rate-limit", params=params | {"id": id_})
    assert answer.json() == reply | {"id": id_}
    row = (await server.driver.details(id_)).download
    assert row.options.limit_bps == limit


async def test_a_limit_of_all_and_of_each(server: Served) -> None:
    one = await server.driver.add(CLOSED, paused=True)
    reply = await server.http.post("/rate-limit/global", params={"rate": "2000"})
    assert reply.json() == {"status": "global_rate_limited", "rate": "2000"}
    reply = await server.http.post("/rate-limit/default", params={"rate": "300"})
    assert reply.json() == {"status": "default_rate_limited", "rate": "300"}
    assert (await server.driver.details(one)).download.limit_bps == 300
    assert (await server.listed())[0]["rate_limit"] == 300
    reply = await server.http.post("/rate-limit/global", params={"rate": "0"})
    assert reply.json() == {"status": "global_rate_unlimited", "rate": "0"}


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, "Missing rate parameter"),
        ("", "Missing rate parameter"),
        ("-5", "Rate parameter must be non-negative"),
        ("1.5", "Invalid rate parameter (expected: integer bytes/sec"),
        ("2M", "Invalid rate parameter (expected: integer bytes/sec"),
        ("٣", "Invalid rate parameter (expected: integer bytes/sec"),
        ("9" * 40, "Invalid rate parameter (expected: integer bytes/sec"),
    ],
)
@pytest.mark.parametrize("path", ["/rate-limit", "/rate-limit/global", "/rate-limit/default"])
async def test_a_bad_rate(server: Served, path: str, rate: str | None, text: str) -> None:
    id_ = await server.driver.add(CLOSED, paused=True)
    params = {"id": id_} | ({} if rate is None else {"rate": rate})
    reply = await server.http.post(path, params=params)
    assert reply.status_code == 400
    assert reply.text.startswith(text)


async def test_history_is_what_is_completed(server: Served, fault_server: FaultServer) -> None:
    id_ = await server.add(fault_server.add(SMALL))
    await until(server, id_, "completed")
    await server.driver.add(CLOSED, paused=True)
    (record,) = (await server.http.get("/history")).json()
    assert (record["id"], record["total_size"], record["status"]) == (id_, 100_000, "completed")
    assert record["completed_at"] >= record["created_at"] > 0


class Desktop:
    """Opens nothing, but notes what it should have opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    async def __call__(self, path: str) -> None:
        self.opened.append(path)


@pytest.fixture
async def finished(server: Served, fault_server: FaultServer) -> tuple[Served, str]:
    id_ = await server.add(fault_server.add(SMALL))
    await until(server, id_, "completed")
    return server, id_


def call(server: Served, id_: str, desktop: Desktop, **scope: Any) -> Call:
    """Return a call as the route would make it, with a desktop of the test's own."""
    values = {
        "type": "http",
        "method": "POST",
        "raw_path": b"/open-file",
        "query_string": f"id={id_}".encode(),
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    context = make_context(server.driver.service, str(server.driver.folder), token=None)
    return Call(context, with_segments(values | scope, ("open-file",)), b"", desktop)


async def test_opening(finished: tuple[Served, str]) -> None:
    server, id_ = finished
    desktop = Desktop()
    reply = await open_file(call(server, id_, desktop))
    await open_folder(call(server, id_, desktop))
    assert bytes(reply.body) == b'{"status":"ok","id":"%s"}\n' % id_.encode()
    folder = str(server.driver.folder)
    assert desktop.opened == [f"{folder}/small.bin", folder]


@pytest.mark.parametrize(
    "scope",
    [
        {"client": ("192.168.1.7", 1)},
        {"client": None},
        {"headers": [(b"x-forwarded-for", b"127.0.0.1")]},
        {"headers": [(b"x-real-ip", b"127.0.0.1")]},
    ],
)
async def test_only_this_machine_opens(finished: tuple[Served, str], scope: dict[str, Any]) -> None:
    """S15."""
    server, id_ = finished
    desktop = Desktop()
    for action in (open_file, open_folder):
        with pytest.raises(Refused) as caught:
            await action(call(server, id_, desktop, **scope))
        assert caught.value.status == 403
        assert caught.value.text == "open actions are only allowed from local host"
    assert desktop.opened == []


@pytest.mark.parametrize("name", ["run.sh", "app.desktop", "setup.EXE", "page.url", "x.py"])
async def test_programs_are_not_opened(
    server: Served, fault_server: FaultServer, name: str
) -> None:
    """S15: a download must not start itself."""
    id_ = await server.add(fault_server.add(SMALL), filename=name)
    await until(server, id_, "completed")
    desktop = Desktop()
    with pytest.raises(Refused) as caught:
        await open_file(call(server, id_, desktop))
    assert caught.value.status == 403
    assert desktop.opened == []


async def test_a_file_with_an_exec_bit_is_a_program(finished: tuple[Served, str]) -> None:
    server, id_ = finished
    (server.driver.folder / "small.bin").chmod(0o755)
    with pytest.raises(Refused):
        await open_file(call(server, id_, Desktop()))


async def test_what_is_not_there_cannot_be_opened(finished: tuple[Served, str]) -> None:
    server, id_ = finished
    (server.driver.folder / "small.bin").unlink()
    with pytest.raises(Refused) as caught:
        await open_file(call(server, id_, Desktop()))
    assert caught.value.text.startswith("Failed to open file: ")
    unfinished = await server.driver.add(CLOSED, paused=True)
    with pytest.raises(Refused, match="not finished"):
        await open_file(call(server, unfinished, Desktop()))
