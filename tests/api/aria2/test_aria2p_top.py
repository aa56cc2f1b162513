"""aria2p's full-screen interface in a terminal: it shows live downloads and steers them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest

from tests.api.aria2.serving import aria2_server
from tests.support.fault_server import FaultServer, Resource

pytest.importorskip("asciimatics", reason="aria2p is installed without its [tui] extra")

COLUMNS, LINES = 140, 24
MIB = 1024 * 1024
WAIT_S = 60.0


class Terminal:
    """A program in a pty, and what its screen shows."""

    def __init__(self, command: str, *arguments: str) -> None:
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.Stream(self._screen)
        self._child = pexpect.spawn(
            command,
            list(arguments),
            dimensions=(LINES, COLUMNS),
            encoding="utf-8",
            # A size in the environment, as test runners set it, would win over the terminal's.
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "COLUMNS": str(COLUMNS),
                "LINES": str(LINES),
            },
        )

    def until(self, *words: str, without: str = "\0") -> str:
        """Feed the screen until it shows all of these, and return its text.

        A program whose output nobody reads stands still, so every wait is this one.
        """
        end_s = time.monotonic() + WAIT_S
        while time.monotonic() < end_s:
            text = "\n".join(self._screen.display)
            if all(word in text for word in words) and without not in text:
                return text
            try:
                self._stream.feed(self._child.read_nonblocking(65536, timeout=0.2))
            except pexpect.TIMEOUT:
                continue
        raise AssertionError(f"{words} never came:\n{text}")

    def press(self, keys: str) -> None:
        """Type."""
        self._child.send(keys)

    def end(self) -> int:
        """Wait for the program's own end and return its exit code."""
        self._child.expect(pexpect.EOF, timeout=WAIT_S)
        self._child.close()
        return int(self._child.exitstatus)

    def kill(self) -> None:
        """End it, if it runs."""
        self._child.close(force=True)


async def test_top_shows_and_steers(fault_server: FaultServer, tmp_path: Path) -> None:
    url = fault_server.add(Resource(path="/live.iso", size=4 * MIB, rate_bps=16 * 1024))
    async with aria2_server(tmp_path, token=None) as server:
        gid = await server.call("addUri", [url], {"split": "1"})
        other = await server.call("addUri", [url], {"pause": "true", "out": "other.iso"})
        program = str(Path(sys.executable).with_name("aria2p"))
        terminal = Terminal(program, "-p", str(server.port), "top")
        try:
            shown = (gid, "live.iso", "active", "4.00 MiB", "KiB/s", other, "other.iso", "paused")
            await asyncio.to_thread(terminal.until, *shown)
            terminal.press("P")
            await asyncio.to_thread(terminal.until, gid, "paused", without="active")
            assert (await server.status(gid))["status"] == "paused"
            terminal.press("q")
            assert await asyncio.to_thread(terminal.end) == 0
        finally:
            terminal.kill()
