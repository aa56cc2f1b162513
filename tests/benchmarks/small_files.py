"""P4: a list of many small files, near and far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.ground import prove
from tests.benchmarks.measuring import Sample, Summary, interleave
from tests.benchmarks.programs import US, list_commands
from tests.benchmarks.results import Report, ratio_goals, table
from tests.support.netproxy import NetProxy, Network
from tests.support.nginx import Nginx

COUNT = 500
SIZE_BYTES = 64 * 1024
AT_ONCE = 16


def p4(bench: Bench) -> list[Report]:
    """Measure 500 files on loopback, then over 80 ms."""
    sources = bench.ground.many_sources("small", COUNT, SIZE_BYTES)
    with Nginx(bench.ground.sources) as server:
        urls = [server.url(f"/small/{path.name}") for path in sources]
        near = _measure(bench, urls, sources)
        with NetProxy(server.port, Network(rtt_s=0.08)) as link:
            urls = [link.url(f"/small/{path.name}") for path in sources]
            far = _measure(bench, urls, sources, leave_out=("wget",))
    return [
        Report(
            "P4",
            f"{COUNT} files of 64 KiB, {AT_ONCE} at once",
            table(near, columns=("wall", "cpu")),
            ratio_goals(near, ("aria2c",), 0.7, label="aria2c"),
        ),
        Report(
            "P4 far",
            f"{COUNT} files of 64 KiB, {AT_ONCE} at once, 80 ms RTT",
            table(far, columns=("wall", "cpu")),
            ratio_goals(far, ("curl -Z",), 1.1, label="curl -Z"),
        ),
    ]


def _measure(
    bench: Bench, urls: Sequence[str], sources: Sequence[Path], leave_out: Sequence[str] = ()
) -> dict[str, Summary]:
    commands = list_commands(bench.ground, urls, AT_ONCE)

    def attempt(name: str) -> Sample:
        sample = bench.run(commands[name])
        for source in sources:
            prove(bench.ground.target / source.name, source)
        return sample

    assert next(iter(commands)) == US
    names = [name for name in commands if name not in leave_out]
    return interleave(names, attempt, bench.runs, say=bench.say)
