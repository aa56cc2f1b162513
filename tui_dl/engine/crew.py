"""Letting workers go: those that lost a race, those of a link that is left out, all at the end.

Must not start workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tui_dl.engine.worker import Worker


def let_go(workers: Iterable[Worker]) -> None:
    """End some workers while the others go on."""
    for worker in tuple(workers):
        worker.is_dropped = True
        if worker.task is not None:
            worker.task.cancel()


async def stop(workers: Iterable[Worker]) -> None:
    """End all workers and wait until each has left; it does so when its last write is on disk."""
    tasks = [worker.task for worker in workers if worker.task is not None]
    for task in tasks:
        task.cancel()
    while tasks:
        _, pending = await asyncio.wait(tasks)
        tasks = list(pending)
