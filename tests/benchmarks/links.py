"""P2, P3, P5 and P12: servers and links on which the strategy decides, not the CPU."""

from __future__ import annotations

from tests.benchmarks.bench import Bench
from tests.benchmarks.ground import MIB
from tests.benchmarks.measuring import Sample, Summary, interleave
from tests.benchmarks.paced_server import Habit, Manner, PacedServer
from tests.benchmarks.programs import ONE_FILE, US, OneFile
from tests.benchmarks.results import Goal, Report, ratio_goals, table
from tests.support.netproxy import NetProxy, Network
from tests.support.nginx import Nginx

STRAGGLER_BYTES = 96 * MIB
FAST_BPS = 8_000_000
SLOW_BPS = 64_000
IDEAL_CONNECTIONS = 16


def p2(bench: Bench) -> list[Report]:
    """Measure against a server that gives each connection 2 MiB/s."""
    source = bench.ground.source("throttled.bin", 192 * MIB)
    with PacedServer(source, lambda _: Manner(2 * MIB)) as server:
        found = _paced(bench, server, (US, "aria2c", "axel"))
    return [
        Report(
            "P2",
            "2 MiB/s a connection, 192 MiB",
            table(found, columns=("wall", "cpu", "fetched")),
            ratio_goals(found, ("aria2c", "axel"), 0.5),
        )
    ]


def straggler(number: int) -> Manner:
    """Return the manner of a connection: every sixth is slow, the 4th stalls, the 5th resets."""
    if number == 4:
        return Manner(FAST_BPS, Habit.STALLS)
    if number == 5:
        return Manner(FAST_BPS, Habit.RESETS)
    return Manner(SLOW_BPS if number % 6 == 0 else FAST_BPS)


def p3(bench: Bench) -> list[Report]:
    """Measure against a server with stragglers."""
    source = bench.ground.source("stragglers.bin", STRAGGLER_BYTES)
    slow = ("aria2c", "axel", "curl")
    with PacedServer(source, straggler) as server:
        found = _paced(bench, server, (US, *slow), once=frozenset(slow))
    ideal_s = STRAGGLER_BYTES / (IDEAL_CONNECTIONS * FAST_BPS)
    ours = found[US]
    return [
        Report(
            "P3",
            f"stragglers, 96 MiB, ideal {ideal_s:.2f} s with {IDEAL_CONNECTIONS} connections",
            [
                *table(found, columns=("wall", "cpu", "fetched")),
                "against the ideal: "
                + ", ".join(
                    f"{name} {summary.wall_s / ideal_s:.1f}x" for name, summary in found.items()
                ),
            ],
            [
                Goal("wall against the ideal", ours.wall_s / ideal_s, 1.2),
                Goal("fetched against the size", ours.fetched_bytes / STRAGGLER_BYTES, 1.05),
            ],
        )
    ]


def _paced(
    bench: Bench,
    server: PacedServer,
    names: tuple[str, ...],
    *,
    once: frozenset[str] = frozenset(),
) -> dict[str, Summary]:
    job = OneFile(server.url, bench.ground.target / "file.bin")

    def attempt(name: str) -> Sample:
        server.start_over()
        return bench.fetch(
            ONE_FILE[name](job), job.path, server.path, fetched=lambda: server.sent_bytes
        )

    return interleave(names, attempt, bench.runs, once=once, say=bench.say)


def p5(bench: Bench) -> list[Report]:
    """Measure over a long link that gives each connection 1.6 MB/s."""
    network = Network(rtt_s=0.08, rate_bps=1_600_000)
    found = _linked(bench, network, 64 * MIB, ("axel", "aria2c", "curl"), once=frozenset({"curl"}))
    return [
        Report(
            "P5",
            "80 ms RTT, 1.6 MB/s a connection, 64 MiB",
            table(found, columns=("wall", "cpu", "fetched")),
            ratio_goals(found, ("axel", "aria2c", "curl"), 1.05),
        )
    ]


def p12(bench: Bench) -> list[Report]:
    """Measure over one full link, where more connections bring nothing."""
    size_bytes = 192 * MIB
    network = Network(link_bps=50_000_000)
    found = _linked(bench, network, size_bytes, ("curl", "aria2c", "axel"))
    return [
        Report(
            "P12",
            "one shared link of 400 Mbit/s, 192 MiB",
            table(found, columns=("wall", "cpu", "fetched")),
            [
                *ratio_goals(found, ("curl",), 1.03, label="curl"),
                Goal("fetched against the size", found[US].fetched_bytes / size_bytes, 1.02),
            ],
        )
    ]


def _linked(
    bench: Bench,
    network: Network,
    size_bytes: int,
    peers: tuple[str, ...],
    *,
    once: frozenset[str] = frozenset(),
) -> dict[str, Summary]:
    name = f"linked-{size_bytes}.bin"
    source = bench.ground.source(name, size_bytes)
    target = bench.ground.target / name
    with Nginx(bench.ground.sources) as server:

        def attempt(who: str) -> Sample:
            # A link of its own for each run: nobody waits for what another left in the pipe.
            with NetProxy(server.port, network) as link:
                job = OneFile(link.url(f"/{name}"), target)
                return bench.fetch(
                    ONE_FILE[who](job), target, source, fetched=lambda: link.bytes_to_clients
                )

        return interleave((US, *peers), attempt, bench.runs, once=once, say=bench.say)
