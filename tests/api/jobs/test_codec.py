"""Golden objects of the wire: exact keys, exact types, nothing null."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.rows import BORN, ID, make_row
from tui_dl.api.history import HistoryRow
from tui_dl.api.jobs.codec import event_frame, history_wire, init_frame, job_wire, rfc3339
from tui_dl.api.jobs.job import STATUS_OF, Job, JobStatus, job_of
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot

BEGAN = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
ENDED = datetime(2026, 1, 2, 3, 5, 0, 120, tzinfo=UTC)

ALWAYS = {"id", "url", "status", "progress", "totalSize", "progressPercent", "createdAt", "source"}
SOMETIMES = {"error", "startedAt", "completedAt"}


def job(row: DownloadSnapshot, *, was_running: bool = False) -> Job:
    return job_of(row, began_at=BEGAN, ended_at=ENDED, was_running=was_running)


def wire(**fields: Any) -> dict[str, Any]:
    """Return the object of such a row, after a trip through JSON."""
    found: dict[str, Any] = json.loads(json.dumps(job_wire(job(make_row(**fields)))))
    return found


def test_a_waiting_job_to_the_letter() -> None:
    assert wire() == {
        "id": "00000000000000ab",
        "url": "https://example.test/big.iso",
        "status": "pending",
        "progress": 0,
        "totalSize": -1,
        "progressPercent": -1,
        "createdAt": "2026-01-02T03:04:05.900000Z",
        "source": "download",
    }


def test_a_running_job_to_the_letter() -> None:
    assert wire(status=Status.DOWNLOADING, total_bytes=1000, done_bytes=455) == {
        "id": "00000000000000ab",
        "url": "https://example.test/big.iso",
        "status": "downloading",
        "progress": 455,
        "totalSize": 1000,
        "progressPercent": 45.5,
        "createdAt": "2026-01-02T03:04:05.900000Z",
        "startedAt": "2026-01-02T03:04:06Z",
        "source": "download",
    }


def test_a_failed_job_to_the_letter() -> None:
    failure = Failure(ErrorCode.NOT_FOUND, "h has no such file (404).", http_status=404)
    assert wire(status=Status.FAILED, failure=failure) == {
        "id": "00000000000000ab",
        "url": "https://example.test/big.iso",
        "status": "failed",
        "progress": 0,
        "totalSize": -1,
        "progressPercent": -1,
        "error": "HTTP 404: h has no such file (404).",
        "createdAt": "2026-01-02T03:04:05.900000Z",
        "startedAt": "2026-01-02T03:04:06Z",
        "completedAt": "2026-01-02T03:05:00.000120Z",
        "source": "download",
    }


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.QUEUED, "pending"),
        (Status.PROBING, "downloading"),
        (Status.DOWNLOADING, "downloading"),
        (Status.RETRYING, "downloading"),
        (Status.VERIFYING, "processing"),
        (Status.PAUSING, "paused"),
        (Status.PAUSED, "paused"),
        (Status.COMPLETED, "completed"),
        (Status.FAILED, "failed"),
        (Status.CANCELLED, "cancelled"),
    ],
)
def test_each_status_has_its_word(status: Status, word: str) -> None:
    assert wire(status=status)["status"] == word


def test_no_status_is_forgotten() -> None:
    assert set(STATUS_OF) == set(Status)
    assert set(STATUS_OF.values()) == set(JobStatus)


def test_a_resumed_job_counts_from_zero_until_it_runs() -> None:
    """Its clients expect a restart; the bytes are kept underneath."""
    kept = make_row(total_bytes=1000, done_bytes=600, started_at=BORN)
    assert (wire_of(kept)["progress"], wire_of(kept)["totalSize"]) == (0, -1)
    assert "startedAt" not in wire_of(kept)
    again = wire_of(replace(kept, status=Status.DOWNLOADING))
    assert (again["progress"], again["totalSize"], again["progressPercent"]) == (600, 1000, 60.0)


def wire_of(row: DownloadSnapshot) -> dict[str, Any]:
    return job_wire(job(row))


def test_a_completed_empty_file_is_whole() -> None:
    done = wire(status=Status.COMPLETED, total_bytes=0, done_bytes=0)
    assert (done["progress"], done["totalSize"], done["progressPercent"]) == (0, 0, 100.0)


@pytest.mark.parametrize(
    "failure",
    [
        Failure(ErrorCode.REDIRECT_REFUSED, "The redirect leads into ..., to 10.1.2.3."),
        Failure(ErrorCode.FORBIDDEN, "10.1.2.3 gives out this machine's own credentials."),
    ],
)
def test_a_blocked_job_does_not_tell_the_address(failure: Failure) -> None:
    error = wire(status=Status.FAILED, failure=failure)["error"]
    assert "10.1.2.3" not in error
    assert "blocked" in error


def test_why_a_job_was_cancelled_depends_on_when() -> None:
    row = make_row(status=Status.CANCELLED)
    texts = {job_wire(job(row, was_running=flag))["error"] for flag in (True, False)}
    assert len(texts) == 2
    assert all("cancelled" in text for text in texts)


def test_an_error_of_the_past_is_not_shown() -> None:
    failure = Failure(ErrorCode.TIMEOUT, "slow")
    assert "error" not in wire(status=Status.PAUSED, failure=failure)
    assert "error" not in wire(status=Status.RETRYING, failure=failure)
    for code in (ErrorCode.DISK_FULL, ErrorCode.DISK_IO, ErrorCode.NOT_WRITABLE):
        waits = Failure(code, "The disk is full.")
        assert wire(status=Status.PAUSED, failure=waits)["error"] == "The disk is full."


rows = st.builds(
    make_row,
    status=st.sampled_from(Status),
    url=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    total_bytes=st.none() | st.integers(0, 2**62),
    done_bytes=st.integers(0, 2**62),
    failure=st.none()
    | st.builds(
        Failure,
        code=st.sampled_from(ErrorCode),
        message=st.text(st.characters(exclude_categories=["Cs"])),
        http_status=st.none() | st.integers(100, 599),
    ),
)
moments = st.none() | st.datetimes(timezones=st.just(UTC))


@given(rows, moments, moments, st.booleans())
def test_every_job_has_the_keys_and_types_that_clients_are_strict_about(
    row: DownloadSnapshot, began_at: datetime | None, ended_at: datetime | None, was_running: bool
) -> None:
    found = job_of(row, began_at=began_at, ended_at=ended_at, was_running=was_running)
    frame = event_frame("updated", found)
    assert frame.startswith(b"event: updated\ndata: {")
    assert frame.endswith(b"}\n\n")
    assert frame.count(b"\n") == 3, "one data line, whatever the URL holds"
    content = json.loads(frame.split(b"data: ", 1)[1])
    assert content.keys() == {"type", "job"}
    told = content["job"]
    assert told.keys() >= ALWAYS
    assert told.keys() <= ALWAYS | SOMETIMES
    assert None not in told.values()
    assert type(told["progress"]) is int
    assert type(told["totalSize"]) is int
    assert told["progress"] >= 0
    assert told["totalSize"] >= -1
    assert type(told["progressPercent"]) is float
    assert told["progressPercent"] == -1 or 0 <= told["progressPercent"] <= 100
    assert told.get("error") != ""
    over = told["status"] in ("completed", "failed", "cancelled")
    assert ("completedAt" in told) is (over and ended_at is not None)


def test_the_first_frame_has_both_lists() -> None:
    frame = init_frame([job(make_row())])
    assert frame.startswith(b"event: init\ndata: ")
    content = json.loads(frame.split(b"data: ", 1)[1])
    assert list(content) == ["jobs", "actionJobs"]
    assert [one["id"] for one in content["jobs"]] == ["00000000000000ab"]
    assert content["actionJobs"] == []
    assert b'{"jobs":[],"actionJobs":[]}' in init_frame([])


def test_a_history_row_to_the_letter() -> None:
    row = HistoryRow(
        number=7,
        id=ID,
        gid="00000000000000ab",
        url="https://example.test/big.iso",
        created_at=BORN,
        name="big.iso",
        status=Status.COMPLETED,
        total_bytes=1000,
        done_bytes=1000,
        attempts=1,
        started_at=BEGAN,
        ended_at=ENDED,
    )
    assert history_wire(row) == {
        "id": 7,
        "jobId": "00000000000000ab",
        "url": "https://example.test/big.iso",
        "name": "big.iso",
        "status": "completed",
        "totalSize": 1000,
        "progress": 1000,
        "attempts": 1,
        "createdAt": "2026-01-02T03:04:05.900000Z",
        "startedAt": "2026-01-02T03:04:06Z",
        "completedAt": "2026-01-02T03:05:00.000120Z",
    }
    failed = history_wire(
        replace(
            row,
            status=Status.FAILED,
            failure=Failure(ErrorCode.TIMEOUT, "slow"),
            total_bytes=None,
            label="My file",
            last_retry_gid="00000000000000cd",
            last_retry_at=ENDED,
        )
    )
    assert failed["name"] == "My file"
    assert failed["error"] == "slow"
    assert failed["totalSize"] == -1
    assert failed["lastRetryJobId"] == "00000000000000cd"
    assert failed["lastRetryAt"] == "2026-01-02T03:05:00.000120Z"


def test_times_are_told_in_utc() -> None:
    there = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(there) == "2026-01-02T03:04:05Z"
