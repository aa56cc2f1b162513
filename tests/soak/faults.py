"""One engine under a server that breaks everything at random, for as long as one likes (L6).

Owns the drawing of faults, the rounds and what must hold after each: every file that is
done is byte-identical to one version, nothing hangs, and memory, descriptors, tasks and
threads come back to where they were.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.driving import STOPPED, Driver, running
from tests.support.body import check_file
from tests.support.fault_server import (
    Behaviour,
    FaultServer,
    Resource,
    cap_connections,
    chunked,
    close_after_reply,
    close_delimited,
    cut_before_head,
    every,
    ignore_range,
    no_validators,
    randomly,
    retry_after,
    rst_every,
    slow_first_byte,
    status,
    swap_after_bytes,
    weak_etag,
)
from tui_dl.domain.model import Status

CROWD = 8
"""Downloads of one round."""

HUNG_S = 180.0
"""No fault here takes that long: a download that has not stopped by then hangs."""

KIB = 1024
_SECOND_VERSION = 1_000_000
"""Added to the seed of a file whose second version a server changes to."""


@dataclass(slots=True)
class Tally:
    """What has come of all rounds so far."""

    rounds: int = 0
    done: int = 0
    failed: int = 0
    paused_and_resumed: int = 0
    restarts: int = 0
    wrong: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Level:
    """What the process holds between two rounds."""

    at_s: float
    resident_bytes: int
    descriptors: int
    tasks: int
    threads: int


@dataclass(frozen=True, slots=True)
class Case:
    """One download of a round."""

    url: str
    seeds: tuple[int, ...]
    size: int
    fault: str


def level(began_s: float) -> Level:
    """Look at this process, after garbage was collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Level(
        time.monotonic() - began_s,
        pages * os.sysconf("SC_PAGE_SIZE"),
        len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - names are enough
        len(asyncio.all_tasks()),
        threading.active_count(),
    )


def slope_bytes_per_h(levels: list[Level]) -> float:
    """Return the least-squares slope of resident memory; the first quarter is warm-up."""
    used = levels[len(levels) // 4 :]
    if len(used) < 2:
        return 0.0
    mean_s = sum(each.at_s for each in used) / len(used)
    mean = sum(each.resident_bytes for each in used) / len(used)
    over = sum((each.at_s - mean_s) * (each.resident_bytes - mean) for each in used)
    under = sum((each.at_s - mean_s) ** 2 for each in used)
    return 3600.0 * over / under if under else 0.0


async def soak(
    folder: Path, seconds: float, seed: int, say: Callable[[str], None] = lambda _: None
) -> Tally:
    """Run rounds for ``seconds`` and return what came of them. The seed draws everything."""
    draws = random.Random(seed)
    tally, began_s = Tally(), time.monotonic()
    while time.monotonic() - began_s < seconds or tally.rounds == 0:
        tally.restarts += 1
        async with running(folder, slots=draws.randint(2, CROWD), timeout_s=1.0) as driver:
            for _ in range(draws.randint(1, 5)):
                await _round(driver, draws, tally)
                if time.monotonic() - began_s >= seconds:
                    break
        shutil.rmtree(folder / "downloads")
        tally.levels.append(level(began_s))
        say(_line(tally))
    return tally


def _line(tally: Tally) -> str:
    now = tally.levels[-1]
    return (
        f"{now.at_s:7.0f} s  rounds {tally.rounds}  done {tally.done}  failed {tally.failed}"
        f"  wrong {len(tally.wrong)}  hung {len(tally.hung)}  {now.resident_bytes / 1e6:.1f} MB"
        f"  files {now.descriptors}  tasks {now.tasks}  threads {now.threads}"
    )


async def _round(driver: Driver, draws: random.Random, tally: Tally) -> None:
    """Fetch a crowd, disturb it, and judge what came of it."""
    tally.rounds += 1
    with FaultServer() as server:
        cases = [_case(server, draws, f"/{tally.rounds}-{n}.bin") for n in range(CROWD)]
        ids = {await driver.add(case.url): case for case in cases}
        await _disturb(driver, list(ids), draws, tally)
        for id_, case in ids.items():
            try:
                row = await driver.until(id_, lambda row: row.status in STOPPED, HUNG_S)
            except TimeoutError:
                tally.hung.append(f"{case.url} {case.fault}")
                continue
            if row.status is not Status.COMPLETED:
                tally.failed += 1
                continue
            tally.done += 1
            if not _is_one_version(driver.path(row), case):
                tally.wrong.append(f"{case.url} {case.fault}")
        await driver.service.remove(list(ids), with_files=True)


async def _disturb(driver: Driver, ids: list[str], draws: random.Random, tally: Tally) -> None:
    """Pause and resume some while they run, and turn the limit."""
    for id_ in draws.sample(ids, 3):
        await asyncio.sleep(draws.random() * 0.1)
        (paused,) = await driver.service.pause([id_])
        if paused.failure is None:
            await driver.until(id_, lambda row: row.status in STOPPED, HUNG_S)
            await driver.service.resume([id_])
            tally.paused_and_resumed += 1
    await driver.service.set_global_limit(draws.choice([0, 0, 4096 * KIB]))


def _is_one_version(path: Path, case: Case) -> bool:
    for seed in case.seeds:
        try:
            check_file(path, seed, case.size)
        except AssertionError:
            continue
        return True
    return False


def _case(server: FaultServer, draws: random.Random, path: str) -> Case:
    seed, size = draws.randint(1, 10**6), draws.choice([0, 1, 700, 64 * KIB, 900 * KIB, 3072 * KIB])
    word, script = draws.choice(_scripts(draws, seed))
    seeds = (seed, seed + _SECOND_VERSION) if word == "changes" else (seed,)
    rate_bps = draws.choice([0, 0, 2048 * KIB])
    url = server.add(Resource(path=path, size=size, seed=seed, rate_bps=rate_bps), script)
    return Case(url, seeds, size, word)


def _scripts(draws: random.Random, seed: int) -> list[tuple[str, list[Behaviour]]]:
    """Give every kind of fault with fresh parameters; each ends well for who goes on."""
    some = draws.uniform(0.1, 0.4)
    return [
        ("honest", []),
        ("resets", [rst_every(draws.randint(20 * KIB, 600 * KIB))]),
        ("no head", [randomly(some, seed, cut_before_head)]),
        ("busy", [randomly(some, seed, retry_after("zero"))]),
        ("errors", [randomly(some, seed, status(draws.choice([500, 502, 503, 520])))]),
        ("slow start", [randomly(some, seed, slow_first_byte(draws.uniform(0.1, 0.5)))]),
        ("few connections", [cap_connections(draws.randint(1, 3))]),
        ("whole only", [ignore_range(), every(2, close_after_reply())]),
        ("chunked", [chunked()]),
        ("until the end", [close_delimited()]),
        ("weak", [weak_etag(), rst_every(500 * KIB)]),
        ("nameless", [no_validators]),
        ("changes", [swap_after_bytes(draws.randint(0, 2048 * KIB), seed + _SECOND_VERSION)]),
    ]
