"""``connect`` on a terminal: the app on an engine of another process, lost and found again."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.support.ports import free_port
from tests.support.resource import Resource
from tests.support.server import FaultServer

ENDLESS = Resource(path="/endless.bin", size=1 << 30, rate_bps=8192)


class Stage:
    """A server in one folder, a client in another."""

    def __init__(self, folder: Path) -> None:
        for name in ("server/target", "client"):
            (folder / name).mkdir(parents=True)
        self.server, self.client = Place(folder / "server"), Place(folder / "client")
        self.port = free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.screen: pexpect.spawn | None = None

    def serve(self, *args: str) -> subprocess.Popen[bytes]:
        """Start the server at this stage's port."""
        process = self.server.start("serve", "--port", str(self.port), "-d", "target", *args)
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    def connect(self, address: str = "", token: str = "") -> pexpect.spawn:
        """Open the app on it, or on another server."""
        token = token or self.server.run("token").stdout.decode().strip()
        address = address or f"127.0.0.1:{self.port}"
        argv = self.client.argv("connect", address, "--token", token)
        self.screen = pexpect.spawn(
            argv[0],
            argv[1:],
            cwd=str(self.client.folder),
            env={**self.client.environ, "TERM": "xterm-256color"},
            dimensions=(24, 100),
            timeout=LIMIT_S,
            encoding="utf-8",
        )
        return self.screen


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    if stage.screen is not None:
        stage.screen.close(force=True)
    for process in stage.processes:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def test_the_app_loses_its_engine_and_finds_it_again(
    stage: Stage, fault_server: FaultServer
) -> None:
    server = stage.serve(fault_server.add(ENDLESS))
    screen = stage.connect()
    screen.expect("endless.bin")
    server.send_signal(signal.SIGKILL)
    server.wait(LIMIT_S)
    screen.expect("out of reach")
    seen = len(fault_server.requests())
    stage.serve()
    fault_server.wait_for(lambda s: len(s.requests()) > seen, LIMIT_S)
    # The app may still look for its engine: a key is answered with a refusal until then.
    # Only running downloads are paused by it, so once more does not resume.
    for _ in range(LIMIT_S):
        screen.send("p")
        if screen.expect(["paused", pexpect.TIMEOUT], timeout=1) == 0:
            break
    else:
        pytest.fail("the app did not find its engine again")
    screen.send("q")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
    assert stage.processes[-1].poll() is None, "the engine goes on after the app"


def test_nobody_there_is_a_sentence(stage: Stage) -> None:
    screen = stage.connect()
    screen.expect("cannot be reached")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 5
