"""Signals, on a process whose clean-up hangs: it ends all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

LIMIT_S = 60

# Stops when it is told to, but never finishes stopping; HOW is what it hangs in.
_HANGING = """
import asyncio, time
from tui_dl.cli.signals import stop_signals

async def main():
    stopped = asyncio.Event()
    with stop_signals(lambda number: stopped.set()):
        print("ready", flush=True)
        await stopped.wait()
        print("stopping", flush=True)
        HOW

asyncio.run(main())
"""


@contextmanager
def started(how: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program for the length of the block, and not longer."""
    with subprocess.Popen(
        [sys.executable, "-c", _HANGING.replace("HOW", how)],
        stdout=subprocess.PIPE,
        process_group=0,
    ) as process:
        try:
            assert line(process) == b"ready\n"
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_at_once(second: signal.Signals) -> None:
    """Trap D12. It does not wait for the timer of the first: that is stopped here."""
    how = "import threading; threading.enumerate()[-1].cancel(); await asyncio.sleep(99)"
    with started(how) as process:
        process.send_signal(signal.SIGINT)
        assert line(process) == b"stopping\n"

        process.send_signal(second)

        assert process.wait(LIMIT_S) == 128 + second


@pytest.mark.parametrize("how", ["await asyncio.sleep(99)", "time.sleep(99)"])
def test_a_clean_up_that_hangs_is_cut_off(how: str) -> None:
    """Trap D12: also when the loop itself is blocked."""
    with started(how) as process:
        process.send_signal(signal.SIGTERM)
        assert line(process) == b"stopping\n"

        assert process.wait(LIMIT_S) == 128 + signal.SIGTERM


def test_the_handlers_of_before_come_back() -> None:
    code = (
        "import asyncio, signal\n"
        "from tui_dl.cli.signals import stop_signals\n"
        "before = [signal.getsignal(n) for n in (1, 2, 15)]\n"
        "async def main():\n"
        "    with stop_signals(print): pass\n"
        "asyncio.run(main())\n"
        "assert [signal.getsignal(n) for n in (1, 2, 15)] == before\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
