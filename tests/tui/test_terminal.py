"""The app in a real terminal: it starts, obeys keys, leaves the terminal as it was (D13, S9)."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

import pexpect
import pytest

ALTERNATE_ON, ALTERNATE_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
MOST_BYTES = 400_000
"""A start, a dialog and an end paint far less; a layout that never rests paints far more."""


def _run(term: str, argument: str, rows: int = 30) -> bytes:
    """Start the app, open and close the help, leave; return all that it wrote."""
    child = pexpect.spawn(
        sys.executable, ["-m", "tests.tui.pty_app", argument], dimensions=(rows, 100), timeout=60,
        env=dict(_environment(), TERM=term),
    )  # fmt: skip
    # Footer and list are painted in any order: the last row is awaited as well.
    written = _read(child, b"help", b"last.bin")
    while b"esc closes" not in written:  # a key may come before the screen takes any
        child.send("?")
        with suppress(pexpect.TIMEOUT):
            while b"esc closes" not in written:
                written += child.read_nonblocking(65536, timeout=10)
    for _ in range(60):
        child.send("q")  # the first one closes the help, the next one the app
        if child.expect_exact([pexpect.EOF, pexpect.TIMEOUT], timeout=1) == 0:
            break
    written += child.before
    child.close()
    assert child.exitstatus == 0
    return bytes(written)


def _read(child: pexpect.spawn, *awaited: bytes) -> bytes:
    """Return what is written until all of these have been seen."""
    written = b""
    while not all(word in written for word in awaited):
        written += child.read_nonblocking(65536, timeout=60)
    return written


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "COLUMNS", "LINES")
    }


@pytest.mark.parametrize("term", ["xterm-256color", "dumb", "unknown", "vt100"])
def test_it_starts_rests_and_restores_whatever_the_terminal_calls_itself(term: str) -> None:
    written = _run(term, "empty")
    assert written.count(ALTERNATE_ON) == written.count(ALTERNATE_OFF) == 1
    assert len(written) < MOST_BYTES


def test_no_escape_of_a_stranger_reaches_the_terminal() -> None:
    written = _run("xterm-256color", "hostile", rows=90)  # room for all sixty
    assert b"owned" in written, "the hostile names must be on the screen"
    assert "␛]0;owned␇.zip".encode() in written
    for born_in_data in (b"\x1b]0;owned", b"\x1b]52;", b"\x1b[2J\x1b[H.bin", b"\x9b31m"):
        assert born_in_data not in written
    for number in range(6):
        assert f"owned{number}".encode() in written
    commands = re.findall(rb"\x1b[\]P_^X][^\x07\x1b]*|\x1b\[[^@-~]*[@-~]", written)
    assert not [command for command in commands if b"owned" in command]
    for hidden in ("\u202e", "\u2066", "\u200b", "\x85", "\x9b"):
        assert hidden.encode() not in written
