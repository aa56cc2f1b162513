"""The bars on a terminal emulator: what a person sees, also when the window changes."""

from __future__ import annotations

import io
from typing import Any

import pyte
import pytest

from tests.cli.fake_service import DONE, make_row
from tui_dl.cli.console import Console
from tui_dl.cli.live import LiveReporter
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot


class Terminal(io.StringIO):
    """stdout and stderr at once, as in a shell."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, rows)
        # A terminal's driver turns a line feed into both.
        self.screen.set_mode(pyte.modes.LNM)
        self._stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return len(text)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]


class SizedConsole(Console):
    """A console that believes its emulator about the size."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal, terminal)
        self._terminal = terminal

    @property
    def width(self) -> int:
        return int(self._terminal.screen.columns)

    @property
    def height(self) -> int:
        return int(self._terminal.screen.lines)


def running(id: str = "1", **fields: Any) -> DownloadSnapshot:
    values: dict[str, Any] = {"status": Status.DOWNLOADING, "total_bytes": 1000, "done_bytes": 500}
    return make_row(id, f"http://127.0.0.1/{id}.bin", **(values | fields))


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(80, 10)


@pytest.fixture
def reporter(terminal: Terminal) -> LiveReporter:
    terminal.write("$ tui-dl get ...\n")
    return LiveReporter(SizedConsole(terminal))


def test_bars_are_redrawn_in_place(terminal: Terminal, reporter: LiveReporter) -> None:
    reporter.started(running(), continued=False)

    for done in range(0, 1000, 100):
        reporter.tick([running(done_bytes=done)])

    assert len(terminal.lines) == 2
    assert terminal.lines[0] == "$ tui-dl get ..."
    assert "90%" in terminal.lines[1]


def test_a_shorter_list_leaves_nothing_behind(terminal: Terminal, reporter: LiveReporter) -> None:
    for id in "123":
        reporter.started(running(id), continued=False)
    reporter.tick([running("1"), running("2"), running("3")])

    reporter.tick([running("2")])

    assert [line.split()[0] for line in terminal.lines] == ["$", "2.bin", "0"]


def test_finished_lines_stay_above_the_bars(terminal: Terminal, reporter: LiveReporter) -> None:
    for id in "12":
        reporter.started(running(id), continued=False)
    reporter.tick([running("1"), running("2")])

    reporter.completed(make_row("1", "http://127.0.0.1/1.bin", **DONE))
    reporter.tick([running("2")])

    assert terminal.lines[1].startswith("1.bin: 1.00 kB in 2s (500 B/s)")
    assert terminal.lines[2] == "/files/1.bin"
    assert terminal.lines[3].startswith("2.bin")
    assert terminal.lines[4].startswith("1 of 2 done, 1 running")


def test_the_end_leaves_only_what_happened(terminal: Terminal, reporter: LiveReporter) -> None:
    failure = Failure(ErrorCode.NOT_FOUND, "It is not there.")
    reporter.started(running(), continued=False)
    reporter.tick([running()])
    reporter.failed(running(status=Status.FAILED, failure=failure))
    reporter.tick([running("2")])
    reporter.close()
    reporter.close()

    assert terminal.lines == ["$ tui-dl get ...", "1.bin: It is not there."]


def test_what_an_earlier_run_left_is_said(terminal: Terminal, reporter: LiveReporter) -> None:
    reporter.started(running(), continued=True)

    assert "1.bin: continuing, 50% of 1.00 kB is already here." in terminal.lines


def test_more_downloads_than_rows_do_not_scroll(terminal: Terminal, reporter: LiveReporter) -> None:
    many = [running(str(number)) for number in range(50)]
    for row in many:
        reporter.started(row, continued=False)

    for _ in range(5):
        reporter.tick(many)

    assert terminal.lines[0] == "$ tui-dl get ..."
    assert len(terminal.lines) <= 9


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (2, 3), (13, 2), (300, 100)])
def test_any_window_size_is_survived(
    terminal: Terminal, reporter: LiveReporter, columns: int, rows: int
) -> None:
    """Trap D13."""
    reporter.started(running(), continued=False)
    reporter.tick([running()])
    terminal.screen.resize(rows, columns)

    for _ in range(3):
        reporter.tick([running()])
    reporter.close()

    assert not any("1.bin" in line for line in terminal.lines), "a bar was left behind"


def test_escapes_of_a_name_do_not_reach_the_terminal(
    terminal: Terminal, reporter: LiveReporter
) -> None:
    """Trap S9: with a real emulator, a title sequence would change the title."""
    evil = "\x1b]0;owned\x07\x1b[2J.bin"
    reporter.started(running(name=evil), continued=True)
    reporter.tick([running(name=evil)])
    reporter.completed(make_row("1", "http://127.0.0.1/1", name=evil, **DONE))

    assert terminal.screen.title == ""
    assert terminal.lines[0] == "$ tui-dl get ..."
