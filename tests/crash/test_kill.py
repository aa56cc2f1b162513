"""Row 51: ``kill -9`` at random moments costs only what sat in buffers (trap D6)."""

from __future__ import annotations

import os
import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.support.fault_server import FaultServer, Resource, check_file
from tui_dl.service.offline import read_stored

MIB = 1024 * 1024
KILLS = int(os.environ.get("CRASH_KILLS", "6"))
SIZE = int(os.environ.get("CRASH_KILL_MIB", "64")) * MIB
RATE_BPS = float(os.environ.get("CRASH_KILL_RATE", str(16 * MIB)))
"""Of all connections together; 0 is as fast as it goes."""

CONNECTIONS = 4
MOST_LOST_BYTES = 512 * 1024 * CONNECTIONS


@dataclass
class Account:
    """What the kills cost."""

    lost: list[int]
    waits_s: list[float]

    def __str__(self) -> str:
        lost = [amount / 1024 for amount in self.lost]
        return (
            f"{len(lost)} kills: fetched again {median(lost):.0f} KiB median, {max(lost):.0f} KiB "
            f"worst; start to first request {median(self.waits_s):.2f} s median, "
            f"{max(self.waits_s):.2f} s worst"
        )


def start(place: Place, url: str) -> subprocess.Popen[bytes]:
    return place.start("get", "-q", "-x", str(CONNECTIONS), "-d", "target", url)


def kill_once(
    place: Place, server: FaultServer, url: str, rng: random.Random, account: Account, number: int
) -> None:
    """Start, let a random part of the file come, kill, and count what must come again."""
    asked, sent = len(server.requests()), server.bytes_sent()
    began_s = time.monotonic()
    process = start(place, url)
    try:
        wanted = sent + rng.uniform(0.2, 0.9) * SIZE / (KILLS + 1)
        server.wait_for(lambda s: s.bytes_sent() > wanted, LIMIT_S)
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == -9, f"it was over before kill {number}"
    server.wait_idle()
    account.waits_s.append(server.requests()[asked].started_s - began_s)
    (row,) = read_stored(place.folder / "state").downloads
    account.lost.append(server.bytes_sent() - sum(account.lost) - row.done_bytes)


def test_kills_cost_what_sat_in_buffers(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    place, account = Place(tmp_path), Account([], [])
    with FaultServer(sndbuf_bytes=64 * 1024) as server:
        url = server.add(Resource(path="/big.bin", size=SIZE, rate_bps=RATE_BPS / CONNECTIONS))
        rng = random.Random(51)
        for number in range(KILLS):
            kill_once(place, server, url, rng, account, number)
        last = start(place, url)
        _, err = last.communicate(timeout=10 * LIMIT_S)
        assert last.returncode == 0, err
        check_file(place.target / "big.bin", 1, SIZE)
        assert [path.name for path in place.target.iterdir()] == ["big.bin"]
        print(account)
        assert max(account.lost) <= MOST_LOST_BYTES
        assert server.bytes_sent() - SIZE <= MOST_LOST_BYTES * KILLS


@pytest.mark.parametrize("kills", [5])
def test_kills_of_the_app_on_a_terminal(tmp_path: Path, kills: int) -> None:
    """The same through the screen: its process holds the engine."""
    import pexpect

    (tmp_path / "target").mkdir()
    place = Place(tmp_path)
    size = 24 * MIB
    with FaultServer(sndbuf_bytes=64 * 1024) as server:
        url = server.add(Resource(path="/big.bin", size=size, rate_bps=3 * MIB))
        for number in range(kills):
            sent = server.bytes_sent()
            argv = place.argv("-d", "target", "--no-api", *([url] if number == 0 else []))
            terminal = pexpect.spawn(
                argv[0], argv[1:], cwd=str(place.folder), env={**place.environ, "TERM": "xterm"}
            )
            wanted = sent + size // (kills + 3)
            server.wait_for(lambda s, w=wanted: s.bytes_sent() > w, LIMIT_S)  # type: ignore[misc] # bound now
            terminal.kill(9)
            terminal.close(force=True)
            server.wait_idle()
        done = place.run("get", "-q", "-d", "target", url)
        assert done.returncode == 0, done.stderr
        check_file(place.target / "big.bin", 1, size)
        assert [path.name for path in place.target.iterdir()] == ["big.bin"]
        lost = server.bytes_sent() - size
        print(f"{kills} kills of the app: {lost / kills / 1024:.0f} KiB fetched again for each")
        assert lost <= 512 * 1024 * 16 * kills
