"""Random faults for minutes or a day, on two engines at once (L6).

One engine runs from the first minute to the last: what it holds between the rounds shows
whether it leaks. The other one is killed, stopped, suspended and given another date in the
middle of its downloads, and started again. Both have clients that come and go. Every file
that is done must be byte-identical to one version, every download must end, and none may be
lost.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.driving import STOPPED
from tests.soak.cases import KIB, LARGER, Case, draw_case
from tests.soak.levels import Level
from tests.soak.readers import coming_and_going
from tests.soak.served import Served, way_to_end
from tests.support.fault_server import FaultServer
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.model import AddRequest, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.remote import RemoteService

CROWD = 8
"""Downloads of one round."""
HUNG_S = 180.0
"""No fault here takes that long: a download that has not stopped by then hangs."""
LOOK_S = 0.05
DAY_S = 86_400.0
Say = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """What has come of all rounds so far."""

    rounds: int = 0
    done: int = 0
    failed: int = 0
    paused_and_resumed: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    """How often the restless engine was ended in which way."""
    clock_jumps: int = 0
    starts_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    """Of the steady engine, one after each round."""
    log_peak_bytes: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing was wrong, hung or lost."""
        return not (self.wrong or self.hung or self.lost)


async def soak(
    folder: Path,
    seconds: float,
    seed: int,
    say: Say = lambda _: None,
    *,
    least: int = 1,
    tally: Tally | None = None,
) -> Tally:
    """Run rounds for ``seconds``, at least ``least`` on each engine. The seed draws everything.

    ``tally`` is counted in, so that whoever gave it has it also when this breaks.
    """
    tally, began_s = Tally() if tally is None else tally, time.monotonic()
    end_s = began_s + seconds
    engines = {name: Served(folder / name, began_s) for name in ("steady", "restless")}
    try:
        async with asyncio.TaskGroup() as group:
            for work, (name, served) in zip((_steady, _restless), engines.items(), strict=True):
                (folder / name).mkdir()
                draws = random.Random(f"{seed} {name}")
                group.create_task(work(served, draws, tally, end_s, least, say))
    finally:
        for served in engines.values():
            await served.close()
    return tally


async def _steady(
    served: Served, draws: random.Random, tally: Tally, end_s: float, least: int, say: Say
) -> None:
    await served.start()
    rounds = 0
    while rounds < least or time.monotonic() < end_s:
        rounds += 1
        with FaultServer() as server:
            cases = [draw_case(server, draws, f"/s{rounds}-{n}.bin") for n in range(CROWD)]
            async with coming_and_going(served, draws):
                client = served.client()
                await client.start()
                ids = await _add(client, served, cases)
                await _disturb(client, list(ids), draws, tally)
                await _judge(client, ids, served, tally)
                await client.remove(list(ids), with_files=True)
                await client.close()
        tally.rounds += 1
        tally.levels.append(await served.level())
        tally.log_peak_bytes = served.log_peak_bytes
        if rounds % 10 == 1:
            say(_line(tally))
    await served.end(way_to_end(draws))


async def _restless(
    served: Served, draws: random.Random, tally: Tally, end_s: float, least: int, say: Say
) -> None:
    rounds = 0
    await served.start()
    while rounds < least or time.monotonic() < end_s:
        rounds += 1
        with FaultServer() as server:
            cases = [
                draw_case(server, draws, f"/r{rounds}-{n}.bin", LARGER, (0, 512 * KIB, 2048 * KIB))
                for n in range(CROWD)
            ]
            async with coming_and_going(served, draws):
                client = served.client()
                await client.start()
                ids = await _add(client, served, cases)
                await client.close()
                for _ in range(draws.randint(1, 3)):
                    await asyncio.sleep(draws.uniform(0.0, 2.0))
                    await _upset(served, draws, tally)
                client = served.client()
                await client.start()
                known = {row.id for row in client.snapshot().downloads}
                tally.lost += [f"{case.url} {id_}" for id_, case in ids.items() if id_ not in known]
                await _judge(client, {id_: ids[id_] for id_ in ids if id_ in known}, served, tally)
                await client.remove(list(ids), with_files=True)
                await client.close()
        left = sorted(path.name for path in served.downloads.iterdir())
        if left:
            tally.wrong.append(f"left in the folder: {', '.join(left[:5])}")
            for name in left:
                (served.downloads / name).unlink()
        tally.rounds += 1
    await served.end(way_to_end(draws))
    tally.starts_s = served.starts_s


