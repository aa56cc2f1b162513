"""Golden objects of the wire: exact keys and types, whole seconds, null for the unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.files.client import PROGRESS_KEYS, SEED_KEYS
from tests.api.rows import BORN, ID, make_row
from tui_dl.api.files.codec import Target, history_wire, progress_wire, result_wire
from tui_dl.api.files.codes import FilesCode, code_of
from tui_dl.api.history import HistoryRow
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status

NEWER_KEYS = {"file_size", "error_message", "duration"}
WHEN = int(BORN.timestamp())


def test_a_download_that_starts_to_the_letter() -> None:
    row = make_row(total_bytes=10, done_bytes=5)
    assert progress_wire(row, "Downloads") == {
        "id": ID,
        "filename": "big.iso",
        "file_path": "Downloads/big.iso",
        "directory": "Downloads",
        "url": "https://example.test/big.iso",
        "status": "starting",
        "current_size": 0,
        "expected_size": None,
        "progress_percentage": None,
        "start_time": WHEN,
    }


def test_a_download_that_runs_to_the_letter() -> None:
    row = make_row(status=Status.DOWNLOADING, total_bytes=104857600, done_bytes=52428800)
    wire = progress_wire(row, "Downloads")
    assert list(wire) == PROGRESS_KEYS
    assert wire == {
        "id": ID,
        "filename": "big.iso",
        "file_path": "Downloads/big.iso",
        "directory": "Downloads",
        "url": "https://example.test/big.iso",
        "status": "downloading",
        "current_size": 52428800,
        "expected_size": 104857600,
        "progress_percentage": 50.0,
        "start_time": WHEN,
    }


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.QUEUED, "starting"),
        (Status.PROBING, "starting"),
        (Status.DOWNLOADING, "downloading"),
        (Status.PAUSING, "downloading"),
        (Status.PAUSED, "downloading"),
        (Status.RETRYING, "downloading"),
        (Status.VERIFYING, "downloading"),
    ],
)
def test_each_active_status_has_its_word(status: Status, word: str) -> None:
    assert progress_wire(make_row(status=status), "")["status"] == word


def test_what_is_verified_is_whole() -> None:
    row = make_row(status=Status.VERIFYING, total_bytes=10, done_bytes=9)
    assert progress_wire(row, "")["progress_percentage"] == 100.0


def test_the_download_folder_itself_has_no_name() -> None:
    wire = progress_wire(make_row(), "")
    assert (wire["directory"], wire["file_path"]) == ("", "big.iso")


PAST = HistoryRow(
    number=1,
    id=ID,
    gid="00000000000000ab",
    url="https://example.test/big.iso",
    created_at=BORN,
    name="big.iso",
    status=Status.COMPLETED,
    total_bytes=104857600,
    ended_at=BORN + timedelta(seconds=30),
)


def test_a_completed_entry_to_the_letter() -> None:
    assert history_wire(PAST, "Downloads") == {
        "id": ID,
        "filename": "big.iso",
        "file_path": "Downloads/big.iso",
        "directory": "Downloads",
        "url": "https://example.test/big.iso",
        "status": "completed",
        "total_bytes": 104857600,
        "file_size": 104857600,
        "start_time": WHEN,
        "end_time": WHEN + 30,
        "duration": 30,
        "error": None,
        "error_message": None,
    }


def test_a_failed_entry_names_code_and_sentence() -> None:
    failure = Failure(ErrorCode.NOT_FOUND, "h has no such file (404).", http_status=404)
    wire = history_wire(
        replace(PAST, status=Status.FAILED, failure=failure, total_bytes=None), "Downloads"
    )
    assert wire.keys() == SEED_KEYS | NEWER_KEYS
    assert (wire["status"], wire["total_bytes"], wire["file_size"]) == ("failed", None, None)
    assert wire["error"] == "REMOTE_FILE_NOT_FOUND"
    assert wire["error_message"] == "h has no such file (404)."


def test_a_cancelled_entry_failed() -> None:
    wire = history_wire(replace(PAST, status=Status.CANCELLED), "")
    assert (wire["status"], wire["error"]) == ("failed", "CANCELLED")


def test_a_blocked_entry_does_not_tell_the_address() -> None:
    failure = Failure(ErrorCode.REDIRECT_REFUSED, "The redirect leads to 10.1.2.3.")
    wire = history_wire(replace(PAST, status=Status.FAILED, failure=failure), "")
    assert wire["error"] == "DOMAIN_BLOCKED"
    assert "10.1.2.3" not in json.dumps(wire)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure(ErrorCode.INVALID_URL, ""), "INVALID_URL"),
        (Failure(ErrorCode.UNSUPPORTED_SCHEME, ""), "INVALID_URL"),
        (Failure(ErrorCode.REDIRECT_REFUSED, ""), "DOMAIN_BLOCKED"),
        (Failure(ErrorCode.FORBIDDEN, ""), "DOMAIN_BLOCKED"),
        (Failure(ErrorCode.FORBIDDEN, "", http_status=403), "NETWORK_ERROR"),
        (Failure(ErrorCode.TIMEOUT, ""), "DOWNLOAD_TIMEOUT"),
        (Failure(ErrorCode.NOT_FOUND, "", http_status=404), "REMOTE_FILE_NOT_FOUND"),
        (Failure(ErrorCode.NEEDS_NEW_LINK, "", http_status=410), "REMOTE_FILE_NOT_FOUND"),
        (Failure(ErrorCode.CONNECT_REFUSED, ""), "NETWORK_ERROR"),
        (Failure(ErrorCode.DISK_FULL, ""), "NETWORK_ERROR"),
        (None, "NETWORK_ERROR"),
    ],
)
def test_codes(failure: Failure | None, code: str) -> None:
    assert code_of(failure).value == code


def test_a_result_to_the_letter() -> None:
    target = Target("7a3f8b12-4d5e-4a1b-9c8f-2e6d7f8a9b0c", "renamed-data.csv", "Downloads")
    assert result_wire(target) == {
        "download_id": "7a3f8b12-4d5e-4a1b-9c8f-2e6d7f8a9b0c",
        "filename": "renamed-data.csv",
        "path": "Downloads/renamed-data.csv",
        "success": True,
        "message": "Download started",
        "error": None,
    }
    refused = result_wire(replace(target, filename="data.csv"), FilesCode.INVALID_URL)
    assert refused == {
        "download_id": "7a3f8b12-4d5e-4a1b-9c8f-2e6d7f8a9b0c",
        "filename": "data.csv",
        "path": "Downloads/data.csv",
        "success": False,
        "message": "Download failed",
        "error": "INVALID_URL",
    }


active = [status for status in Status if not status.is_over]


@given(
    st.sampled_from(active),
    st.none() | st.integers(0, 2**62),
    st.integers(0, 2**62),
    st.datetimes(
        min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
    ),
)
def test_every_active_download_has_the_types_of_its_interface(
    status: Status, total: int | None, done: int, born: datetime
) -> None:
    row = make_row(status=status, total_bytes=total, done_bytes=done, created_at=born)
    wire: dict[str, Any] = json.loads(json.dumps(progress_wire(row, "a/b")))
    assert list(wire) == PROGRESS_KEYS
    assert type(wire["current_size"]) is int
    assert type(wire["start_time"]) is int
    assert wire["expected_size"] is None or type(wire["expected_size"]) is int
    percentage = wire["progress_percentage"]
    assert percentage is None or (type(percentage) is float and 0 <= percentage <= 100)
    if wire["status"] == "starting":
        assert (wire["current_size"], wire["expected_size"], percentage) == (0, None, None)
