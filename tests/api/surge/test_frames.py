"""Golden frames of GET /events: one object for Go's clients and for the extension."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.rows import ID, make_event, make_row
from tui_dl.api.surge.frames import TYPES, frames_of, progress_frame, state_frame, system_frame
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import DownloadOptions, Status
from tui_dl.domain.redaction import without_credentials
from tui_dl.domain.snapshot import EventKind
from tui_dl.service.remote_sse import SseDecoder

SNAKE = {
    "DownloadID": "download_id",
    "Filename": "filename",
    "URL": "url",
    "Total": "total",
    "Downloaded": "downloaded",
    "DestPath": "dest_path",
    "Speed": "speed",
    "Elapsed": "elapsed",
    "ActiveConnections": "connections",
    "AvgSpeed": "avg_speed",
    "RateLimit": "rate_limit",
    "RateLimitSet": "rate_limit_set",
    "Mirrors": "mirrors",
    "Completed": "completed",
    "Err": "error",
    "Message": "message",
}


def split(frame: bytes) -> tuple[str, dict[str, Any]]:
    """Return name and data of a frame that is written exactly as Surge writes it."""
    event, data, *end = frame.split(b"\n")
    assert event.startswith(b"event: ")
    assert data.startswith(b"data: ")
    assert end == [b"", b""]
    return event[7:].decode(), json.loads(data[6:])


def snake(wire: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wire.items() if key not in SNAKE}


RUNNING = make_row(
    status=Status.DOWNLOADING,
    total_bytes=1000,
    done_bytes=250,
    rate_bps=99.5,
    connections=3,
    elapsed_s=1.5,
    limit_bps=7,
)


def test_progress() -> None:
    name, wire = split(progress_frame(RUNNING))
    assert name == "progress"
    assert wire == {
        "type": 1,
        "download_id": ID,
        "downloaded": 250,
        "total": 1000,
        "speed": 99.5,
        "elapsed": 1_500_000_000,
        "connections": 3,
        "rate_limited": True,
        "DownloadID": ID,
        "Downloaded": 250,
        "Total": 1000,
        "Speed": 99.5,
        "Elapsed": 1_500_000_000,
        "ActiveConnections": 3,
    }


@pytest.mark.parametrize(
    ("kind", "fields", "name", "wire"),
    [
        (
            EventKind.ADDED,
            {"options": DownloadOptions(mirrors=("https://m.test/x",))},
            "queued",
            {
                "type": 5,
                "filename": "big.iso",
                "url": "https://example.test/big.iso",
                "dest_path": "/files/big.iso",
                "mirrors": ["https://m.test/x"],
            },
        ),
        (
            EventKind.STARTED,
            {"total_bytes": 9, "options": DownloadOptions(limit_bps=5)},
            "started",
            {
                "type": 0,
                "url": "https://example.test/big.iso",
                "filename": "big.iso",
                "total": 9,
                "dest_path": "/files/big.iso",
                "rate_limit": 5,
                "rate_limit_set": True,
            },
        ),
        (
            EventKind.COMPLETED,
            {"total_bytes": 9, "elapsed_s": 0.25, "average_bps": 36.0},
            "complete",
            {
                "type": 2,
                "filename": "big.iso",
                "elapsed": 250_000_000,
                "total": 9,
                "avg_speed": 36.0,
            },
        ),
        (
            EventKind.PAUSED,
            {"done_bytes": 4},
            "paused",
            {"type": 3, "filename": "big.iso", "downloaded": 4},
        ),
        (EventKind.RESUMED, {}, "resumed", {"type": 4, "filename": "big.iso"}),
        (
            EventKind.REMOVED,
            {"status": Status.COMPLETED},
            "removed",
            {
                "type": 6,
                "filename": "big.iso",
                "dest_path": "/files/big.iso",
                "completed": True,
            },
        ),
        (
            EventKind.FAILED,
            {"done_bytes": 4, "failure": Failure(ErrorCode.NOT_FOUND, "It is gone.")},
            "error",
            {
                "type": 7,
                "filename": "big.iso",
                "dest_path": "/files/big.iso",
                "downloaded": 4,
                "error": "It is gone.",
            },
        ),
    ],
)
def test_lifecycle(kind: EventKind, fields: Any, name: str, wire: dict[str, Any]) -> None:
    (frame,) = frames_of(make_event(kind, **fields))
    found_name, found = split(frame)
    assert found_name == name
    assert snake(found) == {"download_id": ID} | wire


def test_twins_are_equal_and_complete() -> None:
    """Go reads keys without regard to case, the extension reads only the second form."""
    kinds = [kind for kind in EventKind if kind not in (EventKind.MOVED, EventKind.CHANGED)]
    frames = [frame for kind in kinds for frame in frames_of(make_event(kind))]
    for frame in [*frames, progress_frame(RUNNING), system_frame("x")]:
        _, wire = split(frame)
        twins = {SNAKE[key]: value for key, value in wire.items() if key in SNAKE}
        ours = {key: wire[key] for key in wire if key in SNAKE.values()}
        assert twins == ours


def test_the_type_fits_the_name() -> None:
    for kind in EventKind:
        for frame in frames_of(make_event(kind)):
            name, wire = split(frame)
            assert wire["type"] == TYPES[name]


def test_a_paused_addition_is_queued_and_then_paused() -> None:
    frames = frames_of(make_event(EventKind.ADDED, status=Status.PAUSED))
    assert [split(frame)[0] for frame in frames] == ["queued", "paused"]


def test_a_wait_before_another_try_is_a_log_line() -> None:
    failure = Failure(ErrorCode.TIMEOUT, "Nothing came.")
    (frame,) = frames_of(make_event(EventKind.RETRYING, failure=failure))
    name, wire = split(frame)
    assert (name, wire["type"]) == ("system", 11)
    assert "Nothing came." in wire["message"]


def test_what_surge_does_not_know_is_not_told() -> None:
    assert frames_of(make_event(EventKind.MOVED)) == []
    assert frames_of(make_event(EventKind.CHANGED)) == []


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (Status.QUEUED, "queued"),
        (Status.RETRYING, "started"),
        (Status.PAUSED, "paused"),
        (Status.COMPLETED, "complete"),
        (Status.FAILED, "error"),
        (Status.CANCELLED, "removed"),
    ],
)
def test_the_state_for_those_who_missed_events(status: Status, name: str) -> None:
    assert split(state_frame(make_row(status=status)))[0] == name


@given(st.text(), st.text())
def test_no_name_breaks_a_frame(name: str, url: str) -> None:
    """S10: line breaks of every alphabet stay inside the JSON."""
    frame = b"".join(frames_of(make_event(EventKind.STARTED, name=name, url=url)))
    (found,) = SseDecoder().feed(frame)
    wire = json.loads(found.data)
    assert (wire["filename"], wire["URL"]) == (name, without_credentials(url))
    assert len(frame.splitlines()) == 3
