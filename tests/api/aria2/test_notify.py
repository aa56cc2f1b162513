"""Events and their notifications."""

from __future__ import annotations

import json

from tests.api.aria2.samples import event, row
from tui_dl.api.aria2.notify import COMPLETE, ERROR, PAUSE, START, STOP, Notifier, frame
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import EventKind

ONE = row(1)


def told(*kinds: EventKind, running: bool = False) -> list[str | None]:
    first = row(1, status=Status.DOWNLOADING) if running else ONE
    notifier = Notifier([first])
    return [notifier.take(event(kind, ONE)) for kind in kinds]


def test_a_life() -> None:
    assert told(EventKind.ADDED, EventKind.STARTED, EventKind.RETRYING, EventKind.COMPLETED) == [
        None,
        START,
        None,
        COMPLETE,
    ]
    assert told(EventKind.STARTED, EventKind.FAILED) == [START, ERROR]


def test_a_pause_is_told_only_of_what_ran() -> None:
    assert told(EventKind.PAUSED) == [None]
    assert told(EventKind.PAUSED, running=True) == [PAUSE]
    assert told(EventKind.STARTED, EventKind.PAUSED, EventKind.PAUSED) == [START, PAUSE, None]


def test_a_stop_is_told_only_of_what_ran() -> None:
    assert told(EventKind.CANCELLED) == [None]
    assert told(EventKind.REMOVED) == [None]
    assert told(EventKind.CANCELLED, EventKind.REMOVED, running=True) == [STOP, None]
    assert told(EventKind.REMOVED, running=True) == [STOP]


def test_a_restart_is_a_start_only() -> None:
    kinds = (EventKind.RESUMED, EventKind.STARTED, EventKind.PAUSED)
    assert told(*kinds, running=True) == [None, START, PAUSE]
    assert told(EventKind.RESUMED, EventKind.CANCELLED, running=True) == [None, None]


def test_moves_and_changes_are_nobodys_news() -> None:
    assert told(EventKind.MOVED, EventKind.CHANGED, EventKind.QUEUED) == [None] * 3


def test_a_frame_has_no_id() -> None:
    assert json.loads(frame(START, "00000000000000aa")) == {
        "jsonrpc": "2.0",
        "method": "aria2.onDownloadStart",
        "params": [{"gid": "00000000000000aa"}],
    }
