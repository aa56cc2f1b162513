"""What ended is remembered: over restarts, kills, damage and deleted records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.api.rows import make_event, make_row
from tests.api.sources import NOW, Clock, Source
from tui_dl.api.history import MOST_ROWS, History, HistoryRow
from tui_dl.api.history_file import HistoryFile
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, EventKind

FAILURE = Failure(ErrorCode.NOT_FOUND, "h has no such file (404).", http_status=404)


@asynccontextmanager
async def opened(
    path: Path | None, source: Source, clock: Clock | None = None
) -> AsyncIterator[History]:
    """Open a history over ``source`` and close it."""
    history = History(source.service, None if path is None else HistoryFile(path), clock or Clock())
    history.open()
    try:
        yield history
    finally:
        history.close()


def end(kind: EventKind = EventKind.COMPLETED, **fields: Any) -> DownloadEvent:
    status = {
        EventKind.COMPLETED: Status.COMPLETED,
        EventKind.FAILED: Status.FAILED,
        EventKind.CANCELLED: Status.CANCELLED,
    }[kind]
    return make_event(kind, status=status, **fields)


def only(history: History) -> HistoryRow:
    [row] = history.rows()
    return row


async def test_an_end_survives_a_restart(tmp_path: Path) -> None:
    path, clock = tmp_path / "h", Clock()
    source = Source()
    async with opened(path, source, clock) as history:
        source.tell(make_event(EventKind.STARTED, status=Status.PROBING))
        clock.move(seconds=5)
        source.tell(end(EventKind.FAILED, failure=FAILURE, total_bytes=10, done_bytes=4))
        before = only(history)
    assert path.stat().st_mode & 0o777 == 0o600, "URLs may hold secrets"
    async with opened(path, Source(), clock) as history:
        assert only(history) == before
    assert before.status is Status.FAILED
    assert before.failure == FAILURE
    assert before.started_at == NOW
    assert before.ended_at == NOW + timedelta(seconds=5)
    assert (before.total_bytes, before.done_bytes, before.attempts) == (10, 4, 1)


async def test_a_second_end_takes_the_place_of_the_first(tmp_path: Path) -> None:
    source = Source()
    async with opened(tmp_path / "h", source) as history:
        source.tell(end(EventKind.FAILED, failure=FAILURE))
        first = only(history)
        source.tell(make_event(EventKind.RESUMED))
        source.tell(end(total_bytes=3, done_bytes=3))
        second = only(history)
    assert (first.number, second.number) == (1, 1)
    assert second.status is Status.COMPLETED
    assert second.failure is None
    assert second.attempts == 2
    async with opened(tmp_path / "h", Source()) as history:
        assert only(history) == second


async def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    clock, source = Clock(), Source()
    async with opened(tmp_path / "h", source, clock) as history:
        source.tell(end(id="a"))
        source.tell(end(id="b"))
        assert [row.number for row in history.rows()] == [1, 2]
    clock.move(days=30)
    for _ in range(2):  # the second time the file has been rewritten without a row
        async with opened(tmp_path / "h", source, clock) as history:
            assert history.rows() == []
    async with opened(tmp_path / "h", source, clock) as history:
        source.tell(end(id="c"))
        assert only(history).number == 3


async def test_completed_ones_are_kept_for_a_day_and_failed_ones_for_a_week() -> None:
    clock, source = Clock(), Source()
    async with opened(None, source, clock) as history:
        source.tell(end(id="a"))
        source.tell(end(EventKind.FAILED, id="b"))
        source.tell(end(EventKind.CANCELLED, id="c"))
        clock.move(hours=24, seconds=-1)
        assert [row.id for row in history.rows()] == ["a", "b", "c"]
        clock.move(seconds=1)
        assert [row.id for row in history.rows()] == ["b", "c"]
        clock.move(days=6)
        assert history.rows() == []


async def test_a_record_that_is_deleted_unfinished_was_cancelled() -> None:
    source = Source()
    async with opened(None, source) as history:
        source.tell(make_event(EventKind.REMOVED, status=Status.PAUSED))
        assert only(history).status is Status.CANCELLED


async def test_a_record_that_is_deleted_when_done_stays_done() -> None:
    source = Source()
    async with opened(None, source) as history:
        source.tell(end())
        source.tell(make_event(EventKind.REMOVED, status=Status.COMPLETED))
        assert only(history).status is Status.COMPLETED
        assert only(history).attempts == 1


async def test_an_end_that_nobody_saw_is_taken_up(tmp_path: Path) -> None:
    """A kill between the end and its line, or a run without the port."""
    done = make_row(id="a", status=Status.COMPLETED, completed_at=NOW - timedelta(hours=1))
    old = make_row(id="b", status=Status.COMPLETED, completed_at=NOW - timedelta(hours=25))
    failed = make_row(id="c", status=Status.FAILED, failure=FAILURE, started_at=NOW, elapsed_s=30.0)
    paused = make_row(id="d", status=Status.PAUSED)
    for _ in range(2):
        async with opened(tmp_path / "h", Source(done, old, failed, paused)) as history:
            found = {row.id: row for row in history.rows()}
            assert found.keys() == {"a", "c"}
            assert found["a"].ended_at == NOW - timedelta(hours=1)
            assert found["c"].ended_at == NOW + timedelta(seconds=30)
            assert {row.attempts for row in found.values()} == {1}, "noted once only"


async def test_what_a_client_deleted_does_not_come_back(tmp_path: Path) -> None:
    done = make_row(status=Status.COMPLETED, completed_at=NOW)
    async with opened(tmp_path / "h", Source(done)) as history:
        history.change(only(history).id, is_deleted=True)
        assert history.rows() == []
    async with opened(tmp_path / "h", Source(done)) as history:
        assert history.rows() == []


async def test_a_name_given_before_the_end_is_kept_over_a_restart(tmp_path: Path) -> None:
    queued = make_row()
    async with opened(tmp_path / "h", Source(queued)) as history:
        history.label(queued, "My Document")
        assert history.rows() == [], "it has not ended"
    source = Source(queued)
    async with opened(tmp_path / "h", source) as history:
        source.tell(end())
        assert only(history).label == "My Document"


async def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    source = Source()
    async with opened(tmp_path / "h", source) as history:
        source.tell(end(name="caf\udce9.bin", directory="/tmp/\udcff"))
        before = only(history)
    async with opened(tmp_path / "h", Source()) as history:
        assert only(history) == before


async def test_half_a_line_costs_that_line(tmp_path: Path) -> None:
    path, source = tmp_path / "h", Source()
    async with opened(path, source):
        source.tell(end(id="a"))
        source.tell(end(id="b"))
    data = path.read_bytes().rstrip(b"\n")
    path.write_bytes(data[:-20])
    source = Source()
    async with opened(path, source) as history:
        assert [row.id for row in history.rows()] == ["a"]
        source.tell(end(id="c"))
    async with opened(path, Source()) as history:
        assert [row.id for row in history.rows()] == ["a", "c"], "what follows stands alone"


@given(data=st.binary(max_size=300), at=st.integers(0, 600))
def test_no_damage_stops_the_server(tmp_path_factory: Any, data: bytes, at: int) -> None:
    path: Path = tmp_path_factory.mktemp("damage") / "h"

    async def run() -> None:
        source = Source()
        async with opened(path, source):
            source.tell(end(id="a"))
            source.tell(end(id="b"))
        whole = path.read_bytes()
        path.write_bytes(whole[:at] + data + whole[at + len(data) :])
        source = Source()
        async with opened(path, source) as history:
            assert len(history.rows()) <= 3
            source.tell(end(id="z"))
            assert "z" in {row.id for row in history.rows()}
        async with opened(path, Source()) as history:
            assert "z" in {row.id for row in history.rows()}

    asyncio.run(run())


async def test_a_line_of_a_later_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    path, source = tmp_path / "h", Source()
    async with opened(path, source) as history:
        source.tell(end(id="a"))
        known = only(history)
    line = json.loads(path.read_text().strip()) | {"novelty": [1], "id": "b", "number": 2}
    odd = line | {"id": "c", "status": "unheard of"}
    path.write_text(json.dumps(line) + "\n" + json.dumps(odd) + "\n")
    async with opened(path, Source()) as history:
        assert [row.id for row in history.rows()] == ["b"]
        assert only(history).url == known.url


async def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    source = Source()
    async with opened(tmp_path / "missing" / "h", source) as history:
        source.tell(end())
        assert only(history).status is Status.COMPLETED


async def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    path, source = tmp_path / "h", Source()
    async with opened(path, source) as history:
        for _ in range(3000):
            source.tell(end())
        assert only(history).attempts == 3000
    lines = [line for line in path.read_text().splitlines() if line]
    assert len(lines) < 2000
    async with opened(path, Source()) as history:
        assert only(history).attempts == 3000


async def test_there_is_a_bound_on_rows() -> None:
    source = Source()
    async with opened(None, source) as history:
        for number in range(MOST_ROWS + 5):
            source.tell(end(id=str(number)))
        rows = history.rows()
    assert len(rows) == MOST_ROWS
    assert rows[0].id == "5", "the oldest went"
