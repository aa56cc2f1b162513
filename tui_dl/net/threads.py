"""Blocking calls of this room in threads of their own (trap D17).

Threads are daemons, unlike those of a ThreadPoolExecutor, which the interpreter joins at
exit: a name look-up may hang for half a minute, and a signal ends us within two seconds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def call_in_thread(
    name: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run ``function`` in a new daemon thread and return what it returns, or raise it.

    Cancelling stops the waiting, not the call.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def succeed(result: T) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def work() -> None:
        try:
            result = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - carried to the waiting task
            _tell(loop, fail, error)
        else:
            _tell(loop, succeed, result)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future


V = TypeVar("V")


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[V], None], value: V) -> None:
    """Call back in the loop, unless it has closed meanwhile and nobody waits."""
    try:
        loop.call_soon_threadsafe(callback, value)
    except RuntimeError:
        if not loop.is_closed():
            raise
