"""Coroutines that belong together: when one ends, all end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


async def until_first_ends(**works: Coroutine[object, object, object]) -> None:
    """Run ``works`` as tasks of those names until one ends, then cancel the others.

    Returns once all are out. Raises what the one that ended raised.
    """
    tasks = {asyncio.create_task(work, name=name) for name, work in works.items()}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()  # looked at, so that it is not reported as forgotten
