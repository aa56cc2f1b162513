"""Letting workers go: those that lost a race, those of a link that is left out, all at the end;
and those in whose place another download wants one.

Must not start workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tui_dl.engine.worker import Worker
from tui_dl.net.host_gate import HostGates


def let_go(workers: Iterable[Worker]) -> None:
    """End some workers while the others go on."""
    for worker in tuple(workers):
        worker.is_dropped = True
        if worker.task is not None:
            worker.task.cancel()


def make_room(party: object, workers: Iterable[Worker], gates: HostGates, now_s: float) -> None:
    """End the slowest worker at each host where another download stands in line.

    Only above a fair share: a download that came first has grown into all places, and one
    that comes later would wait until it is done.
    """
    by_host: dict[tuple[str, int], list[Worker]] = {}
    for worker in workers:
        if not worker.is_dropped:
            by_host.setdefault(worker.source.gate_key, []).append(worker)
    for key, ours in by_host.items():
        gate = gates.gate(*key)
        if gate.is_wanted and len(ours) > gate.share(party):
            let_go([min(ours, key=lambda worker: worker.rate_bps(now_s))])


async def stop(workers: Iterable[Worker]) -> None:
    """End all workers and wait until each has left; it does so when its last write is on disk."""
    tasks = [worker.task for worker in workers if worker.task is not None]
    for task in tasks:
        task.cancel()
    while tasks:
        _, pending = await asyncio.wait(tasks)
        tasks = list(pending)
