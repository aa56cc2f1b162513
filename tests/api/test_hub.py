"""From one service to many readers: order, bounds, and slots that come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import cast

import pytest

from tests.api.rows import make_row
from tui_dl.api.events import (
    MOST_EVENTS,
    MOST_READERS,
    EventHub,
    HubClosedError,
    Lost,
    Progress,
    TooManyReadersError,
)
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind
from tui_dl.service.contract import DownloadService, EventListener

MOVING = make_row(status=Status.DOWNLOADING, version=5)


class Engine:
    """Publishes pictures and events when told."""

    def __init__(self) -> None:
        self.picture = EngineSnapshot(version=1)
        self.listeners: list[EventListener] = []
        self.looks = 0

    def snapshot(self) -> EngineSnapshot:
        self.looks += 1
        return self.picture

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def publish(self, *rows: DownloadSnapshot) -> None:
        self.picture = EngineSnapshot(version=self.picture.version + 1, downloads=rows)

    def tell(self, kind: EventKind, row: DownloadSnapshot = MOVING) -> None:
        for listener in self.listeners:
            listener(DownloadEvent(kind, row, 1))


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
async def hub(engine: Engine) -> AsyncIterator[EventHub]:
    hub = EventHub(cast(DownloadService, engine), poll_s=0.001)
    yield hub
    hub.close()


async def test_events_come_in_order_to_every_reader(engine: Engine, hub: EventHub) -> None:
    readers = [hub.open(), hub.open()]
    kinds = [EventKind.ADDED, EventKind.STARTED, EventKind.PAUSED, EventKind.REMOVED]
    for kind in kinds:
        engine.tell(kind)
    for reader in readers:
        items = [await reader.next() for _ in kinds]
        assert [item.kind for item in items if isinstance(item, DownloadEvent)] == kinds


async def test_events_of_another_thread_arrive(engine: Engine, hub: EventHub) -> None:
    reader = hub.open()
    thread = threading.Thread(target=engine.tell, args=[EventKind.ADDED])
    thread.start()
    item = await reader.next(timeout_s=20)
    thread.join()
    assert isinstance(item, DownloadEvent)


async def test_silence_is_told(hub: EventHub) -> None:
    assert await hub.open().next(timeout_s=0.01) is None


async def test_progress_is_the_latest_and_of_running_ones(engine: Engine, hub: EventHub) -> None:
    reader = hub.open(progress_s=0.0)
    still = make_row(id="still", status=Status.PAUSED, version=5)
    for version in range(6, 9):
        engine.publish(replace(MOVING, version=version), still)
    item = await reader.next(timeout_s=20)
    assert isinstance(item, Progress)
    assert [(row.id, row.version) for row in item.rows] == [(MOVING.id, 8)]


async def test_everything_is_every_change_of_the_picture(engine: Engine, hub: EventHub) -> None:
    reader = hub.open(progress_s=0.0, everything=True)
    engine.publish(make_row(id="still", status=Status.PAUSED, version=5))
    item = await reader.next(timeout_s=20)
    assert isinstance(item, Progress)
    assert [row.id for row in item.rows] == ["still"]
    engine.picture = replace(engine.picture, version=99, limit_bps=7)
    item = await reader.next(timeout_s=20)
    assert isinstance(item, Progress)
    assert (item.rows, item.snapshot.limit_bps) == ((), 7)


async def test_progress_is_throttled_per_reader(engine: Engine, hub: EventHub) -> None:
    reader = hub.open(progress_s=3600.0)
    engine.publish(replace(MOVING, version=6))
    assert isinstance(await reader.next(timeout_s=20), Progress)
    engine.publish(replace(MOVING, version=7))
    assert await reader.next(timeout_s=0.05) is None
    engine.tell(EventKind.COMPLETED, replace(MOVING, version=8))
    assert isinstance(await reader.next(timeout_s=20), DownloadEvent)
    assert await reader.next(timeout_s=0.01) is None, "its progress is older than its end"


async def test_an_old_picture_is_no_news_after_an_event(engine: Engine, hub: EventHub) -> None:
    reader = hub.open(progress_s=0.0)
    engine.tell(EventKind.COMPLETED, replace(MOVING, version=9))
    assert isinstance(await reader.next(timeout_s=20), DownloadEvent)
    engine.publish(replace(MOVING, version=8))
    assert await reader.next(timeout_s=0.05) is None


async def test_a_removed_one_stays_silent(engine: Engine, hub: EventHub) -> None:
    """Its versions begin anew when it is forgotten: numbers alone would not do."""
    reader = hub.open(progress_s=0.0)
    engine.tell(EventKind.REMOVED, replace(MOVING, version=1))
    await reader.next(timeout_s=20)
    engine.publish(replace(MOVING, version=50))
    assert await reader.next(timeout_s=0.05) is None


async def test_who_does_not_read_loses_and_is_told(engine: Engine, hub: EventHub) -> None:
    """S14."""
    slow, quick = hub.open(), hub.open()
    engine.publish(MOVING)
    for number in range(MOST_EVENTS + 1):
        engine.tell(EventKind.ADDED, replace(MOVING, id=str(number)))
        await quick.next()
    assert len(slow._events) == 0
    lost = await slow.next()
    assert isinstance(lost, Lost)
    assert lost.snapshot is engine.picture
    engine.tell(EventKind.PAUSED)
    after = await slow.next()
    assert isinstance(after, DownloadEvent)
    assert after.kind is EventKind.PAUSED


async def test_slots_are_bounded_and_come_back(hub: EventHub) -> None:
    readers = [hub.open() for _ in range(MOST_READERS)]
    with pytest.raises(TooManyReadersError):
        hub.open()
    readers[0].close()
    readers[0].close()
    hub.open()
    assert hub.reader_count == MOST_READERS


async def test_without_readers_nothing_is_done(engine: Engine, hub: EventHub) -> None:
    reader = hub.open()
    await reader.next(timeout_s=0.05)
    assert engine.looks > 1
    reader.close()
    await asyncio.sleep(0)
    looks = engine.looks
    await asyncio.sleep(0.05)
    assert (engine.looks, engine.listeners) == (looks, [])


async def test_closing_ends_who_waits(hub: EventHub) -> None:
    reader = hub.open()
    waiting = asyncio.create_task(reader.next())
    await asyncio.sleep(0)
    hub.close()
    with pytest.raises(HubClosedError):
        await waiting
    with pytest.raises(HubClosedError):
        await reader.next()
