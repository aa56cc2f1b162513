"""Trap D9: ``get`` in two shells at once, as users of curl and aria2 do it.

The first one owns the state and lets the others in; when it ends, one of them takes over.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.support.behaviours.ranges import cap, ignore_range
from tests.support.body import check_file
from tests.support.resource import Resource
from tests.support.server import FaultServer

MIB = 1024 * 1024
SMALL = Resource(path="/small.bin", size=100_000)
BIG = Resource(path="/big.bin", size=8 * MIB, rate_bps=MIB // 2, seed=7)
"""With one connection it takes as long as a test needs."""
ENDLESS = Resource(path="/endless.bin", size=1024 * MIB, rate_bps=MIB // 4)

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Shells(Place):
    """Commands in the background that end with the test."""

    running: list[Process] = field(default_factory=list)

    def get(self, url: str, *args: str) -> Process:
        """Start a ``get``."""
        process = self.start("get", "-x", "1", "-d", "target", *args, url)
        self.running.append(process)
        return process


@pytest.fixture
def shells(tmp_path: Path) -> Iterator[Shells]:
    (tmp_path / "target").mkdir()
    made = Shells(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def ended(process: Process, code: int = 0) -> tuple[str, str]:
    """Wait for an end; return stdout and stderr."""
    out, err = (text.decode() for text in process.communicate(timeout=LIMIT_S))
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out, err


def moving(server: FaultServer, resource: Resource, amount: int = MIB // 2) -> None:
    """Wait until so much of a resource is on its way."""
    server.wait_for(lambda it: it.bytes_sent(resource.path) > amount, LIMIT_S)


def full(server: FaultServer, resource: Resource) -> None:
    """Let a resource come at once from the next request on."""
    server.replace(Resource(path=resource.path, size=resource.size, seed=resource.seed))


def test_a_second_get_fetches_while_the_first_one_does(
    shells: Shells, fault_server: FaultServer
) -> None:
    first = shells.get(fault_server.add(ENDLESS), "-j", "1")
    moving(fault_server, ENDLESS)
    out, err = ended(shells.get(fault_server.add(SMALL)))
    assert out == f"{shells.target}/small.bin\n"
    assert "it fetches for both" in err
    check_file(shells.target / "small.bin", SMALL.seed, SMALL.size)
    sent = fault_server.bytes_sent(ENDLESS.path)
    moving(fault_server, ENDLESS, sent + MIB // 2)
    assert first.poll() is None


def test_four_at_once_all_end_with_their_files(shells: Shells, fault_server: FaultServer) -> None:
    """Nobody waits for a slot of another's, and nobody for an end of another's."""
    files = [Resource(path=f"/{n}.bin", size=MIB, rate_bps=MIB // 4, seed=n) for n in range(4)]
    processes = [shells.get(fault_server.add(file), "-j", "1") for file in files]
    fault_server.wait_for(lambda it: all(it.bytes_sent(file.path) for file in files), LIMIT_S)
    for process, file in zip(processes, files, strict=True):
        out, _ = ended(process)
        assert out == f"{shells.target}{file.path}\n"
        check_file(shells.target / file.path[1:], file.seed, file.size)


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGKILL])
def test_who_watched_takes_over_when_the_first_one_ends(
    shells: Shells, fault_server: FaultServer, number: signal.Signals | None
) -> None:
    shorter = Resource(path="/shorter.bin", size=3 * MIB, rate_bps=MIB)
    first = shells.get(fault_server.add(ENDLESS if number else shorter))
    moving(fault_server, ENDLESS if number else shorter, 1)
    second = shells.get(fault_server.add(BIG))
    moving(fault_server, BIG)
    if number is not None:
        first.send_signal(number)
    ended(first, 0 if number is None else 130 if number is signal.SIGINT else -number)
    full(fault_server, BIG)
    fault_server.drop_connections()

    out, err = ended(second)

    assert out == f"{shells.target}/big.bin\n"
    check_file(shells.target / "big.bin", BIG.seed, BIG.size)
    assert fault_server.requests(BIG.path)[-1].range is not None
    assert fault_server.requests(BIG.path)[-1].range != (0, None), err


def test_the_same_file_twice_is_one_download_and_two_answers(
    shells: Shells, fault_server: FaultServer
) -> None:
    url = fault_server.add(BIG)
    first = shells.get(url)
    moving(fault_server, BIG)
    second = shells.get(url)
    assert second.stderr is not None
    assert b"it fetches for both" in second.stderr.readline()
    assert b"continuing" in second.stderr.readline()
    full(fault_server, BIG)
    fault_server.drop_connections()
    assert ended(first)[0] == ended(second)[0] == f"{shells.target}/big.bin\n"
    check_file(shells.target / "big.bin", BIG.seed, BIG.size)
    assert [path.name for path in shells.target.iterdir()] == ["big.bin"]


def test_a_stopped_guest_takes_its_own_download_along_and_no_other(
    shells: Shells, fault_server: FaultServer
) -> None:
    shared = fault_server.add(ENDLESS)
    shells.get(shared)
    moving(fault_server, ENDLESS)
    guest = shells.start("get", "-x", "1", "-d", "target", shared, fault_server.add(BIG))
    shells.running.append(guest)
    moving(fault_server, BIG)
    guest.send_signal(signal.SIGINT)
    _, err = ended(guest, 130)
    assert "The same command continues" in err
    fault_server.wait_for(lambda it: it.open_connections() == 1, LIMIT_S)
    sent = fault_server.bytes_sent(ENDLESS.path)
    moving(fault_server, ENDLESS, sent + MIB // 2)


def test_what_cannot_be_continued_is_waited_for(shells: Shells, fault_server: FaultServer) -> None:
    """A server without ranges: taking over would begin at zero again."""
    whole = Resource(path="/whole.bin", size=8 * MIB, rate_bps=MIB)
    first = shells.get(fault_server.add(BIG, cap(65536)))
    moving(fault_server, BIG, 1)
    second = shells.get(fault_server.add(whole, ignore_range()))
    moving(fault_server, whole)
    full(fault_server, BIG)  # its next reply comes soon: each is short
    out, err = ended(first)
    assert out == f"{shells.target}/big.bin\n"
    assert "this one waits for it" in err
    ended(second)
    check_file(shells.target / "whole.bin", whole.seed, whole.size)
    assert len(fault_server.requests(whole.path)) == 1


def test_commands_steer_what_a_get_fetches(shells: Shells, fault_server: FaultServer) -> None:
    first = shells.get(fault_server.add(ENDLESS))
    moving(fault_server, ENDLESS)
    paused = shells.run("pause", "--all")
    assert paused.returncode == 0, paused.stderr
    out, err = ended(first, 1)
    assert out == ""
    assert "It was stopped" in err
