"""The table of statuses: complete, closed, and nothing that the design forbids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.domain.lifecycle import (
    TRANSITIONS,
    Event,
    allowed,
    describe,
    mermaid,
    next_status,
)
from tui_dl.domain.model import OVER, RUNNING, Status

S, E = Status, Event
events = st.lists(st.sampled_from(list(Event)), max_size=60)


def _reachable(start: Status) -> set[Status]:
    found, edge = {start}, [start]
    while edge:
        status = edge.pop()
        for event in allowed(status):
            after = next_status(status, event)
            if after is not None and after not in found:
                found.add(after)
                edge.append(after)
    return found


def test_every_status_is_reachable_from_the_queue() -> None:
    assert _reachable(S.QUEUED) == set(Status)


def test_only_completed_has_no_way_out() -> None:
    stuck = {status for status in Status if not allowed(status)}
    assert stuck == {S.COMPLETED}


@pytest.mark.parametrize("status", [s for s in Status if s is not S.COMPLETED])
def test_every_other_status_can_still_be_completed(status: Status) -> None:
    assert S.COMPLETED in _reachable(status)


def test_every_event_is_used() -> None:
    assert {event for _status, event in TRANSITIONS} == set(Event)


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ([E.START, E.FIRST_REPLY, E.ALL_BYTES, E.VERIFIED], S.COMPLETED),
        ([E.START, E.ALL_BYTES, E.VERIFIED], S.COMPLETED),
        ([E.START, E.RETRY_LATER, E.RETRY_NOW, E.FIRST_REPLY], S.DOWNLOADING),
        ([E.PAUSE], S.PAUSED),
        ([E.START, E.PAUSE, E.PAUSED, E.RESUME], S.QUEUED),
        ([E.START, E.PAUSE, E.RESUME], S.QUEUED),
        ([E.START, E.FIRST_REPLY, E.PAUSE, E.INTERRUPT], S.PAUSED),
        ([E.START, E.FIRST_REPLY, E.INTERRUPT], S.QUEUED),
        ([E.START, E.FAIL, E.NEW_URL, E.RESUME], S.QUEUED),
        ([E.CANCEL, E.NEW_URL], S.PAUSED),
        ([E.START, E.FIRST_REPLY, E.ALL_BYTES, E.CHANGED], S.PROBING),
        ([E.NEW_URL], S.QUEUED),
        ([E.PAUSE, E.NEW_URL], S.PAUSED),
    ],
)
def test_paths_that_the_design_names(path: list[Event], end: Status) -> None:
    status = S.QUEUED
    for event in path:
        after = next_status(status, event)
        assert after is not None, f"{status} does not take {event}"
        status = after
    assert status is end


@pytest.mark.parametrize("status", sorted(RUNNING))
def test_running_downloads_can_be_stopped_in_every_way(status: Status) -> None:
    assert next_status(status, E.CANCEL) is S.CANCELLED
    assert next_status(status, E.FAIL) is S.FAILED
    parked = S.PAUSED if status is S.PAUSING else S.QUEUED
    assert next_status(status, E.INTERRUPT) is parked
    if status is not S.PAUSING:
        assert next_status(status, E.PAUSE) is S.PAUSING
        assert next_status(status, E.RETRY_LATER) is S.RETRYING


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (S.COMPLETED, E.RESUME),
        (S.PAUSING, E.RETRY_LATER),  # a pause that was asked for is not forgotten
        (S.PAUSING, E.FIRST_REPLY),
        (S.PAUSED, E.START),
        (S.DOWNLOADING, E.START),
        (S.DOWNLOADING, E.VERIFIED),  # nothing is done that was not verified
        (S.DOWNLOADING, E.NEW_URL),
        (S.CANCELLED, E.START),
        (S.FAILED, E.CANCEL),
    ],
)
def test_what_must_not_happen_is_none(status: Status, event: Event) -> None:
    assert next_status(status, event) is None
    assert event not in allowed(status)


@moderate
@given(events)
def test_any_events_in_any_order_lead_to_a_status_and_completed_is_final(
    happened: list[Event],
) -> None:
    status = S.QUEUED
    for event in happened:
        after = next_status(status, event)
        if status is S.COMPLETED:
            assert after is None
        if after is None:
            assert event not in allowed(status)
            continue
        assert isinstance(after, Status)
        # Only verification leads to done, and only a start or a wait to work.
        assert (after is S.COMPLETED) == (event is E.VERIFIED)
        if status not in RUNNING and after in RUNNING:
            assert event is E.START
        status = after


def test_nothing_that_is_over_starts_without_the_queue() -> None:
    for (status, event), after in TRANSITIONS.items():
        if status in OVER:
            assert after in (S.QUEUED, S.PAUSED), (status, event)


def test_the_table_is_read_only() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[S.COMPLETED, E.RESUME] = S.QUEUED  # type: ignore[index]  # the point


def test_describe_is_the_whole_table_in_order() -> None:
    rows = describe()
    assert {(S(a), E(b)): S(c) for a, b, c in rows} == dict(TRANSITIONS)
    assert len(rows) == len(TRANSITIONS)
    assert rows[0] == ("queued", "start", "probing")


def test_mermaid_has_an_arrow_for_every_row_and_both_ends() -> None:
    lines = mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert "    [*] --> queued" in lines
    assert "    completed --> [*]" in lines
    for source, event, target in describe():
        arrow = next(line for line in lines if line.startswith(f"    {source} --> {target}: "))
        assert event in arrow.partition(": ")[2].split(" / ")