async def _upset(served: Served, draws: random.Random, tally: Tally) -> None:
    """End the engine and start it again, suspend it, or move its clock."""
    chance = draws.random()
    if chance < 0.1:
        await served.suspend(draws.uniform(0.5, 4.0))
        tally.ends["suspended"] = tally.ends.get("suspended", 0) + 1
    elif chance < 0.2:
        await served.move_clock(draws.choice([-DAY_S, DAY_S, -3600.0, 30 * DAY_S]))
        tally.clock_jumps += 1
    else:
        number = way_to_end(draws)
        await served.end(number)
        tally.ends[number.name] = tally.ends.get(number.name, 0) + 1
        await served.start()


async def _add(client: RemoteService, served: Served, cases: Sequence[Case]) -> dict[str, Case]:
    requests = [AddRequest(url=case.url, directory=str(served.downloads)) for case in cases]
    answers = await client.add(requests)
    ids: dict[str, Case] = {}
    for answer, case in zip(answers, cases, strict=True):
        assert answer.id is not None, answer.failure
        ids[answer.id] = case
    return ids


async def _disturb(
    client: RemoteService, ids: list[str], draws: random.Random, tally: Tally
) -> None:
    """Pause and resume some while they run, and turn the limit."""
    for id_ in draws.sample(ids, 3):
        await asyncio.sleep(draws.random() * 0.1)
        (paused,) = await client.pause([id_])
        if paused.failure is None:
            await _stopped(client, id_)
            await client.resume([id_])
            tally.paused_and_resumed += 1
    await client.set_global_limit(draws.choice([0, 0, 4096 * KIB]))


async def _judge(client: RemoteService, ids: dict[str, Case], served: Served, tally: Tally) -> None:
    """Wait for the end of each download, and compare each finished file."""
    for id_, case in ids.items():
        try:
            row = await _stopped(client, id_)
        except TimeoutError:
            tally.hung.append(f"{case.url} {case.fault}")
            continue
        if row.status is not Status.COMPLETED:
            tally.failed += 1
            reason = row.failure.code if row.failure else row.status.value
            word = f"{case.fault}: {reason}"
            tally.reasons[word] = tally.reasons.get(word, 0) + 1
            continue
        tally.done += 1
        if not case.is_right(served.downloads / row.name):
            tally.wrong.append(f"{case.url} {case.fault}")


async def _stopped(client: RemoteService, id_: str) -> DownloadSnapshot:
    """Wait until a download has stopped, by the picture that the client follows.

    Raises:
        TimeoutError: it hangs, or the picture does.
    """
    async with asyncio.timeout(HUNG_S):
        while True:
            for row in client.snapshot().downloads:
                if row.id == id_ and row.status in STOPPED:
                    # The picture may be older than the last action: ask for this row itself.
                    try:
                        details = await client.details(id_)
                    except TuiDlError:
                        break
                    if details is not None and details.download.status in STOPPED:
                        return details.download
            await asyncio.sleep(LOOK_S)


def _line(tally: Tally) -> str:
    now = tally.levels[-1]
    return (
        f"{now.at_s:7.0f} s  rounds {tally.rounds}  done {tally.done}  failed {tally.failed}"
        f"  wrong {len(tally.wrong)}  hung {len(tally.hung)}  lost {len(tally.lost)}"
        f"  {now.resident_bytes / 1e6:.1f} MB  files {now.descriptors}  tasks {now.tasks}"
        f"  threads {now.threads}"
    )
