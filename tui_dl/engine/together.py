"""Coroutines that belong together: when one ends, all end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

Work = Coroutine[object, object, object]

BRIEF_S = 0.1
"""What is over within this needs nobody beside it: a small file costs one task, not three."""


async def until_first_ends(first: Work, **others: Callable[[], Work]) -> None:
    """Run ``first``, and after a moment ``others`` beside it, as tasks, until one of all ends.

    The rest is cancelled. Returns once all are out. Raises what the one that ended raised.
    """
    tasks = {asyncio.create_task(first, name="transfer")}
    try:
        done, _ = await asyncio.wait(tasks, timeout=BRIEF_S)
        if not done:
            tasks |= {asyncio.create_task(work(), name=name) for name, work in others.items()}
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        if not all(task.done() for task in tasks):  # else nobody waits a turn for nothing
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()  # looked at, so that it is not reported as forgotten
