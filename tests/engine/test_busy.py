"""The clock of the engine's thread: it counts its own work and nobody else's sleep."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from tui_dl.engine.busy import BusyClock


def test_work_counts_and_sleep_does_not() -> None:
    clock = BusyClock()
    began = time.thread_time()
    before = clock()
    while time.thread_time() - began < 0.05:
        pass
    worked = clock() - before
    assert worked >= 0.05
    clock.close()
    clock.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own count is for Linux only")
def test_waiting_for_a_processor_counts() -> None:
    """Two threads on one processor: each is busy all the time, and runs half of it."""
    allowed = os.sched_getaffinity(0)
    is_over = threading.Event()
    found: list[tuple[float, float]] = []

    def work() -> None:
        os.sched_setaffinity(0, {min(allowed)})
        clock = BusyClock()
        busy, ran, wall = clock(), time.thread_time(), time.monotonic()
        while time.thread_time() - ran < 0.2:
            hash_much()
        found.append((clock() - busy, time.monotonic() - wall))
        is_over.set()
        clock.close()

    def disturb() -> None:
        os.sched_setaffinity(0, {min(allowed)})
        while not is_over.is_set():
            hash_much()

    threads = [threading.Thread(target=run) for run in (work, disturb)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((busy_s, wall_s),) = found
    assert busy_s > 0.2, "it waited while the other ran"
    assert busy_s <= wall_s + 0.05


def hash_much() -> None:
    """Work for a while without the interpreter's lock."""
    import hashlib

    hashlib.pbkdf2_hmac("sha256", b"a", b"b", 2000)


def test_without_proc_it_counts_cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", refuse)
    clock = BusyClock()
    assert abs(clock() - time.thread_time()) < 0.01
    clock.close()
