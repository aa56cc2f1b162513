"""P1 and P8: one large file from nginx on loopback, plain and with TLS."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import Sample, Summary, interleave
from tests.benchmarks.programs import ONE_FILE, US, OneFile, tui_dl_one
from tests.benchmarks.results import MB, Goal, Report, ratio_goals, table
from tests.support.nginx import Nginx

LIMITS = {
    ("HTTP", False): 1.25,
    ("HTTP", True): 1.0,
    ("HTTPS", False): 1.0,
    ("HTTPS", True): 0.9,
}
"""Most that we may need of what the best peer needs, by scheme and whether it is large."""

PEERS = ("curl", "aria2c", "axel", "wget", "wget2")
LARGE_MIB = 4096
"""From here on the start counts for so little that we must be the best."""


def p1(bench: Bench) -> list[Report]:
    """Measure the bulk path against all peers."""
    source = bench.ground.source("big.bin", bench.size_bytes)
    reports: list[Report] = []
    for scheme in ("HTTP", "HTTPS"):
        chain = bench.ground.certificates.good_chain_file if scheme == "HTTPS" else None
        with Nginx(bench.ground.sources, chain_file=chain, workers=2) as server:
            reports.append(_against_all(bench, server, source, scheme))
    return reports


def _against_all(bench: Bench, server: Nginx, source: Path, scheme: str) -> Report:
    ground = bench.ground
    ca_file = ground.certificates.ca_file if scheme == "HTTPS" else None
    job = OneFile(server.url("/big.bin"), ground.target / "big.bin", ca_file)

    def attempt(name: str) -> Sample:
        return bench.fetch(ONE_FILE[name](job), job.path, source)

    found = interleave((US, *PEERS), attempt, bench.runs, say=bench.say)
    is_large = bench.size_mib >= LARGE_MIB
    limit = LIMITS[scheme, is_large]
    measures = ("wall", "cpu")
    return Report(
        f"P1 {scheme}",
        f"{bench.size_mib} MiB from nginx on loopback",
        table(found, columns=measures),
        [
            *ratio_goals(found, PEERS, limit, measures=measures),
            *ratio_goals(found, ("aria2c",), 0.6, measures=measures, label="aria2c"),
        ],
    )


def p8(bench: Bench) -> list[Report]:
    """Watch the memory of a download over 16 connections."""
    source = bench.ground.source("big.bin", bench.size_bytes)
    lines: list[str] = []
    goals: list[Goal] = []
    for scheme in ("HTTP", "HTTPS"):
        found = _memory(bench, source, is_tls=scheme == "HTTPS")
        lines += [scheme, *table(found, columns=("wall", "peak"))]
        worst = max(summary.peak_bytes for summary in found.values())
        goals.append(Goal(f"peak memory, {scheme}", worst / MB, 60, "MB"))
    return [Report("P8", f"memory of get, {bench.size_mib} MiB", lines, goals)]


def _memory(bench: Bench, source: Path, *, is_tls: bool) -> dict[str, Summary]:
    ground = bench.ground
    certificates = ground.certificates
    chain = certificates.good_chain_file if is_tls else None
    with Nginx(ground.sources, chain_file=chain, workers=2) as server:
        ca_file = certificates.ca_file if is_tls else None
        job = OneFile(server.url("/big.bin"), ground.target / "big.bin", ca_file)
        flags = {"-x 16": ("-x", "16"), "automatic": ()}

        def attempt(name: str) -> Sample:
            argv = tui_dl_one(job, *flags[name])
            return bench.fetch(argv, job.path, source, watch_memory=True)

        return interleave(tuple(flags), attempt, bench.runs, say=bench.say)
