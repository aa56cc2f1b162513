"""The app on an engine elsewhere, on a real terminal: each key does there what it does here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pexpect
import pyte
import pytest

from tests.cli.processes import LIMIT_S
from tests.cli.stages import Stage
from tests.cli.test_connect_process import ENDLESS
from tests.support.server import FaultServer
from tests.support.surge_server import TOKEN, SurgeServer

BARS = frozenset("▁▂▃▄▅▆▇█")


class Screen:
    """What a terminal shows while a program paints on it."""

    def __init__(self, child: pexpect.spawn) -> None:
        self.child = child
        rows, columns = child.getwinsize()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)

    @property
    def text(self) -> str:
        """All that is shown now."""
        return "\n".join(self._screen.display)

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """Paint on until ``holds`` says something true, and return that."""
        end_s = time.monotonic() + LIMIT_S
        while time.monotonic() < end_s:
            found = holds()
            if found:
                return found
            try:
                self._stream.feed(self.child.read_nonblocking(65536, timeout=0.2))
            except pexpect.TIMEOUT:
                continue
        pytest.fail(f"{what} did not come; the screen:\n{self.text}")

    def shows(self, words: str) -> None:
        """Wait until the words are shown."""
        self.until(lambda: words in self.text, repr(words))

    def press(self, *keys: str) -> None:
        """Send keys, each by itself, as fingers do."""
        for key in keys:
            self.child.send(key)

    def type(self, text: str) -> None:
        """Type into the field that has the focus, see it there, and press enter."""
        self.child.send(text)
        self.shows(text)
        self.child.send("\r")

    def leave(self) -> None:
        """Quit, and see that the app ends well."""
        self.press("q")
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0


def drive(
    screen: Screen, url: str, rows: Callable[[], list[dict[str, Any]]], limit: Callable[[], int]
) -> None:
    """Add, watch, pause, resume and limit with keys; look at the server for each."""

    def one(**wanted: Any) -> Callable[[], bool]:
        return lambda: any(wanted.items() <= row.items() for row in rows())

    screen.press("a")
    screen.shows("Paste one link or many")
    screen.type(url)
    screen.until(one(status="downloading"), "the download")
    screen.shows("endless.bin")
    screen.until(lambda: "▼" in screen.text, "the sum of the rates")
    before = screen.text.splitlines()
    screen.until(
        lambda: any(BARS & set(line) and line not in before for line in screen.text.splitlines()),
        "a graph that moves",
    )
    screen.press("p")
    screen.until(one(status="paused"), "the pause")
    screen.shows("paused")
    screen.press("r")
    screen.until(one(status="downloading"), "the resumption")
    screen.press("l")
    screen.shows("Limit the rate")
    screen.type("50K")
    screen.until(one(rate_limit=50 * 1024, rate_limit_set=True), "the limit of one")
    screen.until(lambda: "Limit the rate" not in screen.text, "the end of the dialog")
    screen.press("L")
    screen.shows("Limit the rate")
    screen.type("2M")
    screen.until(lambda: limit() == 2 * 1024 * 1024, "the limit of all")


def test_each_key_steers_a_tui_dl_elsewhere(stage: Stage, fault_server: FaultServer) -> None:
    server = stage.serve()
    token = stage.server.run("token").stdout.decode().strip()
    screen = Screen(stage.connect())
    with httpx.Client(
        base_url=f"http://127.0.0.1:{stage.port}",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=LIMIT_S,
    ) as http:

        def rows() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = http.get("/list").json()
            return found

        def limit() -> int:
            return int(http.get("/tui-dl/snapshot").json()["limit_bps"])

        screen.shows("help")
        drive(screen, fault_server.add(ENDLESS), rows, limit)
        screen.shows("limit 2.10 MB/s")
        server.kill()
        server.wait(LIMIT_S)
        screen.shows("out of reach")
        stage.serve()
        screen.until(lambda: "out of reach" not in screen.text, "the engine")
        screen.until(lambda: "▼" in screen.text, "bytes after the kill")
        screen.press("d")
        screen.until(lambda: rows() == [], "the deletion")
        assert (stage.server.target / "endless.bin.part").exists(), "files stay"
    screen.leave()


def test_each_key_that_a_surge_server_knows_works_there_and_others_say_so(stage: Stage) -> None:
    with SurgeServer() as surge:
        screen = Screen(stage.connect(surge.address, TOKEN))
        screen.shows("help")
        drive(
            screen,
            "http://127.0.0.1:9/endless.bin",
            lambda: list(surge.rows.values()),
            lambda: surge.global_rate,
        )
        screen.press("\r")
        screen.shows("127.0.0.1:9")
        screen.press("\x1b")
        screen.shows("Queued 0")  # else both are one key with alt
        screen.press("m")
        screen.shows("Folder")
        screen.shows("/srv")
        screen.type("/elsewhere")
        screen.shows("A Surge server cannot do this")
        screen.press("d")
        screen.until(lambda: not surge.rows, "the deletion")
        screen.leave()
        documented = {"/list", "/events", "/download", "/pause", "/resume", "/delete"}
        documented |= {"/rate-limit", "/rate-limit/global"}
        paths = {line.split()[1] for line in surge.seen}
        # It is asked once who it is.
        assert paths - documented == {"/tui-dl/snapshot"}
