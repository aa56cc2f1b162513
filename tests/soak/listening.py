"""L3, L4 and L5: kills of one large file, readers of events for long, the port under load.

L4 counts what 20 readers get together: 1,000 changes a second. A download changes between
paused and queued; the k-th change of each must be the k-th that each reader hears.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import api_load
from tests.benchmarks.api_load import Caller, Place
from tests.benchmarks.bench import Bench
from tests.benchmarks.engine_process import Errand
from tests.benchmarks.ground import MIB
from tests.benchmarks.kills import ALLOWED_BYTES, KIB, campaign
from tests.benchmarks.measuring import RunFailedError, cpu_s_of
from tests.benchmarks.results import MB, Goal, Report
from tests.support.nginx import Nginx

READERS = STALLED = 20
UPDATES_PER_S = 1000
WAITING = 50
RATE_BPS = 3_000_000
"""Of each of 8 connections: what comes in a minute must fit."""
QUIET_S = 60.0
TOLD = frozenset({"paused", "resumed"})
KILLED_CONNECTIONS = 16


def l3(bench: Bench, kills: int, seed: int) -> Report:
    """Kill ``get`` of one file again and again."""
    source = bench.ground.source("big.bin", bench.size_bytes)
    bench.ground.clear()
    account = campaign(bench.ground, source, kills, seed, KILLED_CONNECTIONS)
    return Report(
        "L3",
        f"{len(account.lost)} times kill -9 over {bench.size_mib} MiB",
        str(account).splitlines(),
        [
            Goal("fetched again at a kill, worst", max(account.lost) / KIB, 8192, "KiB"),
            Goal(
                f"of {ALLOWED_BYTES // KIB} KiB a connection, worst",
                max(a / b for a, b in zip(account.lost, account.allowed, strict=True)),
                1.0,
            ),
            Goal(
                "restart to the first byte, worst", max(account.first_byte_s, default=0.0), 3.0, "s"
            ),
        ],
    )


def l5(bench: Bench, seconds: float) -> Report:
    """Ask 1,000 times a second beside a download."""
    load = api_load.load_of(bench, seconds, RATE_BPS)
    report = api_load.report(load, seconds)
    report.key, report.title = "L5", f"{report.title}, {seconds:.0f} s"
    return report


@dataclass
class _Ear:
    """What one reader heard."""

    heard: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class _Changes:
    """What was done, and how long each reader waited for it."""

    at_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    waits_s: list[float] = field(default_factory=list)
    refused: int = 0


def l4(bench: Bench, seconds: float) -> Report:
    """Let 20 readers follow, and in the second half 20 stall beside them."""
    ground = bench.ground
    ground.source("slow.bin", 1024 * MIB)
    ground.clear()
    with Nginx(ground.sources, rate_bps=100_000) as server:
        errand = Errand(
            state=str(ground.state),
            directory=str(ground.target),
            urls=tuple(server.url(f"/slow.bin?{n}") for n in range(WAITING + 1)),
            names=tuple(f"slow-{n}.bin" for n in range(WAITING + 1)),
            slots=1,
            connections=4,
            fixed=True,
            with_api=True,
            waits_for_end=False,
        )
        with api_load.started(bench, errand) as (process, told):
            return asyncio.run(_listen(process.pid, api_load.place_of(told), seconds))


async def _listen(pid: int, place: Place, seconds: float) -> Report:
    changes, ears = _Changes(), [_Ear() for _ in range(READERS)]
    async with AsyncExitStack() as stack:
        caller = await stack.enter_async_context(Caller(place))
        await asyncio.sleep(api_load.WARM_UP_S)
        rows = json.loads(await caller.ask("GET", "/list"))
        waiting = [row["id"] for row in rows if row["status"] == "queued"]
        tasks = [asyncio.create_task(_hear(place, ear, changes)) for ear in ears]
        await asyncio.sleep(1.0)
        cpu_s, began_s = cpu_s_of(pid), time.monotonic()
        await _change(caller, waiting, changes, seconds / 2)
        middle_bytes = resident_bytes_of(pid)
        stalled = [await api_load.stalled_reader(place) for _ in range(STALLED)]
        await _change(caller, waiting, changes, seconds / 2)
        share = (cpu_s_of(pid) - cpu_s) / (time.monotonic() - began_s)
        grown_bytes = resident_bytes_of(pid) - middle_bytes
        made = {id_: len(moments) for id_, moments in changes.at_s.items()}
        await _until_heard(ears, made)
        missed = sum(abs(made[id_] - ear.heard[id_]) for ear in ears for id_ in made)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for sock in stalled:
            sock.close()
    waits_s = sorted(changes.waits_s)
    if not waits_s:
        raise RunFailedError("no reader heard anything")
    return Report(
        "L4",
        f"{READERS} event readers for {seconds:.0f} s, {STALLED} stalled ones in the second half",
        [
            f"{sum(made.values())} changes, {len(waits_s)} heard, {changes.refused} refused; "
            f"median {waits_s[len(waits_s) // 2] * 1000:.0f} ms, worst {waits_s[-1] * 1000:.0f} ms"
        ],
        [
            Goal("heard a second", len(waits_s) / seconds, 0.95 * UPDATES_PER_S, "", at_least=True),
            Goal("changes that a reader missed", missed, 0, ""),
            Goal("change to reader, p99", waits_s[int(len(waits_s) * 0.99)] * 1000, 250, "ms"),
            Goal("CPU", share, 1.0, "cores"),
            Goal("memory for the stalled ones", grown_bytes / MB, 5, "MB"),
        ],
    )


async def _until_heard(ears: list[_Ear], made: dict[str, int]) -> None:
    """Wait until every reader has everything, or until nothing more will come."""
    end_s = time.monotonic() + QUIET_S
    while time.monotonic() < end_s:
        if all(dict(ear.heard) == made for ear in ears):
            return
        await asyncio.sleep(0.1)


async def _change(caller: Caller, ids: list[str], changes: _Changes, seconds: float) -> None:
    """Pause and resume one after the other, at a steady rate."""
    loop = asyncio.get_running_loop()
    step_s = READERS / UPDATES_PER_S
    draws, due_s = random.Random(4), loop.time()
    end_s = due_s + seconds
    while due_s < end_s:
        await asyncio.sleep(due_s - loop.time())
        due_s += step_s
        id_ = draws.choice(ids)
        moments = changes.at_s[id_]
        deed = "resume" if len(moments) % 2 else "pause"
        moments.append(loop.time())
        if not await caller.ask("POST", f"/{deed}?id={id_}"):
            moments.pop()
            changes.refused += 1


async def _hear(place: Place, ear: _Ear, changes: _Changes) -> None:
    """Read a stream line by line; lengths of chunks are lines that say nothing."""
    loop, name = asyncio.get_running_loop(), ""
    reader, writer = await asyncio.open_connection(place.host, place.port, limit=1 << 20)
    try:
        writer.write(place.head("GET", "/events"))
        async for line in reader:
            field, _, value = line.decode().strip().partition(": ")
            if field == "event":
                name = value
            elif field == "data" and name in TOLD:
                id_ = json.loads(value)["download_id"]
                number, ear.heard[id_] = ear.heard[id_], ear.heard[id_] + 1
                changes.waits_s.append(loop.time() - changes.at_s[id_][number])
    finally:
        writer.close()


def resident_bytes_of(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
