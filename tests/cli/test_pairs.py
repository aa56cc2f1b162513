"""Row 56 and trap D9: two tui-dl on one state, in the pairings that no other test has.

``get`` with ``get`` is in ``test_two_gets.py``; ``serve`` with ``serve`` and ``get``, and the app
with the app are beside the tests of those commands.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.cli.stages import end_terminals
from tests.support.body import check_file
from tests.support.resource import Resource
from tests.support.server import FaultServer

MIB = 1024 * 1024
ENDLESS = Resource(path="/endless.bin", size=1024 * MIB, rate_bps=MIB)
SMALL = Resource(path="/small.bin", size=100_000)


@dataclass
class Pair:
    """An owner of the state, and whoever comes second."""

    place: Place
    opened: list[pexpect.spawn] = field(default_factory=list)

    def own(self, *args: str) -> pexpect.spawn:
        """Start something on a terminal that keeps the state."""
        argv = self.place.argv(*args)
        environ = {**self.place.environ, "TERM": "xterm-256color"}
        terminal = pexpect.spawn(
            argv[0],
            argv[1:],
            cwd=str(self.place.folder),
            env=environ,
            timeout=LIMIT_S,
            encoding="utf-8",
        )
        self.opened.append(terminal)
        return terminal

    def rows(self) -> list[tuple[str | None, str]]:
        """Return name and status of all downloads, as another process reads them."""
        done = self.place.run("ls", "--json")
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [(line["name"], line["status"]) for line in lines]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    (tmp_path / "target").mkdir()
    made = Pair(Place(tmp_path))
    yield made
    end_terminals(made.opened)


def refused(done: subprocess.CompletedProcess[bytes], owner: pexpect.spawn) -> bool:
    """Return whether a command ended with one sentence that names the owner."""
    said = done.stderr.decode()
    return done.returncode == 5 and f"process {owner.pid}" in said and said.count("\n") == 1


def test_the_app_serves_get_and_add_and_refuses_serve(
    pair: Pair, fault_server: FaultServer
) -> None:
    owner = pair.own("--set", "downloads.connections=4", "-d", "target", fault_server.add(ENDLESS))
    fault_server.wait_for(lambda server: server.bytes_sent() > MIB, LIMIT_S)
    got = pair.place.run("get", "-d", "target", fault_server.add(SMALL))
    assert got.returncode == 0, got.stderr
    check_file(pair.place.target / "small.bin", SMALL.seed, SMALL.size)
    added = pair.place.run("add", "--paused", fault_server.url("/later.bin"))
    assert added.returncode == 0, added.stderr
    assert refused(pair.place.run("serve"), owner)
    assert len(pair.rows()) == 3
    owner.send("q")
    owner.expect(pexpect.EOF)
    assert len(pair.rows()) == 3, "all of it is kept"


def test_get_refuses_the_app_and_serve(pair: Pair, fault_server: FaultServer) -> None:
    owner = pair.own("get", "-x", "4", "-d", "target", fault_server.add(ENDLESS))
    fault_server.wait_for(lambda server: server.bytes_sent() > MIB, LIMIT_S)
    assert refused(pair.place.run("serve"), owner)
    app = pair.own()
    app.expect(f"tui-dl: .*process {owner.pid}")
    app.expect(pexpect.EOF)
    app.close()
    assert app.exitstatus == 5
    assert refused(pair.place.run("connect"), owner)
    added = pair.place.run("add", "--paused", fault_server.url("/later.bin"))
    assert added.returncode == 0, added.stderr
    assert len(pair.rows()) == 2
    sent = fault_server.bytes_sent()
    fault_server.wait_for(lambda server: server.bytes_sent() > sent + MIB, LIMIT_S)


def test_an_app_without_a_port_cannot_be_reached(pair: Pair, fault_server: FaultServer) -> None:
    owner = pair.own("--no-api", "--paused")
    owner.expect("Queue")
    for args in (("add", "http://127.0.0.1:9/x"), ("get", "http://127.0.0.1:9/x"), ("connect",)):
        done = pair.place.run(*args)
        assert refused(done, owner), args
        assert b"its API is off" in done.stderr


def test_the_app_shows_the_list_of_serve(pair: Pair, fault_server: FaultServer) -> None:
    owner = pair.own(
        "serve", "--set", "downloads.connections=4", "-d", "target", fault_server.add(ENDLESS)
    )
    fault_server.wait_for(lambda server: server.bytes_sent() > MIB, LIMIT_S)
    app = pair.own()
    app.expect("Another tui-dl runs already")
    app.expect("endless.bin")
    app.send("q")
    app.expect(pexpect.EOF)
    assert owner.isalive(), "leaving the second must not end the first"


def test_all_at_once_keep_what_they_say_that_they_kept(
    pair: Pair, fault_server: FaultServer
) -> None:
    """Nobody was first: whoever finds the state taken waits its turn."""
    place = pair.place
    urls = [fault_server.url(f"/{number}.bin") for number in range(4)]
    commands = [("add", "--paused", url) for url in urls]
    started = [place.start(*command) for command in commands]
    started.append(place.start("get", "-d", "target", fault_server.add(SMALL)))
    for process in started:
        _, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0, err
        assert b"Traceback" not in err
    rows = pair.rows()
    assert len(rows) == len(started), rows
    assert ("small.bin", "completed") in rows
    check_file(place.target / "small.bin", SMALL.seed, SMALL.size)
