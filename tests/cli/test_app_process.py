"""The app as a process on a terminal: how it opens, and each way that it ends."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.support.resource import Resource
from tests.support.server import FaultServer

MIB = 1024 * 1024
ENDLESS = Resource(path="/endless.bin", size=1024 * MIB, rate_bps=MIB)
SCREEN_ON, SCREEN_OFF = re.escape("\x1b[?1049h"), re.escape("\x1b[?1049l")


class Terminals:
    """Opens apps on terminals; none outlives its test."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._open: list[pexpect.spawn] = []

    def run(self, *args: str, columns: int = 80, rows: int = 24) -> pexpect.spawn:
        """Start a command line."""
        return self.begin(self.place.argv(*args), columns=columns, rows=rows)

    def begin(self, argv: Sequence[str], *, columns: int = 80, rows: int = 24) -> pexpect.spawn:
        """Start any program."""
        terminal = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            cwd=str(self.place.folder),
            env={**self.place.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            dimensions=(rows, columns),
            timeout=LIMIT_S,
            encoding="utf-8",
        )
        self._open.append(terminal)
        return terminal

    def close(self) -> None:
        """Kill what is left."""
        for terminal in self._open:
            terminal.close(force=True)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    (tmp_path / "target").mkdir()
    opened = Terminals(Place(tmp_path))
    yield opened
    opened.close()


def end_of(terminal: pexpect.spawn) -> int | None:
    terminal.expect(pexpect.EOF)
    terminal.close()
    code: int | None = terminal.exitstatus
    return code


def test_a_url_on_the_command_line_is_downloaded_and_the_app_leaves(
    terminals: Terminals, fault_server: FaultServer
) -> None:
    resource = Resource(path="/first.bin", size=MIB)
    url = fault_server.add(resource)

    terminal = terminals.run("-d", "target", "--exit-when-done", url)
    terminal.expect(SCREEN_ON)
    terminal.expect(SCREEN_OFF)

    assert end_of(terminal) == 0
    path = terminals.place.target / "first.bin"
    assert path.read_bytes() == resource.body.read(0, resource.length)


def test_q_leaves_and_the_next_start_goes_on(
    terminals: Terminals, fault_server: FaultServer
) -> None:
    url = fault_server.add(ENDLESS)
    first = terminals.run("-d", "target", url)
    first.expect(SCREEN_ON)
    fault_server.wait_for(lambda server: server.bytes_sent() > MIB, LIMIT_S)
    first.send("q")
    assert end_of(first) == 0
    fault_server.wait_idle()
    asked = len(fault_server.requests("/endless.bin"))

    second = terminals.run()
    fault_server.wait_for(lambda server: len(server.requests()) > asked, LIMIT_S)
    second.send("q")

    assert end_of(second) == 0
    fault_server.wait_idle()
    later = [request.range for request in fault_server.requests("/endless.bin")[asked:]]
    assert all(asked_for and asked_for[0] > 0 for asked_for in later), "it began at 0 again"


def test_paused_starts_nothing(terminals: Terminals, fault_server: FaultServer) -> None:
    url = fault_server.add(ENDLESS)

    terminal = terminals.run("--paused", "-d", "target", url)
    terminal.expect("paused")
    terminal.send("q")

    assert end_of(terminal) == 0
    assert fault_server.requests() == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_gives_the_terminal_back(
    terminals: Terminals, fault_server: FaultServer, number: signal.Signals, code: int
) -> None:
    """Trap D12."""
    url = fault_server.add(ENDLESS)
    terminal = terminals.run("-d", "target", url)
    terminal.expect(SCREEN_ON)
    fault_server.wait_for(lambda server: server.bytes_sent() > MIB, LIMIT_S)

    terminal.kill(number)
    terminal.expect(SCREEN_OFF)

    assert end_of(terminal) == code
    assert b"endless.bin" in terminals.place.run("ls").stdout


def test_a_locked_state_is_a_sentence_in_the_shell(
    terminals: Terminals, fault_server: FaultServer
) -> None:
    first = terminals.run("--no-api")
    first.expect(SCREEN_ON)

    second = terminals.run()
    second.expect(f"tui-dl: .*process {first.pid}")
    text = second.before + second.after

    assert end_of(second) == 5
    assert "\x1b" not in text, "the screen was taken before the lock was known"
    first.send("q")
    assert end_of(first) == 0


def test_a_second_app_shows_the_list_of_the_first(
    terminals: Terminals, fault_server: FaultServer
) -> None:
    url = fault_server.add(ENDLESS)
    first = terminals.run("--paused", "-d", "target", url)
    first.expect("paused")

    second = terminals.run()
    second.expect("Another tui-dl runs already")
    second.expect("endless.bin")
    second.send("q")

    assert end_of(second) == 0
    first.send("q")
    assert end_of(first) == 0


_SPY = """
import sys
from tui_dl.cli import main
from tui_dl.tui.app import TuiDlApp
async def run_async(app):
    print("turns of", sys.getswitchinterval(), flush=True)
TuiDlApp.run_async = run_async
sys.argv[:1] = ["tui-dl"]
main.script()
"""


def test_the_screen_waits_for_no_long_turn_of_the_engine(terminals: Terminals) -> None:
    terminal = terminals.begin([sys.executable, "-c", _SPY, "--no-api"])
    terminal.expect("turns of 0.001")
    assert end_of(terminal) == 0
