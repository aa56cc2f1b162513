"""GET /events on a real engine: order, pace, slow readers, and the end of it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.api.raw import connect
from tests.api.serving import Served, listening, served
from tests.support.fault_server import FaultServer, Resource
from tui_dl.api.context import Limits
from tui_dl.api.events import MOST_EVENTS, MOST_READERS
from tui_dl.api.sse import HEARTBEAT
from tui_dl.domain.model import AddRequest, Status

SLOW = Resource(path="/slow.bin", size=50_000_000, rate_bps=20_000)
SMALL = Resource(path="/small.bin", size=100_000)
CLOSED = "http://127.0.0.1:9/closed.bin"


def _request(server: Served) -> tuple[str, ...]:
    return (
        "GET /events HTTP/1.1",
        f"Host: {server.address}",
        f"Authorization: Bearer {server.token}",
        "Accept: text/event-stream",
        "Cache-Control: no-cache",
    )


async def test_a_life_is_told_in_order(server: Served, fault_server: FaultServer) -> None:
    async with listening(server) as heard:
        id_ = await server.add(fault_server.add(SLOW), workers=2)
        await heard.until("progress", id_)
        await server.driver.until(id_, lambda row: row.done_bytes > 0)
        await server.http.post("/pause", params={"id": id_})
        paused = await heard.until("paused", id_)
        await server.http.post("/resume", params={"id": id_})
        await heard.until("started", id_, times=2)
        await heard.until("progress", id_)
        await server.http.delete("/delete", params={"id": id_})
        removed = await heard.until("removed", id_)
        names = heard.names(id_)
    assert names[:5] == ["queued", "started", "progress", "paused", "resumed"]
    assert names[5] == "started"
    assert names[-1] == "removed"
    assert names.count("removed") == 1, "a cancelled one is removed once"
    assert paused["downloaded"] > 0
    assert removed["completed"] is False


async def test_ends_are_told(server: Served, fault_server: FaultServer) -> None:
    async with listening(server) as heard:
        good = await server.add(fault_server.add(SMALL))
        bad = await server.add(fault_server.url("/missing"))
        done = await heard.until("complete", good)
        failed = await heard.until("error", bad)
    assert (done["total"], done["Total"], done["type"]) == (100_000, 100_000, 2)
    assert failed["error"] == failed["Err"] != ""
    row = (await server.http.get("/download", params={"id": good})).json()
    assert Path(row["dest_path"]).exists(), "complete is told after the file has its name"


async def test_progress_is_never_older_than_an_event(
    server: Served, fault_server: FaultServer
) -> None:
    url = fault_server.add(SMALL)
    async with listening(server) as heard:
        ids = [await server.add(f"{url}?{n}", skip_approval=True) for n in range(20)]
        for id_ in ids:
            await heard.until("complete", id_)
        await server.add(CLOSED)  # a few more pictures pass
        await asyncio.sleep(0.6)
        for id_ in ids:
            assert heard.names(id_)[-1] == "complete"


async def test_progress_keeps_its_pace(server: Served, fault_server: FaultServer) -> None:
    """At most one frame each 150 ms and download."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    async with listening(server) as heard:
        note = heard.take

        def take(name: str, data: dict[str, object]) -> None:
            if name == "progress":
                times.append(loop.time())
            note(name, data)

        heard.take = take  # type: ignore[method-assign]  # a test listens in
        id_ = await server.add(fault_server.add(SLOW))
        await heard.until("progress", id_, times=8)
    # Frames may bunch up on their way; over the whole they may not.
    assert len(times) - 1 <= (times[-1] - times[0]) / 0.15 + 1


async def test_the_head_of_a_quiet_stream_comes_at_once(server: Served) -> None:
    async with connect(server.host_and_port) as line:
        await line.send(*_request(server))
        status, fields = await line.head()
    assert status == 200
    assert fields["content-type"] == "text/event-stream"
    assert fields["cache-control"] == "no-cache"


