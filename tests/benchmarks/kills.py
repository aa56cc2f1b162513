"""``python -m tests.benchmarks.kills``: what ``kill -9`` costs ``tui-dl get``.

Kills at random moments of one large file, again and again, then lets it finish and compares
every byte. Prints what had to come twice for each kill, and how long a restart takes to its
first byte. Nothing here may be faked: real processes, real servers.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks.ground import Ground, prepared, program, prove
from tests.benchmarks.paced_server import Manner, PacedServer
from tests.support.nginx import Nginx
from tui_dl.service.offline import read_stored

KIB, MIB = 1024, 1024 * 1024
LIMIT_S = 120.0
SEND_BUFFER_BYTES = 64 * KIB
ALLOWED_BYTES = 512 * KIB
"""For each connection that was open: receive buffers, and what was being written."""
_ESTABLISHED = "01"


@dataclass(frozen=True, order=True)
class Restart:
    """A start on a file that has bytes, up to the first byte that was added."""

    took_s: float
    ran_s: float
    """On processors, all threads together."""
    queued_s: float
    """Ready to run, but no processor was free: that is the machine's time, not ours."""


@dataclass
class Account:
    """One row of the table for each kill."""

    lost: list[int] = field(default_factory=list)
    allowed: list[int] = field(default_factory=list)
    restarts: list[Restart] = field(default_factory=list)
    """Without the starts that begin a file: the very first one compiles all our modules."""
    finished: int = 0
    """Runs that were over before they could be killed; a new file was begun."""

    @property
    def first_byte_s(self) -> list[float]:
        """How long each restart took to its first byte."""
        return [restart.took_s for restart in self.restarts]

    @property
    def is_met(self) -> bool:
        """Whether no kill cost more than its open connections allow."""
        return all(lost <= most for lost, most in zip(self.lost, self.allowed, strict=True))

    def __str__(self) -> str:
        lost = [amount / KIB for amount in self.lost]
        shares = [a / b for a, b in zip(self.lost, self.allowed, strict=True)]
        connections = [most // ALLOWED_BYTES for most in self.allowed]
        worst = max(self.restarts, default=Restart(0.0, 0.0, 0.0))
        return (
            f"{len(lost)} kills, {self.finished} files finished between them\n"
            f"fetched again: {median(lost):.0f} KiB median, {max(lost):.0f} KiB worst, at "
            f"{median(connections):.0f} connections (median); worst share of the bound "
            f"{max(shares):.0%}\n"
            f"restart to first byte, {len(self.restarts)} of them: "
            f"{median(self.first_byte_s or [0.0]):.2f} s median, {worst.took_s:.2f} s worst "
            f"({worst.ran_s:.2f} s on processors, {worst.queued_s:.2f} s in line for one)"
        )


@dataclass(frozen=True)
class Server:
    """What both kinds of server have in common."""

    url: str
    port: int
    sent_bytes: Callable[[], int]
    """Of requests that are over."""
    ended_since: Callable[[float], int]
    """How many requests were over after a wall time."""

    def settled_bytes(self) -> int:
        """Wait until nothing is under way any more, then return what was sent."""
        seen = -1
        while seen != (seen := self.sent_bytes()) or self.connections():
            time.sleep(0.03)
        return seen

    def connections(self) -> int:
        """Return how many clients' connections to it are open."""
        return self.queues()[0]

    def queues(self) -> tuple[int, int]:
        """Return how many connections are open, and what the server's side still holds.

        What it holds was counted as sent, and has not come to the client's side at all.
        """
        lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
        rows = [line.split()[1:5] for line in lines]
        wanted = f":{self.port:04X}"
        is_open = [to.endswith(wanted) and state == _ESTABLISHED for _, to, state, _ in rows]
        held = [int(queue.partition(":")[0], 16) for at, *_, queue in rows if at.endswith(wanted)]
        return sum(is_open), sum(held)


@contextmanager
def serving(source: Path, rate_mbps: float, connections: int) -> Iterator[Server]:
    """Serve ``source`` as fast as it goes, or at a rate for all connections together."""
    if rate_mbps:
        each = Manner(rate_mbps * 1e6 / connections)
        with PacedServer(source, lambda _number: each) as paced:
            port = int(paced.url.split(":")[2].split("/")[0])
            yield Server(paced.url, port, lambda: paced.sent_bytes, lambda _since_s: 0)
        return
    with Nginx(source.parent, send_buffer_bytes=SEND_BUFFER_BYTES) as nginx:
        yield Server(
            nginx.url(f"/{source.name}"),
            nginx.port,
            nginx.bytes_sent,
            lambda since_s: sum(request.ended_s >= since_s for request in nginx.requests),
        )


class Killer:
    """Starts and kills ``get`` on one file."""

    def __init__(self, ground: Ground, server: Server, source: Path, connections: int) -> None:
        self._ground = ground
        self._server = server
        self._source = source
        self._command = [*program(), "get", "-q", "-x", str(connections), "-d", str(ground.target)]
        self._part = ground.target / f"{server.url.rpartition('/')[2]}.part"
        self._before = 0
        """Bytes that were sent, less what was lost, when the file under way began."""

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command."""
        command = [*self._command, self._server.url]
        return subprocess.Popen(
            command, env=self._ground.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def kill_once(self, account: Account, share: float) -> None:
        """Start, wait for the first byte and ``share`` of the file, kill, count."""
        stamp = self._stamp()
        began_s = time.monotonic()
        process = self.start()
        with self._watched(process):
            while self._stamp() == stamp and process.poll() is None:
                time.sleep(0.0005)
            first_s = time.monotonic() - began_s
            restart = Restart(first_s, *_scheduled(process.pid))
            end = self._taken() + share * self._source.stat().st_size
            while self._taken() < end and process.poll() is None:
                time.sleep(0.0005)
            connections, unsent = self._server.queues()
            killed_s = time.time() - 0.001  # the server tells milliseconds
        if process.returncode == 0:
            self._begin_anew(account)
            return
        if stamp:
            account.restarts.append(restart)
        sent = self._server.settled_bytes() - self._before
        # A busy machine may halt us between the count and the kill: more may be open by then.
        connections = max(connections, self._server.ended_since(killed_s))
        (row,) = read_stored(self._ground.state).downloads
        lost = sent - row.done_bytes
        self._before += lost
        account.lost.append(max(0, lost - unsent))
        account.allowed.append(ALLOWED_BYTES * max(1, connections))

    def finish(self) -> None:
        """Let the command end, and compare every byte."""
        process = self.start()
        _, err = process.communicate(timeout=10 * LIMIT_S)
        if process.returncode:
            raise RuntimeError(err.decode())
        self._prove()

    def _prove(self) -> None:
        prove(self._part.with_suffix(""), self._source)
        left = [path.name for path in self._ground.target.iterdir()]
        if len(left) != 1:
            raise RuntimeError(f"beside the file: {left}")

    def _begin_anew(self, account: Account) -> None:
        self._prove()
        account.finished += 1
        self._ground.clear()
        self._before = self._server.settled_bytes()

    @contextmanager
    def _watched(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        try:
            yield
        finally:
            process.kill()
            process.communicate(timeout=LIMIT_S)

    def _stamp(self) -> int:
        """Return a number that changes with each write to the part."""
        with contextlib.suppress(FileNotFoundError):
            status = self._part.stat()
            return status.st_mtime_ns if status.st_blocks else 0
        return 0

    def _taken(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return self._part.stat().st_blocks * 512
        return 0


def _scheduled(pid: int) -> tuple[float, float]:
    """Return the seconds that the threads of a process ran, and stood in line to run."""
    ran_ns = queued_ns = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            ran, queued, _ = path.read_text("ascii").split()
            ran_ns, queued_ns = ran_ns + int(ran), queued_ns + int(queued)
    return ran_ns / 1e9, queued_ns / 1e9


def campaign(
    ground: Ground, source: Path, kills: int, seed: int, connections: int, rate_mbps: float = 0
) -> Account:
    """Kill ``get`` of one file ``kills`` times, let it finish, and compare every byte.

    Raises:
        RunFailedError, RuntimeError: the file is wrong, or the command failed.
    """
    rng, account = random.Random(seed), Account()
    with serving(source, rate_mbps, connections) as server:
        killer = Killer(ground, server, source, connections)
        tries = 0
        while len(account.lost) < kills and (tries := tries + 1) < 5 * kills:
            killer.kill_once(account, rng.uniform(0.0, 1.8) / (kills + 1))
        killer.finish()
    return account


def main() -> int:
    """Kill as often as asked; 1 when a kill cost more than its connections allow."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--size", type=int, default=1024, metavar="MIB")
    parser.add_argument("--rate", type=float, default=0, metavar="MB/S", help="0: full speed")
    parser.add_argument("--seed", type=int, default=51)
    parser.add_argument("-x", type=int, default=16, metavar="CONNECTIONS")
    flags = parser.parse_args()
    with prepared(None, 3 * flags.size * MIB) as ground:
        source = ground.source("big.bin", flags.size * MIB)
        account = campaign(ground, source, flags.kills, flags.seed, flags.x, flags.rate)
    speed = f"{flags.rate:g} MB/s" if flags.rate else "full speed"
    print(f"{flags.size} MiB at {speed}, seed {flags.seed}, load {os.getloadavg()[0]:.1f}")
    print(account)
    print(
        f"equal bytes each time; bound of {ALLOWED_BYTES // KIB} KiB x connections: "
        f"{'met' if account.is_met else 'MISSED'}"
    )
    return 0 if account.is_met else 1


if __name__ == "__main__":
    sys.exit(main())
