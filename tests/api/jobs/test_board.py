"""The view of the queue: what it lists, what leaves it when, and what its readers are told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.api.sources import NOW, Clock, Source, gid_of
from tui_dl.api.context import make_context
from tui_dl.api.history import History
from tui_dl.api.jobs.board import MOST_JOBS, Board
from tui_dl.api.jobs.job import JobStatus
from tui_dl.api.jobs.reader import MOST_FRAMES, JobReader
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import EventKind

BAD = Failure(ErrorCode.INVALID_URL, "The URL has no scheme.")


@dataclass
class Desk:
    """A board over a source, with a clock that stands."""

    source: Source
    clock: Clock
    board: Board

    def listed(self) -> list[tuple[str, str]]:
        """Return gid and status of what the queue lists."""
        return [(job.id, job.status.value) for job in self.board.jobs()]

    def add(self, id_: str, added_by: str = "jobs") -> None:
        """Let a download be added."""
        self.source.happen(
            EventKind.ADDED, id_, added_by=added_by, created_at=self.clock(), url=f"http://h/{id_}"
        )

    def start(self, id_: str) -> None:
        """Let it run."""
        self.source.happen(EventKind.STARTED, id_, status=Status.PROBING)

    def end(self, id_: str, status: Status) -> None:
        """Let it end."""
        kind = {
            Status.COMPLETED: EventKind.COMPLETED,
            Status.FAILED: EventKind.FAILED,
            Status.CANCELLED: EventKind.CANCELLED,
        }[status]
        self.source.happen(kind, id_, status=status)


@asynccontextmanager
async def desk(source: Source | None = None) -> AsyncIterator[Desk]:
    """Open a board and close it."""
    source, clock = source or Source(), Clock()
    context = make_context(source.service, "/files", token=None)
    history = History(source.service, None, clock)
    history.open()
    board = Board(context, history)
    board.open()
    try:
        yield Desk(source, clock, board)
    finally:
        board.close()
        history.close()
        context.rows.close()


async def told(reader: JobReader) -> list[tuple[str, str, str, int]]:
    """Return the frames that wait: name, id, status, bytes."""
    piece = await reader.next(0.0)
    found = []
    for frame in (piece or b"").decode().split("\n\n"):
        if frame:
            name, data = frame.split("\n")
            job: dict[str, Any] = json.loads(data.removeprefix("data: "))["job"]
            assert json.loads(data.removeprefix("data: "))["type"] == name.removeprefix("event: ")
            found.append((name[7:], job["id"], job["status"], job["progress"]))
    return found


async def test_it_begins_with_what_the_rules_keep() -> None:
    source = Source()
    for number, (status, age_hours) in enumerate(
        [
            (Status.DOWNLOADING, 90),
            (Status.QUEUED, 80),
            (Status.PAUSED, 25),
            (Status.PAUSED, 23),
            (Status.COMPLETED, 3),
            (Status.FAILED, 3),
        ]
    ):
        source.paint(
            f"a{number}",
            status=status,
            created_at=NOW - timedelta(hours=age_hours),
            completed_at=None if status is not Status.COMPLETED else NOW,
            elapsed_s=60.0,
        )
    async with desk(source) as view:
        assert view.listed() == [
            (gid_of("a0"), "downloading"),
            (gid_of("a1"), "pending"),
            (gid_of("a3"), "paused"),
            (gid_of("a4"), "completed"),
        ], "in the order of submission; the failed one ended hours ago"


async def test_the_life_of_a_job_is_told_in_order() -> None:
    async with desk() as view:
        reader = view.board.subscribe()
        view.add("a")
        view.start("a")
        view.source.paint("a", status=Status.DOWNLOADING, total_bytes=10, done_bytes=4)
        view.board.refresh()
        view.source.paint("a", status=Status.VERIFYING, done_bytes=10)
        view.board.refresh()
        view.end("a", Status.COMPLETED)
        view.source.happen(EventKind.REMOVED, "a")
        gid = gid_of("a")
        assert await told(reader) == [
            ("added", gid, "pending", 0),
            ("updated", gid, "downloading", 0),
            ("updated", gid, "processing", 10),
            ("updated", gid, "completed", 10),
            ("removed", gid, "completed", 10),
        ]


async def test_a_quick_end_is_processed_too() -> None:
    async with desk() as view:
        view.add("a")
        view.start("a")
        reader = view.board.subscribe()
        view.end("a", Status.COMPLETED)
        statuses = [status for _, _, status, _ in await told(reader)]
        assert statuses == ["processing", "completed"]


async def test_progress_is_offered_and_only_the_latest_counts() -> None:
    async with desk() as view:
        for id_ in ("a", "b"):
            view.add(id_)
            view.start(id_)
        reader = view.board.subscribe()
        assert await told(reader) == []
        for done in (1, 2, 3):
            view.source.paint("a", status=Status.DOWNLOADING, done_bytes=done)
            view.board.refresh()
            view.board.tell_progress()
        assert await told(reader) == [("updated", gid_of("a"), "downloading", 3)]
        view.board.tell_progress()
        assert await told(reader) == [], "nothing moved"


async def test_progress_never_comes_after_a_later_change() -> None:
    async with desk() as view:
        view.add("a")
        view.start("a")
        reader = view.board.subscribe()
        view.source.paint("a", status=Status.DOWNLOADING, done_bytes=1)
        view.board.refresh()
        view.board.tell_progress()
        view.end("a", Status.FAILED)
        assert [status for _, _, status, _ in await told(reader)] == ["failed"]
        view.board.tell_progress()
        assert await told(reader) == []


async def test_an_older_picture_does_not_undo_an_event() -> None:
    async with desk() as view:
        view.add("a")
        old = view.source.rows["a"]
        view.start("a")
        view.source.rows["a"] = old
        view.source.version += 1
        view.board.refresh()
        assert view.listed() == [(gid_of("a"), "downloading")]


async def test_a_status_without_an_event_is_seen_in_the_picture() -> None:
    async with desk() as view:
        view.add("a")
        view.start("a")
        reader = view.board.subscribe()
        view.source.paint("a", status=Status.PAUSING)
        assert view.listed() == [(gid_of("a"), "paused")]
        view.source.happen(EventKind.PAUSED, "a", status=Status.PAUSED)
        assert [status for _, _, status, _ in await told(reader)] == ["paused"], "told once"


async def test_what_ended_is_listed_for_an_hour_and_swept_every_five_minutes() -> None:
    async with desk() as view:
        view.add("a")
        view.add("b")
        view.start("a")
        view.end("a", Status.COMPLETED)
        view.end("b", Status.CANCELLED)
        reader = view.board.subscribe()
        view.clock.move(minutes=59)
        assert len(view.listed()) == 2
        view.clock.move(minutes=1)
        assert len(view.listed()) == 2, "swept a minute ago"
        view.clock.move(minutes=4)
        assert view.listed() == []
        assert [(name, status) for name, _, status, _ in await told(reader)] == [
            ("removed", "completed"),
            ("removed", "cancelled"),
        ]
        assert view.source.rows.keys() == {"a", "b"}, "the records are the user's"


async def test_what_is_paused_is_listed_for_a_day_from_its_submission() -> None:
    async with desk() as view:
        view.add("a")
        view.clock.move(hours=23)
        view.source.happen(EventKind.PAUSED, "a", status=Status.PAUSED)
        assert len(view.listed()) == 1
        view.clock.move(hours=1)
        assert view.listed() == []
        reader = view.board.subscribe()
        view.source.happen(EventKind.RESUMED, "a", status=Status.QUEUED)
        assert view.listed() == [(gid_of("a"), "pending")], "it lives again"
        assert [name for name, _, _, _ in await told(reader)] == ["added"]


async def test_what_runs_is_listed_however_old() -> None:
    async with desk() as view:
        view.add("a")
        view.start("a")
        view.add("b")
        view.clock.move(days=30)
        assert len(view.listed()) == 2


async def test_the_oldest_completed_makes_room_and_then_the_oldest_of_the_others() -> None:
    async with desk() as view:
        for number in range(MOST_JOBS):
            view.add(f"a{number}")
        view.end("a1", Status.FAILED)
        view.end("a2", Status.COMPLETED)
        view.end("a3", Status.CANCELLED)
        view.end("a4", Status.COMPLETED)
        view.source.happen(EventKind.PAUSED, "a5", status=Status.PAUSED)
        reader = view.board.subscribe()
        left = []
        for number in range(5):
            if view.board.has_room():
                left += [(name, id_) for name, id_, _, _ in await told(reader)]
                view.add(f"b{number}")
                await told(reader)
        assert left == [("removed", gid_of(id_)) for id_ in ("a2", "a4", "a1", "a3")]
        assert not view.board.has_room(), "what lives is never pushed out"
        assert len(view.listed()) == MOST_JOBS
        assert len(view.source.rows) == MOST_JOBS + 4, "no record went"


async def test_planned_jobs_count() -> None:
    async with desk() as view:
        for number in range(MOST_JOBS - 2):
            view.add(f"a{number}")
        assert view.board.has_room(0)
        assert view.board.has_room(1)
        assert not view.board.has_room(2)
        view.end("a0", Status.COMPLETED)
        assert view.board.has_room(2)
        assert not view.board.has_room(3)


async def test_downloads_of_others_are_listed_but_neither_count_nor_go() -> None:
    async with desk() as view:
        for number in range(MOST_JOBS + 50):
            view.add(f"o{number}", added_by="surge" if number % 2 else "")
        view.end("o0", Status.COMPLETED)
        assert view.board.has_room()
        assert len(view.listed()) == MOST_JOBS + 50
        for number in range(MOST_JOBS):
            view.add(f"a{number}")
        assert not view.board.has_room()
        assert (gid_of("o0"), "completed") in view.listed()


async def test_an_evicted_job_that_runs_again_is_listed_again() -> None:
    async with desk() as view:
        view.add("a")
        view.end("a", Status.FAILED)
        view.board.hide("a")
        assert view.listed() == []
        assert view.board.find(gid_of("a")) is None
        view.source.happen(EventKind.RESUMED, "a", status=Status.QUEUED)
        view.start("a")
        view.end("a", Status.FAILED)
        assert view.listed() == [(gid_of("a"), "failed")], "it was not cleared since"


async def test_a_refused_url_is_a_job_that_failed() -> None:
    async with desk() as view:
        reader = view.board.subscribe()
        row, submitted = view.board.add_phantom("no-url", BAD)
        assert submitted.status is JobStatus.PENDING
        assert view.listed() == [(submitted.id, "failed")]
        assert [(name, status) for name, _, status, _ in await told(reader)] == [
            ("added", "pending"),
            ("updated", "failed"),
        ]
        found = view.board.find(submitted.id)
        assert found is not None
        assert found[1].error == BAD.message
        assert view.board.find(row.id) is not None
        view.board.fail_phantom(row, BAD)
        assert [status for _, _, status, _ in await told(reader)] == ["pending", "failed"]
        assert [past.attempts for past in view.board.history.rows()] == [2]
        view.board.hide(row.id)
        assert view.board.find(submitted.id) is None


async def test_a_reader_that_does_not_read_is_dropped() -> None:
    """Trap S14."""
    async with desk() as view:
        slow, quick = view.board.subscribe(), view.board.subscribe()
        for number in range(MOST_FRAMES):
            view.add(f"a{number}")
            view.start(f"a{number}")
            assert len(await told(quick)) == 2
        assert slow.is_closed
        assert not quick.is_closed