async def test_a_quiet_stream_shows_signs_of_life(tmp_path: Path) -> None:
    settings = {"limits": Limits(heartbeat_s=0.05)}
    async with served(tmp_path, settings) as server, server.http.stream("GET", "/events") as reply:
        pieces = reply.aiter_raw()
        async with asyncio.timeout(20):
            seen = b"".join([await anext(pieces) for _ in range(3)])
    assert seen == HEARTBEAT * 3
    assert HEARTBEAT.startswith(b": "), "a comment: clients skip it"


async def test_a_reader_that_leaves_gives_its_slot_back(server: Served) -> None:
    for number in range(MOST_READERS + 20):
        async with connect(server.host_and_port) as line:
            await line.send(*_request(server))
            if number % 2:
                assert (await line.head())[0] == 200
    async with listening(server) as heard:
        id_ = await server.add(CLOSED)
        await heard.until("queued", id_)


async def test_more_readers_than_slots_are_refused(server: Served) -> None:
    async with asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        opened = asyncio.Semaphore(0)
        refused: list[int] = []

        async def read() -> None:
            async with connect(server.host_and_port) as line:
                await line.send(*_request(server))
                status, _ = await line.head()
                if status != 200:
                    refused.append(status)
                opened.release()
                await stop.wait()

        for _ in range(MOST_READERS + 3):
            group.create_task(read())
        for _ in range(MOST_READERS + 3):
            await opened.acquire()
        stop.set()
    assert refused == [503, 503, 503]


async def test_stalled_readers_cost_nobody_anything(
    server: Served, fault_server: FaultServer
) -> None:
    """Torture row 62, trap S14: they take nothing, the others hear all."""
    async with AsyncExitStack() as stack:
        stalled = []
        for _ in range(10):
            line = await stack.enter_async_context(connect(server.host_and_port, lazy=True))
            await line.send(*_request(server))
            stalled.append(line)
        async with listening(server) as heard:
            ids: list[str] = []
            while len(ids) < 3 * MOST_EVENTS:
                ids += await _add_paused(server, MOST_EVENTS // 4, len(ids))
                await heard.until("paused", ids[-1])
        told = [data["download_id"] for name, data in heard.frames if name == "queued"]
        assert told == ids
        done = await server.driver.fetch(fault_server.add(SMALL))
        assert done.status is Status.COMPLETED

        # One of them wakes up: it is told that events are gone, and how things stand.
        text = b""
        async with asyncio.timeout(30):
            while b'"resync":true' not in text:
                text += await stalled[0].reader.read(2**16)
            after = text.rpartition(b'"resync":true')[2]
            while after.count(b"event: ") < len(ids):
                after += await stalled[0].reader.read(2**16)
        assert text.count(b"event: queued") < len(ids), "nothing was lost: the test proves nothing"


async def _add_paused(server: Served, count: int, start: int) -> list[str]:
    folder = str(server.driver.folder)
    urls = [f"{CLOSED}?{number}" for number in range(start, start + count)]
    answers = await server.driver.service.add([AddRequest(u, folder, paused=True) for u in urls])
    return [str(answer.id) for answer in answers]


async def test_a_batch_is_told_whole(server: Served) -> None:
    async with listening(server) as heard:
        ids = await _add_paused(server, 500, 0)
        await heard.until("paused", ids[-1])
        told = [data["download_id"] for name, data in heard.frames if name == "queued"]
    assert told == ids


async def test_streams_end_with_the_server(tmp_path: Path) -> None:
    async with served(tmp_path) as server, connect(server.host_and_port) as line:
        await line.send(
            "GET /events HTTP/1.1",
            f"Host: {server.address}",
            f"Authorization: Bearer {server.token}",
        )
        assert (await line.head())[0] == 200
        await server.driver.service.close()
        assert (await line.rest()).endswith(b"0\r\n\r\n"), "the stream was cut, not ended"
