"""P9 and P10: very many downloads at once, and what the checkpoints cost."""

from __future__ import annotations

import json
from contextlib import ExitStack
from statistics import median
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.engine_process import Errand
from tests.benchmarks.ground import MIB, prove
from tests.benchmarks.measuring import RunFailedError, Sample, interleave, run_measured
from tests.benchmarks.results import MB, Goal, Report, table
from tests.support.nginx import Nginx

DOWNLOADS = 200
HOSTS = 20
"""Servers: an engine opens no more than 64 connections to one."""
FILE_BYTES = 2 * MIB
RATE_BPS = 64 * 1024


def p9(bench: Bench) -> list[Report]:
    """Run 200 downloads over 4 connections each; the servers are slow, so all run at once."""
    ground = bench.ground
    sources = ground.many_sources("crowd", DOWNLOADS, FILE_BYTES)
    ground.clear()
    names = tuple(path.name for path in sources)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(Nginx(ground.sources, rate_bps=RATE_BPS)) for _ in range(HOSTS)
        ]
        errand = Errand(
            state=str(ground.state),
            directory=str(ground.target),
            urls=tuple(servers[n % HOSTS].url(f"/crowd/{name}") for n, name in enumerate(names)),
            names=names,
            slots=DOWNLOADS,
            connections=4,
            fixed=True,
            sample_s=0.25,
        )
        sample, told = _run(bench, errand)
    for source in sources:
        prove(ground.target / source.name, source)
    end = told[-1]
    elapsed = sorted(end["elapsed_s"])
    begun_s = _all_begun_s(told)
    return [
        Report(
            "P9",
            f"{DOWNLOADS} downloads of 2 MiB at once, 4 connections each, {HOSTS} servers",
            [
                f"wall {sample.wall_s:.1f} s, CPU {sample.cpu_s:.1f} s, all files right",
                f"one took {elapsed[0]:.1f} to {elapsed[-1]:.1f} s (median {median(elapsed):.1f}); "
                f"all had bytes after {begun_s:.1f} s",
            ],
            [
                Goal("peak memory", sample.peak_bytes / MB, 300, "MB"),
                Goal("slowest download against the median", elapsed[-1] / median(elapsed), 2.0),
            ],
        )
    ]


def _all_begun_s(told: list[dict[str, Any]]) -> float:
    """Return the time from the first sample to the first one in which all have bytes."""
    samples = [item for item in told if "done" in item and len(item["done"]) == DOWNLOADS]
    for item in samples:
        if all(item["done"]):
            return float(item["at_s"] - samples[0]["at_s"])
    raise RunFailedError("some download never had a byte in any sample")


def _run(bench: Bench, errand: Errand) -> tuple[Sample, list[dict[str, Any]]]:
    """Run an errand and return its cost and what it told."""
    told_file = bench.ground.base / "work" / "told.jsonl"
    script = f'exec "$@" > "{told_file}"'
    sample = run_measured(
        ["sh", "-c", script, "sh", *errand.argv()],
        environ=bench.ground.environ,
        folder=bench.ground.base / "work",
        watch_memory=True,
    )
    return sample, [json.loads(line) for line in told_file.read_text().splitlines()]


def p10(bench: Bench) -> list[Report]:
    """Compare checkpoints on and off, in an engine without a command line."""
    ground = bench.ground
    source = ground.source("big.bin", bench.size_bytes)

    with Nginx(ground.sources, workers=2) as server:

        def attempt(name: str) -> Sample:
            ground.clear()
            errand = Errand(
                state=str(ground.state),
                directory=str(ground.target),
                urls=(server.url("/big.bin"),),
                names=("big.bin",),
                checkpoints=name == "on",
            )
            sample, _ = _run(bench, errand)
            prove(ground.target / "big.bin", source)
            return sample

        found = interleave(("on", "off"), attempt, max(bench.runs, 5), say=bench.say)
    return [
        Report(
            "P10",
            f"checkpoints, {bench.size_mib} MiB",
            table(found, columns=("wall", "cpu")),
            [
                Goal(
                    "CPU with checkpoints against without",
                    found["on"].cpu_s / found["off"].cpu_s,
                    1.05,
                )
            ],
        )
    ]
