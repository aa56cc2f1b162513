"""Signals of a process without a screen: the first asks to stop, the second ends it.

The first one also arms a timer: two seconds later the process is gone, whatever hangs.
That is safe because the engine's journal lives in the page cache, which outlives us.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from tui_dl.cli.exit_codes import code_of_signal

_DEADLINE_S = 1.9
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def stop_signals(on_stop: Callable[[int], None]) -> Iterator[None]:
    """Call ``on_stop`` with the number of the first signal while the block runs.

    A signal that the parent chose to ignore (``nohup``, a job of a script) stays ignored.
    """
    loop = asyncio.get_running_loop()
    arrived: list[int] = []

    def handle(number: int) -> None:
        if arrived:
            os._exit(code_of_signal(number))
        arrived.append(number)
        timer = threading.Timer(_DEADLINE_S, os._exit, [code_of_signal(number)])
        timer.daemon = True
        timer.start()
        on_stop(number)

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    watched = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.getsignal(number) for number in watched}
    for number in watched:
        _listen(loop, number, handle)
    try:
        yield
    finally:
        for number, handler in previous.items():
            _unlisten(loop, number)
            signal.signal(number, handler)


def terminal_is_gone() -> bool:
    """Return whether the terminal has closed under us: then no screen can be told so."""
    try:
        import termios

        termios.tcgetattr(sys.stdin.fileno())
    except (OSError, ValueError):  # no terminal at all is none that went away
        return False
    except ImportError:  # Windows
        return False
    except termios.error as error:
        return bool(error.args) and error.args[0] == errno.EIO
    return False


async def leave_closed_terminal(close: Callable[[], Awaitable[None]], number: int) -> None:
    """Save the state, then end the process as it is.

    Textual would wait for its writer to take more, which died with the terminal.
    """
    try:
        await close()
    finally:
        os._exit(code_of_signal(number))


def _listen(loop: asyncio.AbstractEventLoop, number: int, handle: Callable[[int], None]) -> None:
    try:
        loop.add_signal_handler(number, handle, number)
    except NotImplementedError:  # Windows: the loop has no such call

        def forward(got: int, _frame: object) -> None:
            loop.call_soon_threadsafe(handle, got)

        signal.signal(number, forward)


def _unlisten(loop: asyncio.AbstractEventLoop, number: int) -> None:
    try:
        loop.remove_signal_handler(number)
    except NotImplementedError:  # Windows, as above
        return
