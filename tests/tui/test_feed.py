"""When the screen looks at the engine, and how events cross from its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from textual.timer import Timer

from tests.tui.driving import driven
from tests.tui.fake_service import FakeService
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import EventKind
from tui_dl.tui.feed import (
    EVENTS_KEPT,
    QUIET_LOOKS_BEFORE_SLEEP,
    QUIET_TICKS_PER_LOOK,
    SnapshotFeed,
)
from tui_dl.tui.news import news_of


def _feed(service: FakeService) -> tuple[SnapshotFeed, list[int]]:
    woken: list[int] = []
    feed = SnapshotFeed(service, wake=lambda: woken.append(1))
    feed.open()
    return feed, woken


def test_every_tick_looks_while_something_runs() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING)
    feed, _ = _feed(service)
    feed.look()
    for done in range(1, 6):
        service.change(row.id, done_bytes=done)
        assert feed.tick()
        assert feed.latest.downloads[0].done_bytes == done


def test_one_tick_in_four_looks_while_nothing_runs() -> None:
    service = FakeService()
    row = service.put("a.bin")
    feed, _ = _feed(service)
    feed.look()
    service.change(row.id, done_bytes=1)
    assert [feed.tick() for _ in range(QUIET_TICKS_PER_LOOK)] == [False, False, False, True]


def test_an_unchanged_picture_is_not_painted_and_lets_the_ticker_sleep() -> None:
    service = FakeService()
    service.put("a.bin", Status.PAUSED)
    feed, _ = _feed(service)
    feed.look()
    ticks = 0
    while not feed.may_sleep:
        assert not feed.tick()
        ticks += 1
    assert ticks == QUIET_TICKS_PER_LOOK * QUIET_LOOKS_BEFORE_SLEEP
    feed.stir()
    assert not feed.may_sleep


def test_a_running_download_never_lets_it_sleep() -> None:
    service = FakeService()
    service.put("a.bin", Status.RETRYING)
    feed, _ = _feed(service)
    feed.look()
    for _ in range(QUIET_TICKS_PER_LOOK * QUIET_LOOKS_BEFORE_SLEEP * 2):
        feed.tick()
    assert not feed.may_sleep


def test_many_events_wake_once_until_they_are_taken() -> None:
    service = FakeService()
    row = service.put("a.bin")
    feed, woken = _feed(service)
    for _ in range(1000):
        service.push(EventKind.CHANGED, row.id)
    assert woken == [1]
    assert len(feed.drain()) == EVENTS_KEPT
    service.push(EventKind.CHANGED, row.id)
    assert woken == [1, 1]


def test_close_stops_listening_and_may_be_called_twice() -> None:
    service = FakeService()
    feed, _ = _feed(service)
    assert service.listeners == 1
    feed.close()
    feed.close()
    assert service.listeners == 0


def test_many_ends_at_once_become_one_toast() -> None:
    service = FakeService()
    feed, _ = _feed(service)
    for number in range(12):
        service.finish(service.put(f"{number}.bin", total_bytes=1).id)
    assert [news.sentence for news in news_of(feed.drain())] == ["12 downloads are done."]


async def test_an_event_from_another_thread_is_painted() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.DOWNLOADING, total_bytes=10, done_bytes=1)
    async with driven(service) as d:
        thread = threading.Thread(target=service.finish, args=(row.id,))
        thread.start()
        thread.join()
        await d.settle()
        assert "✓ done" in d.text


async def test_the_sleeping_ticker_wakes_at_an_event_and_at_a_key() -> None:
    service = FakeService()
    row = service.put("a.bin", Status.PAUSED)
    async with driven(service) as d:
        ticker = d.app._ticker
        assert ticker is not None
        wakes: list[Callable[[], object]] = [
            lambda: service.push(EventKind.CHANGED, row.id),
            lambda: d.app.simulate_key("j"),
        ]
        for wake in wakes:
            while not d.app.feed.may_sleep:
                d.app._tick()
            d.app._tick()
            assert not _ticks(ticker)
            wake()
            await d.settle()
            assert _ticks(ticker)


def _ticks(ticker: Timer) -> bool:
    return bool(ticker._active.is_set())


async def test_an_event_after_the_end_is_harmless() -> None:
    service = FakeService()
    row = service.put("a.bin")
    async with driven(service) as d:
        listener = d.app.feed._on_event
    assert service.listeners == 0
    service.subscribe(listener)
    thread = threading.Thread(target=service.push, args=(EventKind.CHANGED, row.id))
    thread.start()
    thread.join()
    assert d.app.feed.drain() != []
