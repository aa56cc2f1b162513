"""The list as of now: pictures lag, events do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from tests.api.rows import make_row
from tui_dl.api.live import LiveRows
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind
from tui_dl.service.contract import DownloadService, EventListener


class Engine:
    """Publishes pictures and events when told."""

    def __init__(self) -> None:
        self.picture = EngineSnapshot(version=1)
        self.listeners: list[EventListener] = []

    def snapshot(self) -> EngineSnapshot:
        return self.picture

    def subscribe(self, listener: EventListener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def publish(self, *rows: DownloadSnapshot) -> None:
        self.picture = EngineSnapshot(version=self.picture.version + 1, downloads=rows)

    def tell(self, kind: EventKind, row: DownloadSnapshot) -> None:
        for listener in self.listeners:
            listener(DownloadEvent(kind, row, 1))


def make() -> tuple[Engine, LiveRows]:
    engine = Engine()
    return engine, LiveRows(cast(DownloadService, engine))


FIRST = make_row(id="first", gid="000000000000000a", position=1)
SECOND = make_row(id="second", gid="000000000000000b", position=2)


def test_an_addition_is_there_before_its_picture() -> None:
    engine, live = make()
    engine.publish(SECOND)
    engine.tell(EventKind.ADDED, FIRST)
    assert live.rows() == (FIRST, SECOND)
    assert live.find("first") is FIRST
    assert live.find("000000000000000A") is FIRST


def test_a_removal_is_gone_before_its_picture() -> None:
    engine, live = make()
    engine.publish(FIRST, SECOND)
    engine.tell(EventKind.REMOVED, FIRST)
    assert live.rows() == (SECOND,)
    assert live.find("first") is None
    assert live.find("000000000000000a") is None


def test_a_change_is_seen_before_its_picture_and_the_picture_wins_later() -> None:
    engine, live = make()
    engine.publish(FIRST)
    paused = replace(FIRST, status=Status.PAUSED)
    engine.tell(EventKind.PAUSED, paused)
    assert live.find("first") is paused
    later = replace(FIRST, status=Status.QUEUED, version=9)
    engine.publish(later)
    assert live.find("first") is later
    assert live.rows() == (later,)


def test_without_news_the_picture_is_passed_on() -> None:
    engine, live = make()
    engine.publish(FIRST)
    assert live.snapshot() is engine.picture


def test_an_id_that_comes_back_is_the_new_one() -> None:
    engine, live = make()
    engine.publish(replace(FIRST, version=50))
    engine.tell(EventKind.REMOVED, FIRST)
    again = replace(FIRST, version=1, url="https://other.test/")
    engine.tell(EventKind.ADDED, again)
    assert live.find("first") is again


def test_news_does_not_pile_up() -> None:
    engine, live = make()
    for number in range(100):
        engine.tell(EventKind.ADDED, replace(FIRST, id=str(number)))
    engine.publish()
    assert live.rows() == ()
    assert live._news == {}


def test_closing_stops_listening() -> None:
    engine, live = make()
    live.close()
    live.close()
    assert engine.listeners == []
