"""``get`` and its neighbours as real processes: signals, kills, locks, terminals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.support.resource import Resource
from tests.support.server import FaultServer

MIB = 1024 * 1024
SLOW = Resource(path="/slow.bin", size=12 * MIB, rate_bps=2 * MIB)
ENDLESS = Resource(path="/endless.bin", size=1024 * MIB, rate_bps=MIB)
"""Still running whenever a test looks."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "target").mkdir()
    return Place(tmp_path)


@pytest.fixture
def started(place: Place) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Collect processes; none outlives its test."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def check_file(path: Path, resource: Resource) -> None:
    assert path.read_bytes() == resource.body.read(0, resource.length)
    assert not list(path.parent.glob("*.part"))


def wait_for_bytes(server: FaultServer, amount: int) -> None:
    server.wait_for(lambda it: it.bytes_sent() > amount, LIMIT_S)


def test_a_file_arrives_and_its_path_is_alone_on_stdout(
    place: Place, fault_server: FaultServer
) -> None:
    resource = Resource(path="/a%20b.bin", size=3 * MIB + 5)
    url = fault_server.add(resource)

    done = place.run("get", "-d", "target", url)

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == f"{place.target}/a b.bin\n"
    check_file(place.target / "a b.bin", resource)


def test_the_same_command_again_fetches_nothing(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/once.bin", size=64 * MIB))
    first = place.run("get", "-d", "target", url)
    sent = fault_server.bytes_sent()

    second = place.run("get", "-d", "target", url)

    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert b"the server still has the same" in second.stderr
    assert [path.name for path in place.target.iterdir()] == ["once.bin"]
    # A look at the source begins a body that nobody reads: only sockets' buffers fill.
    fault_server.wait_idle()
    assert fault_server.bytes_sent() - sent < 32 * MIB


def test_a_name_that_is_taken_gets_a_number(place: Place, fault_server: FaultServer) -> None:
    resource = Resource(path="/name.bin", size=1000)
    url = fault_server.add(resource)
    (place.target / "name.bin").write_text("mine")

    done = place.run("get", "-d", "target", url)

    assert done.returncode == 0
    assert done.stdout.decode() == f"{place.target}/name (1).bin\n"
    assert (place.target / "name.bin").read_text() == "mine"


def test_what_fails_is_a_sentence_and_can_be_tried_again(
    place: Place, fault_server: FaultServer
) -> None:
    url = fault_server.url("/later.bin")
    failed = place.run("get", "-d", "target", url)
    fault_server.add(Resource(path="/later.bin", size=1000))

    again = place.run("get", "-d", "target", url)

    assert failed.returncode == 1
    assert failed.stdout == b""
    assert b"404" in failed.stderr
    assert b"Traceback" not in failed.stderr
    assert again.returncode == 0, again.stderr
    assert b"in the list already" in again.stderr


def test_a_refused_connection_is_a_sentence(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.url("/x")
    fault_server.close()

    done = place.run("get", "-m", "1", url)

    assert done.returncode == 1
    assert b"refused" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_target_that_is_no_folder_is_a_sentence(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/x.bin", size=1000))
    (place.folder / "file").write_text("in the way")

    done = place.run("get", "-d", "file", url)

    assert done.returncode == 4, done.stderr
    assert b"Traceback" not in done.stderr
    assert (place.folder / "file").read_text() == "in the way"


def test_a_wrong_digest_is_exit_3(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/x.bin", size=1000))

    done = place.run("get", "-d", "target", "--checksum", f"sha-256={'0' * 64}", url)

    assert done.returncode == 3, done.stderr
    assert done.stdout == b""
    assert not (place.target / "x.bin").exists()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_saves_and_ends(
    place: Place,
    fault_server: FaultServer,
    started: list[subprocess.Popen[bytes]],
    number: signal.Signals,
    code: int,
) -> None:
    """Trap D12."""
    url = fault_server.add(SLOW)
    process = place.start("get", "-d", "target", url)
    started.append(process)
    wait_for_bytes(fault_server, 4 * MIB)

    process.send_signal(number)
    out, err = process.communicate(timeout=LIMIT_S)

    assert process.returncode == code, err
    assert out == b""
    assert b"The same command continues" in err
    assert b"Traceback" not in err
    fault_server.wait_idle()
    sent = fault_server.bytes_sent()

    again = place.run("get", "-d", "target", url)

    assert again.returncode == 0, again.stderr
    assert b"continuing" in again.stderr
    check_file(place.target / "slow.bin", SLOW)
    # What was on its way in sockets and buffers is fetched again, what was written is not.
    assert fault_server.bytes_sent() - sent < SLOW.size - MIB


def test_a_hangup_that_the_parent_ignores_stays_ignored(
    place: Place, fault_server: FaultServer, started: list[subprocess.Popen[bytes]]
) -> None:
    url = fault_server.add(SLOW)
    process = place.start("get", "-d", "target", url, prefix=["nohup"])
    started.append(process)
    wait_for_bytes(fault_server, MIB)

    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=LIMIT_S)

    assert process.returncode == 0, err
    check_file(place.target / "slow.bin", SLOW)


def test_kills_cost_nothing_that_was_written(
    place: Place, fault_server: FaultServer, started: list[subprocess.Popen[bytes]]
) -> None:
    url = fault_server.add(SLOW)
    kills = 4
    for kill in range(1, kills + 1):
        process = place.start("get", "-d", "target", url)
        started.append(process)
        wait_for_bytes(fault_server, fault_server.bytes_sent() + SLOW.size // (kills + 3))
        process.kill()
        process.communicate(timeout=LIMIT_S)
        assert process.returncode == -signal.SIGKILL, f"it was over before kill {kill}"

    done = place.run("get", "-d", "target", url)

    assert done.returncode == 0, done.stderr
    check_file(place.target / "slow.bin", SLOW)


def test_one_process_owns_the_state_and_others_say_who(
    place: Place, fault_server: FaultServer, started: list[subprocess.Popen[bytes]]
) -> None:
    url = fault_server.add(ENDLESS)
    process = place.start("get", "-d", "target", url)
    started.append(process)
    wait_for_bytes(fault_server, MIB)

    second = place.run("serve")
    listing = place.run("ls", "--json")
    checkup = place.run("doctor")

    assert second.returncode == 5
    assert f"process {process.pid}".encode() in second.stderr
    assert second.stderr.count(b"\n") == 1
    assert checkup.returncode == 0, checkup.stdout
    assert f"held by process {process.pid}".encode() in checkup.stdout
    row = json.loads(listing.stdout)
    assert row["name"] == "endless.bin"
    assert row["total_bytes"] == ENDLESS.size
    assert 0 < row["done_bytes"] < ENDLESS.size, "the journal tells what the catalog does not yet"


def test_get_leaves_the_queue_of_others_alone(
    place: Place, fault_server: FaultServer, started: list[subprocess.Popen[bytes]]
) -> None:
    theirs = fault_server.add(ENDLESS)
    ours = fault_server.add(Resource(path="/ours.bin", size=1000))
    process = place.start("get", "-d", "target", theirs)
    started.append(process)
    wait_for_bytes(fault_server, MIB)
    process.kill()
    process.communicate(timeout=LIMIT_S)
    fault_server.wait_idle()
    asked = len(fault_server.requests("/endless.bin"))

    done = place.run("get", "-d", "target", ours)

    assert done.returncode == 0
    assert len(fault_server.requests("/endless.bin")) == asked
    rows = [json.loads(line) for line in place.run("ls", "--json").stdout.splitlines()]
    assert {row["name"]: row["status"] for row in rows} == {
        "endless.bin": "queued",
        "ours.bin": "completed",
    }


def test_a_repaired_state_is_said(place: Place, fault_server: FaultServer) -> None:
    """Trap D10: damage costs what was hit, and is told."""
    url = fault_server.add(Resource(path="/one.bin", size=1000))
    place.run("get", "-d", "target", url)
    catalog = place.folder / "state" / "catalog.sqlite3"
    with catalog.open("r+b") as file:
        file.write(b"\0" * 100)

    done = place.run("get", "-d", "target", fault_server.add(Resource(path="/two.bin", size=1000)))

    assert done.returncode == 0, done.stderr
    assert b"damaged" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_closed_pipe_ends_nothing(place: Place, fault_server: FaultServer) -> None:
    resource = Resource(path="/pipe.bin", size=MIB)
    url = fault_server.add(resource)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            place.argv("get", "-d", "target", url),
            env=place.environ,
            cwd=place.folder,
            stdout=gone,
            stderr=gone,
            timeout=LIMIT_S,
            check=False,
        )

    assert done.returncode == 0
    check_file(place.target / "pipe.bin", resource)


def test_a_terminal_shows_a_bar_and_keeps_the_result(
    place: Place, fault_server: FaultServer
) -> None:
    url = fault_server.add(SLOW)
    argv = place.argv("get", "-d", "target", url)
    terminal = pexpect.spawn(
        argv[0],
        argv[1:],
        cwd=str(place.folder),
        env={**place.environ, "TERM": "xterm-256color"},
        dimensions=(24, 80),
        timeout=LIMIT_S,
        encoding="utf-8",
    )

    terminal.expect(r"slow\.bin +━.* \d+% +12\.6 MB +[\d.]+ [kM]?B/s")
    terminal.expect("slow.bin: 12.6 MB in")
    terminal.expect_exact(f"{place.target}/slow.bin")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    check_file(place.target / "slow.bin", SLOW)


def test_a_terminal_that_closes_saves_the_state(place: Place, fault_server: FaultServer) -> None:
    """Trap D12: a terminal that goes away is a hangup and makes writes fail."""
    url = fault_server.add(SLOW)
    argv = place.argv("get", "-d", "target", url)
    terminal = pexpect.spawn(
        argv[0], argv[1:], cwd=str(place.folder), env=place.environ, timeout=LIMIT_S
    )
    wait_for_bytes(fault_server, 4 * MIB)

    os.close(terminal.child_fd)
    _, status = os.waitpid(terminal.pid, 0)

    assert os.waitstatus_to_exitcode(status) == 129
    done = place.run("get", "-d", "target", url)
    assert b"continuing" in done.stderr
    check_file(place.target / "slow.bin", SLOW)
