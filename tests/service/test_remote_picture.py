"""The client's copy of a picture: news laid in, gaps told as events."""

from __future__ import annotations

from dataclasses import replace

from tests.api.rows import make_row
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EngineSnapshot, EventKind
from tui_dl.service.remote_picture import RemotePicture

A = make_row(id="a", position=1, version=5)
B = make_row(id="b", position=2, version=5)


def whole(*rows: DownloadSnapshot, slots: int = 3) -> EngineSnapshot:
    return EngineSnapshot(version=100, downloads=rows, slots=slots)


def kinds(events: list[DownloadEvent]) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.download.id) for event in events]


def filled(*rows: DownloadSnapshot) -> RemotePicture:
    picture = RemotePicture()
    picture.replace_all(whole(*rows))
    return picture


def test_rows_stand_in_queue_order() -> None:
    picture = filled(B, A)
    assert picture.snapshot.downloads == (A, B)
    picture.update(whole(replace(A, position=9, version=6)))
    assert [row.id for row in picture.snapshot.downloads] == ["b", "a"]


def test_a_part_changes_what_it_names_and_the_sums() -> None:
    picture = filled(A, B)
    fresh = replace(A, version=6, done_bytes=7)
    picture.update(whole(fresh, slots=9))
    assert picture.snapshot.downloads == (fresh, B)
    assert picture.snapshot.slots == 9


def test_older_news_changes_nothing() -> None:
    picture = filled(A)
    picture.update(whole(replace(A, version=4, name="old")))
    picture.tell(DownloadEvent(EventKind.CHANGED, replace(A, version=4, name="old"), 1))
    assert picture.row("a") is A


def test_every_change_is_another_number() -> None:
    picture = filled(A)
    numbers = [picture.snapshot.version]
    picture.update(whole(replace(A, version=6)))
    numbers.append(picture.snapshot.version)
    picture.touch(2.0)
    numbers.append(picture.snapshot.version)
    picture.tell(DownloadEvent(EventKind.REMOVED, A, 1))
    numbers.append(picture.snapshot.version)
    assert numbers == sorted(set(numbers))


def test_age_is_shown_until_news_comes() -> None:
    picture = filled(A)
    picture.touch(4.5)
    assert picture.snapshot.stale_s == 4.5
    picture.update(whole())
    assert picture.snapshot.stale_s == 0


def test_an_event_adds_changes_and_removes() -> None:
    picture = filled(A)
    picture.tell(DownloadEvent(EventKind.ADDED, B, 40))
    assert picture.row("b") is B
    told = picture.tell(DownloadEvent(EventKind.REMOVED, A, 41))
    assert picture.snapshot.downloads == (B,)
    assert told.kind is EventKind.REMOVED


def test_a_gap_is_told_as_what_must_have_happened() -> None:
    running = replace(A, status=Status.DOWNLOADING)
    picture = filled(running, B)
    done = replace(A, status=Status.COMPLETED)
    new = make_row(id="c", position=3)
    failed = make_row(id="d", position=4, status=Status.FAILED)
    events = picture.replace_all(whole(done, new, failed))
    assert kinds(events) == [
        (EventKind.REMOVED, "b"),
        (EventKind.COMPLETED, "a"),
        (EventKind.ADDED, "c"),
        (EventKind.ADDED, "d"),
        (EventKind.FAILED, "d"),
    ]
    assert kinds(picture.replace_all(whole(done, new, failed))) == []


def test_numbers_of_events_grow_over_gaps() -> None:
    picture = RemotePicture()
    events = picture.replace_all(whole(A, B))
    events.append(picture.tell(DownloadEvent(EventKind.PAUSED, A, 3)))
    events += picture.replace_all(whole(B))
    numbers = [event.sequence for event in events]
    assert numbers == sorted(set(numbers))


def test_who_sleeps_can_be_woken_if_there_is_anything_to_see() -> None:
    assert RemotePicture().some_row() is None
    event = filled(A).some_row()
    assert event is not None
    assert (event.kind, event.download) == (EventKind.CHANGED, A)
