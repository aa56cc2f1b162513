"""Rows 57 and 58: a terminal that closes under the app, and a process that is halted (D12, D14).

Signals to ``get``, ``serve`` and the app are tested beside those commands.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.support.body import check_file
from tests.support.resource import Resource
from tests.support.server import FaultServer
from tui_dl.service.offline import read_stored

MIB = 1024 * 1024
SLOW = Resource(path="/slow.bin", size=12 * MIB, rate_bps=MIB // 2)
FOUR = ("--set", "downloads.connections=4")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "target").mkdir()
    return Place(tmp_path)


def test_a_terminal_that_closes_under_the_app_saves_the_state(
    place: Place, fault_server: FaultServer
) -> None:
    """It is a hangup, and every write to the screen fails from then on."""
    url = fault_server.add(SLOW)
    argv = place.argv(*FOUR, "--no-api", "-d", "target", url)
    terminal = pexpect.spawn(
        argv[0],
        argv[1:],
        cwd=str(place.folder),
        env={**place.environ, "TERM": "xterm-256color"},
        timeout=LIMIT_S,
    )
    terminal.expect("slow.bin")
    fault_server.wait_for(lambda server: server.bytes_sent() > 3 * MIB, LIMIT_S)

    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, terminal.child_fd)  # closed, but the number is not given away
    os.close(nothing)
    _, status = os.waitpid(terminal.pid, 0)

    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    (row,) = read_stored(place.folder / "state").downloads
    assert row.record.synced_bytes == row.done_bytes > MIB, "what was written was made durable"
    fault_server.replace(Resource(path="/slow.bin", size=SLOW.size))
    done = place.run("get", "-d", "target", url)
    assert b"continuing" in done.stderr
    check_file(place.target / "slow.bin", SLOW.seed, SLOW.size)


@pytest.mark.parametrize("end", [signal.SIGCONT, signal.SIGKILL], ids=["continued", "killed"])
def test_a_halted_process_claims_what_it_has_and_goes_on(
    place: Place, fault_server: FaultServer, end: signal.Signals
) -> None:
    """While it is halted the server gives up on it; nothing is lost, nothing is made up."""
    url = fault_server.add(SLOW)
    process = place.start("get", "-x", "4", "-d", "target", url)
    try:
        fault_server.wait_for(lambda server: server.bytes_sent() > 3 * MIB, LIMIT_S)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        fault_server.drop_connections()
        (row,) = read_stored(place.folder / "state").downloads
        assert 0 < row.done_bytes <= fault_server.bytes_sent(), "claimed is at most what was sent"
        second = place.run("get", "-d", "target", url)
        assert second.returncode == 5, "a halted owner still owns"
        fault_server.replace(Resource(path="/slow.bin", size=SLOW.size))
        process.send_signal(end)
        _, err = process.communicate(timeout=LIMIT_S)
        if end is signal.SIGKILL:
            again = place.run("get", "-d", "target", url)
            assert again.returncode == 0, again.stderr
        else:
            assert process.returncode == 0, err
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)
    check_file(place.target / "slow.bin", SLOW.seed, SLOW.size)
    assert [path.name for path in place.target.iterdir()] == ["slow.bin"]
