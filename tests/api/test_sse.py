"""One reader's stream: it begins at once, tells bursts together, and never leaks its slot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message

from tests.api.rows import make_row
from tui_dl.api.context import ApiContext, make_context
from tui_dl.api.events import HubItem
from tui_dl.api.sse import EventStream, StreamPlan
from tui_dl.domain.snapshot import DownloadEvent, EngineSnapshot, EventKind
from tui_dl.service.contract import DownloadService, EventListener


class Engine:
    """Tells what a test wants told."""

    def __init__(self) -> None:
        self.listeners: list[EventListener] = []

    def snapshot(self) -> EngineSnapshot:
        return EngineSnapshot(version=1)

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, number: int) -> None:
        for listener in self.listeners:
            listener(DownloadEvent(EventKind.ADDED, make_row(id=str(number)), number))


class Client:
    """The other side of an ASGI call."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.started = asyncio.Event()
        self.left = asyncio.Event()
        self.news = asyncio.Event()
        self.fails = False

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.fails:
            raise OSError("the line is dead")
        if message["type"] == "http.response.body" and message["body"]:
            self.pieces.append(message["body"])
            self.news.set()
        self.started.set()

    async def until(self, text: bytes) -> None:
        """Wait until this has been sent."""
        while text not in b"".join(self.pieces):
            self.news.clear()
            await self.news.wait()


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def context(engine: Engine) -> ApiContext:
    return make_context(cast(DownloadService, engine), "/files", token=None)


def stream(context: ApiContext, frames_of: Callable[[HubItem], list[bytes]]) -> EventStream:
    crowded = PlainTextResponse("full", 503)
    return EventStream(context, StreamPlan(frames_of=frames_of, progress_s=None), crowded)


def plain(item: HubItem) -> list[bytes]:
    assert isinstance(item, DownloadEvent)
    return [b"%d;" % item.sequence]


async def serve(what: EventStream, client: Client) -> asyncio.Task[Any]:
    task = asyncio.create_task(what({"type": "http"}, client.receive, client.send))
    await client.started.wait()
    await asyncio.sleep(0)
    return task


async def test_a_burst_is_one_piece(engine: Engine, context: ApiContext) -> None:
    client = Client()
    task = await serve(stream(context, plain), client)
    for number in range(100):
        engine.tell(number)
    async with asyncio.timeout(20):
        await client.until(b"99;")
    assert b"".join(client.pieces) == b"".join(b"%d;" % number for number in range(100))
    assert len(client.pieces) < 5
    client.left.set()
    await task


async def test_the_slot_comes_back_when_the_client_leaves(context: ApiContext) -> None:
    client = Client()
    task = await serve(stream(context, plain), client)
    assert context.events.reader_count == 1
    client.left.set()
    await task
    assert context.events.reader_count == 0


async def test_the_slot_comes_back_when_the_server_ends(context: ApiContext) -> None:
    client = Client()
    task = await serve(stream(context, plain), client)
    context.events.close()
    await task
    assert context.events.reader_count == 0


async def test_the_slot_comes_back_after_a_mistake(engine: Engine, context: ApiContext) -> None:
    """S14: whatever ends the stream."""

    def broken(item: HubItem) -> list[bytes]:
        raise RuntimeError("a frame that cannot be made")

    client = Client()
    task = await serve(stream(context, broken), client)
    engine.tell(1)
    with pytest.raises(RuntimeError):
        await task
    assert context.events.reader_count == 0


async def test_the_slot_comes_back_when_the_line_is_dead_from_the_start(
    context: ApiContext,
) -> None:
    client = Client()
    client.fails = True
    with pytest.raises(OSError, match="dead"):
        await stream(context, plain)({"type": "http"}, client.receive, client.send)
    assert context.events.reader_count == 0


async def test_the_slot_comes_back_when_the_task_is_cancelled(context: ApiContext) -> None:
    client = Client()
    task = await serve(stream(context, plain), client)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert context.events.reader_count == 0
