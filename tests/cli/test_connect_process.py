"""``connect`` on a terminal: the app on an engine of another process, lost and found again."""

from __future__ import annotations

import signal

import pexpect
import pytest

from tests.cli.processes import LIMIT_S
from tests.cli.stages import Stage
from tests.support.resource import Resource
from tests.support.server import FaultServer

ENDLESS = Resource(path="/endless.bin", size=1 << 30, rate_bps=8192)


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
