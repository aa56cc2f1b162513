"""Put to sleep by ctrl+z or from outside: the terminal is handed back, and taken again."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pexpect
import pytest

from tests.tui.test_terminal import ALTERNATE_OFF, ALTERNATE_ON, _environment

LIMIT_S = 60


def _state_of(pid: int) -> str:
    """Return the letter that the system has for a process; T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def _wait_for_state(pid: int, *, stopped: bool) -> None:
    end_s = time.monotonic() + LIMIT_S
    while (_state_of(pid) == "T") is not stopped:
        assert time.monotonic() < end_s
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it asks /proc for the state")
@pytest.mark.parametrize("by_key", [True, False], ids=["ctrl+z", "SIGSTOP"])
def test_it_sleeps_and_goes_on_where_it_was(by_key: bool) -> None:
    child = pexpect.spawn(
        sys.executable, ["-m", "tests.tui.pty_app", "empty"], dimensions=(30, 100),
        timeout=LIMIT_S, env=dict(_environment(), TERM="xterm-256color"),
    )  # fmt: skip
    try:
        child.expect_exact(b"last.bin")
        if by_key:
            child.send("\x1a")
            child.expect_exact(ALTERNATE_OFF)  # the shell's lines are back before it sleeps
        else:
            os.kill(child.pid, signal.SIGSTOP)
        _wait_for_state(child.pid, stopped=True)
        os.kill(child.pid, signal.SIGCONT)
        _wait_for_state(child.pid, stopped=False)
        if by_key:
            child.expect_exact(ALTERNATE_ON)
        child.send("?")
        child.expect_exact(b"esc closes")
        for _ in range(LIMIT_S):
            child.send("q")  # the first one closes the help, the next one the app
            if child.expect_exact([pexpect.EOF, pexpect.TIMEOUT], timeout=1) == 0:
                break
        child.close()
        assert child.exitstatus == 0
    finally:
        child.close(force=True)
