"""Plain lines and JSON lines: how often, and what is in them."""

from __future__ import annotations

import io
import json
from typing import Any

from tests.cli.fake_service import make_row
from tui_dl.cli.console import Console
from tui_dl.cli.reporters import JsonReporter, LineReporter
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def row(**fields: Any) -> DownloadSnapshot:
    values: dict[str, Any] = {"status": Status.DOWNLOADING, "total_bytes": 1000}
    return make_row("id", "http://127.0.0.1/a.bin", **(values | fields))


def line_reporter() -> tuple[LineReporter, io.StringIO, Clock]:
    err, clock = io.StringIO(), Clock()
    return LineReporter(Console(io.StringIO(), err), clock), err, clock


def test_a_pipe_hears_each_tenth_once() -> None:
    reporter, err, _ = line_reporter()

    for done in range(0, 1000, 7):
        reporter.tick([row(done_bytes=done)])

    assert len(err.getvalue().splitlines()) == 10


def test_a_slow_download_is_heard_of_every_30_seconds() -> None:
    reporter, err, clock = line_reporter()

    for _ in range(121):
        reporter.tick([row(done_bytes=5)])
        clock.now_s += 1.0

    assert len(err.getvalue().splitlines()) == 5


def test_trouble_is_told_at_once_and_once() -> None:
    reporter, err, _ = line_reporter()
    failure = Failure(ErrorCode.BUSY, "The server is busy.")
    reporter.tick([row(done_bytes=5)])

    for left in (12.0, 11.0, 10.0):
        reporter.tick([row(status=Status.RETRYING, retry_in_s=left, failure=failure, done_bytes=5)])

    assert err.getvalue().splitlines()[1:] == ["a.bin: trying again in 12s: The server is busy."]


def test_a_queued_download_is_not_worth_a_line() -> None:
    reporter, err, _ = line_reporter()

    reporter.tick([row(status=Status.QUEUED)])

    assert err.getvalue() == ""


def test_a_size_that_nobody_knows_is_not_made_up() -> None:
    reporter, err, _ = line_reporter()

    reporter.tick([row(total_bytes=None, done_bytes=3_000_000, connections=1)])

    assert err.getvalue() == "a.bin: 3.00 MB, 0 B/s, 1 connection\n"


def test_json_progress_has_the_numbers() -> None:
    out = io.StringIO()
    reporter = JsonReporter(Console(out, io.StringIO()))

    reporter.tick([row(done_bytes=5, rate_bps=1.6, eta_s=2.345, connections=3)])

    assert json.loads(out.getvalue()) == {
        "event": "progress",
        "id": "id",
        "name": "a.bin",
        "status": "downloading",
        "done_bytes": 5,
        "total_bytes": 1000,
        "rate_bps": 2,
        "eta_s": 2.3,
        "connections": 3,
        "retry_in_s": None,
        "message": None,
    }


def test_quiet_json_has_no_progress() -> None:
    out = io.StringIO()

    JsonReporter(Console(out, io.StringIO()), with_progress=False).tick([row()])

    assert out.getvalue() == ""
