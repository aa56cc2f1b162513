"""Row 57 and trap D12: each way to end each command, while servers or the disk say nothing.

A first signal arms a deadline of two seconds, which ends what hangs. Here it is put off, so
that only a process that ends by itself passes; and once it is all that there is, because the
disk hangs. No test looks at a clock.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.cli.stages import end_terminals
from tests.support.behaviours.network import stall_after
from tests.support.body import check_file
from tests.support.resource import Resource
from tests.support.server import FaultServer
from tui_dl.service.offline import read_stored

MIB = 1024 * 1024
BIG = Resource(path="/big.bin", size=64 * MIB)
STALLED_BYTES = MIB
NO_DEADLINE = "import tui_dl.cli.signals as s; s._DEADLINE_S = 3600;"
HANGING_SYNC = "import os, time; os.fdatasync = lambda fd: time.sleep(3600);"
SLOW_WRITES = (
    "import os, time; write = os.pwrite;"
    "os.pwrite = lambda fd, data, at: (time.sleep(0.2), write(fd, data, at))[1];"
)
COMMANDS = {
    "get": ("get", "-q", "-x", "16", "-d", "target"),
    "serve": ("serve", "-q", "--set", "downloads.connections=16", "-d", "target"),
    "app": ("--no-api", "--set", "downloads.connections=16", "-d", "target"),
}
ENDS = {
    "SIGINT": signal.SIGINT,
    "SIGTERM": signal.SIGTERM,
    "SIGHUP": signal.SIGHUP,
    "closed terminal": None,
}


@dataclass
class Running:
    """A command on a terminal of its own."""

    place: Place
    opened: list[pexpect.spawn] = field(default_factory=list)

    def start(self, command: str, url: str, before: str) -> pexpect.spawn:
        """Start ``command`` on ``url``, after some code in its process."""
        code = f"{before} import sys; from tui_dl.cli.main import main; sys.exit(main())"
        terminal = pexpect.spawn(
            sys.executable,
            ["-c", code, *COMMANDS[command], url],
            cwd=str(self.place.folder),
            env={**self.place.environ, "TERM": "xterm-256color"},
            timeout=LIMIT_S,
        )
        self.opened.append(terminal)
        return terminal

    def stored_bytes(self) -> int:
        """Return what the journal and the list claim."""
        state = self.place.folder / "state"
        rows = read_stored(state).downloads if (state / "catalog.sqlite3").exists() else ()
        return rows[0].done_bytes if rows else 0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "target").mkdir()
    made = Running(Place(tmp_path))
    yield made
    end_terminals(made.opened)


def end(terminal: pexpect.spawn, number: int | None) -> int:
    """End it as told, reading what it says; return the exit code."""
    if number is None:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, terminal.child_fd)  # closed, but the number is not given away
        os.close(nothing)
        _, status = os.waitpid(terminal.pid, 0)
        terminal.ptyproc.terminated = terminal.terminated = True
        return os.waitstatus_to_exitcode(status)
    terminal.kill(number)
    terminal.expect(pexpect.EOF)
    terminal.close()
    code: int = terminal.exitstatus
    return code


@pytest.mark.parametrize("way", ENDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_by_itself_while_servers_say_nothing(
    running: Running, fault_server: FaultServer, command: str, way: str
) -> None:
    url = fault_server.add(BIG, stall_after(STALLED_BYTES))
    terminal = running.start(command, url, NO_DEADLINE)
    fault_server.wait_for(lambda it: it.open_connections() > 7, LIMIT_S)
    fault_server.wait_for(lambda it: it.bytes_sent() > 4 * MIB, LIMIT_S)

    assert end(terminal, ENDS[way]) == 128 + (ENDS[way] or signal.SIGHUP)

    (row,) = read_stored(running.place.folder / "state").downloads
    assert 0 < row.done_bytes == row.record.synced_bytes, "what was written was made durable"


@pytest.mark.parametrize("disk", [SLOW_WRITES, HANGING_SYNC], ids=["slow", "hangs"])
@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_in_time_on_a_bad_disk(
    running: Running, fault_server: FaultServer, command: str, disk: str
) -> None:
    url = fault_server.add(BIG, stall_after(STALLED_BYTES))
    terminal = running.start(command, url, disk)
    fault_server.wait_for(lambda it: it.open_connections() > 7, LIMIT_S)

    assert end(terminal, signal.SIGTERM) == 128 + signal.SIGTERM

    claimed = running.stored_bytes()
    assert claimed <= fault_server.bytes_sent()
    fault_server.replace(BIG)
    fault_server.set_script(BIG.path, None)
    sent = fault_server.bytes_sent()
    done = running.place.run("get", "-q", "-d", "target", url)
    assert done.returncode == 0, done.stderr
    check_file(running.place.target / "big.bin", BIG.seed, BIG.size)
    fault_server.wait_idle()
    assert fault_server.bytes_sent() - sent >= BIG.size - claimed
