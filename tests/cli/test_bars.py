"""The drawn lines: never wider than the terminal, numbers in their places, text safe."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.fake_service import make_row
from tui_dl.cli.bars import Totals, bar_lines, download_line
from tui_dl.domain.characters import cell_width
from tui_dl.domain.display import display_text
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot

URL = "http://127.0.0.1/file.iso"

rows = st.builds(
    make_row,
    st.just("id"),
    st.just(URL),
    name=st.text(max_size=80),
    status=st.sampled_from(Status),
    total_bytes=st.none() | st.integers(0, 2**60),
    done_bytes=st.integers(0, 2**60),
    rate_bps=st.floats(0, 1e12),
    eta_s=st.none() | st.floats(0, 1e9),
    connections=st.integers(0, 64),
    retry_in_s=st.none() | st.floats(0, 1e5),
    failure=st.none() | st.builds(Failure, st.sampled_from(ErrorCode), st.text(max_size=80)),
)


def running(**fields: Any) -> DownloadSnapshot:
    values: dict[str, Any] = {
        "status": Status.DOWNLOADING,
        "total_bytes": 2_000_000_000,
        "done_bytes": 999_999_999,
        "rate_bps": 52_100_000.0,
        "eta_s": 21.0,
        "connections": 8,
    }
    return make_row("id", URL, **(values | fields))


@given(rows, st.integers(1, 200))
def test_no_line_is_wider_than_the_terminal(row: DownloadSnapshot, width: int) -> None:
    line = download_line(row, width)

    assert cell_width(line) <= width
    assert line == display_text(line), "a name or a server's words reached the screen raw"


@given(st.lists(rows, max_size=12), st.integers(1, 120), st.integers(1, 12))
def test_no_more_lines_than_rows(items: list[DownloadSnapshot], width: int, height: int) -> None:
    lines = bar_lines(items, Totals(0, 0, len(items), 0, 0.0), width, height)

    assert len(lines) <= height
    assert all(cell_width(line) <= width for line in lines)


@given(st.integers(0, 2_000_000_000), st.floats(0, 1e12), st.none() | st.floats(0, 1e7))
def test_numbers_keep_their_places(done: int, rate: float, eta: float | None) -> None:
    one, other = running(), running(done_bytes=done, rate_bps=rate, eta_s=eta)

    assert cell_width(download_line(one, 100)) == cell_width(download_line(other, 100))


def test_a_line_says_everything_at_80_cells() -> None:
    line = download_line(running(), 79)

    assert line.startswith("file.iso ")
    assert line.endswith("  49%   2.00 GB  52.1 MB/s      21s   x8")
    assert "━" in line


@pytest.mark.parametrize(
    ("width", "gone"), [(60, "━"), (40, "x8"), (34, "21s"), (26, "2.00 GB"), (18, "MB/s")]
)
def test_a_narrow_terminal_drops_the_least_first(width: int, gone: str) -> None:
    line = download_line(running(), width)

    assert "49%" in line
    assert gone not in line


def test_a_full_bar_is_never_claimed_early() -> None:
    line = download_line(running(total_bytes=1000, done_bytes=999), 100)

    assert "99%" in line
    assert "100%" not in line


def test_a_waiting_download_says_why() -> None:
    failure = Failure(ErrorCode.BUSY, "The server is busy.")
    line = download_line(running(status=Status.RETRYING, retry_in_s=12.0, failure=failure), 79)

    assert "trying again in 12s: The server is busy." in line


def test_several_downloads_have_a_sum() -> None:
    lines = bar_lines([running(), running()], Totals(3, 1, 6, 5_000_000, 1e6), 79, 10)

    assert lines[-1] == "3 of 6 done, 2 running, 1 failed, 5.00 MB, 1.00 MB/s"
    assert len(lines) == 3


def test_queued_downloads_have_no_line() -> None:
    lines = bar_lines([make_row("q", URL), running()], Totals(0, 0, 2, 0, 0.0), 79, 10)

    assert len(lines) == 2
