"""Lists: offsets as recorded, the line of waiting and paused, the order of ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.aria2.samples import WHEN, row
from tests.domain.properties import moderate
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.listing import (
    WaitingLine,
    new_index,
    queue_index,
    slice_from,
    stopped_rows,
)
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot

FIVE = list("abcde")


@pytest.mark.parametrize(
    ("offset", "length", "found"),
    [
        (0, 10, "abcde"),
        (1, 2, "bc"),
        (-1, 2, "ed"),
        (-3, 10, "cba"),
        (-5, 10, "a"),
        (-6, 10, ""),
        (-99, 3, ""),
        (5, 3, ""),
        (100, 3, ""),
        (0, 0, ""),
        (-1, 0, ""),
    ],
)
def test_recorded_offsets(offset: int, length: int, found: str) -> None:
    assert slice_from(FIVE, offset, length) == list(found)


@moderate
@given(st.lists(st.integers(), max_size=9), st.integers(-12, 12), st.integers(0, 12))
def test_no_offset_breaks_a_list(items: list[int], offset: int, length: int) -> None:
    found = slice_from(items, offset, length)
    assert len(found) <= length
    assert all(item in items for item in found)
    if offset == -1:
        assert found == items[::-1][:length]


@pytest.mark.parametrize(
    ("current", "change", "how", "index"),
    [
        (2, 0, "POS_SET", 0),
        (2, 99, "POS_SET", 4),
        (2, -5, "POS_SET", 0),
        (2, 1, "POS_CUR", 3),
        (2, -9, "POS_CUR", 0),
        (0, 0, "POS_END", 4),
        (0, -1, "POS_END", 3),
        (0, 7, "POS_END", 4),
    ],
)
def test_recorded_positions(current: int, change: int, how: str, index: int) -> None:
    assert new_index(current, change, how, 5) == index


def test_another_way_to_count_is_refused() -> None:
    with pytest.raises(RpcError, match="Illegal argument"):
        new_index(0, 0, "POS_X", 5)


def queued(number: int, rank: int) -> DownloadSnapshot:
    return row(number, status=Status.QUEUED, queue_rank=rank)


def paused(number: int) -> DownloadSnapshot:
    return row(number, status=Status.PAUSED)


def ids(line: list[DownloadSnapshot]) -> list[int]:
    return [int(one.id.removeprefix("id-")) for one in line]


def test_the_line_follows_the_engines_order_and_leaves_out_what_does_not_wait() -> None:
    line = WaitingLine()
    rows = [row(1, status=Status.DOWNLOADING), queued(2, 2), paused(3), queued(4, 1)]
    assert ids(line.rows(rows)) == [4, 3, 2]
    assert ids(line.rows([*rows, row(5, status=Status.COMPLETED), queued(6, 3)])) == [4, 3, 2, 6]


def test_a_paused_one_keeps_the_place_that_it_was_given() -> None:
    line = WaitingLine()
    rows = [queued(1, 1), queued(2, 2), paused(3), paused(4)]
    assert ids(line.rows(rows)) == [1, 2, 3, 4]
    line.put("id-4", 0)
    assert ids(line.rows(rows)) == [4, 1, 2, 3]
    # 1 starts, 5 comes: the others keep their order.
    rows = [row(1, status=Status.PROBING), queued(2, 1), paused(3), paused(4), queued(5, 2)]
    assert ids(line.rows(rows)) == [4, 2, 3, 5]


def test_one_that_stops_running_stands_before_what_came_later() -> None:
    line = WaitingLine()
    assert ids(line.rows([row(1, status=Status.DOWNLOADING), queued(2, 1)])) == [2]
    assert ids(line.rows([row(1, status=Status.PAUSING), queued(2, 1)])) == [1, 2]


def test_places_in_the_queue_do_not_count_the_paused() -> None:
    line = [paused(1), queued(2, 1), paused(3), queued(4, 2), queued(5, 3)]
    assert [queue_index(line, "id-5", index) for index in range(6)] == [0, 0, 1, 1, 2, 2]
    assert queue_index(line, "", 99) == 3


def test_the_oldest_end_comes_first() -> None:
    rows = [
        row(1, status=Status.FAILED),
        row(2, status=Status.COMPLETED, completed_at=WHEN + timedelta(hours=2)),
        row(3, status=Status.COMPLETED, completed_at=WHEN + timedelta(hours=1)),
        row(4, status=Status.CANCELLED),
        row(5, status=Status.PAUSED),
    ]
    assert ids(stopped_rows(rows, {"id-1": 9, "id-4": 8})) == [3, 2, 4, 1]


@moderate
@given(
    st.lists(
        st.tuples(st.sampled_from([Status.QUEUED, Status.PAUSED]), st.integers(0, 9)), max_size=7
    ),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), max_size=5),
)
def test_whatever_moves_everything_stays_in_line_once(
    kinds: list[tuple[Status, int]], moves: list[tuple[int, int]]
) -> None:
    ranks = sorted(n for n, (kind, _) in enumerate(kinds) if kind is Status.QUEUED)
    rows = [
        queued(n, ranks.index(n) + 1) if kind is Status.QUEUED else paused(n)
        for n, (kind, _) in enumerate(kinds)
    ]
    line = WaitingLine()
    line.rows(rows)
    for number, index in moves:
        if number < len(rows):
            line.put(f"id-{number}", index)
        found = line.rows(rows)
        assert sorted(ids(found)) == list(range(len(rows)))
        waiting = [one.queue_rank for one in found if one.status is Status.QUEUED]
        assert waiting == sorted(waiting, key=lambda rank: rank or 0)
