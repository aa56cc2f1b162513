"""P13: a list of 10,000: how long the screen takes to answer a key, on a real terminal."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Goal, Report
from tests.benchmarks.screen_process import ScreenProcess
from tests.benchmarks.starts import FIRST_FRAME, RECORDS, fill_catalog
from tests.benchmarks.terminal import PAUSE_S

LIMIT_MS = 100
END, HOME, ESCAPE, SELECT_ALL = "\x1b[F", "\x1b[H", "\x1b", "\x01"
FIRST_ROW = re.compile(rb"file-00000")
LAST_ROW = re.compile(rb"file-09999")
STIRRED_S = 3.0
"""For so long after a great deed keys are pressed: none may wait for what is behind it."""

Step = tuple[str, re.Pattern[bytes]]
"""A key, and what the frame that answers it shows."""
SCROLL: tuple[Step, ...] = ((END, LAST_ROW), (HOME, FIRST_ROW))
FILTER: tuple[Step, ...] = (
    ("/", re.compile(rb"keep")),
    *(("9", re.compile(rb"file-%05d" % number)) for number in (9, 99, 999, 9999)),
)
SORT: tuple[Step, ...] = tuple(
    ("S", re.compile(word.encode()))
    for word in ("by status", "by name", "by size", "by rate", "by time", "by conn", "by added")
)
AFTER = {"scroll": HOME, "filter": ESCAPE, "sort": "S"}
"""Keys that put it back, not measured: a terminal waits after an escape for what follows."""
PAUSED = re.compile("‖".encode())
QUEUED = re.compile(rb"queued")


def p13(bench: Bench) -> list[Report]:
    """Measure start, scroll, filter, sort and select-all-pause."""
    waits: dict[str, list[float]] = {}
    with _silent_server() as port:
        for _ in range(bench.runs):
            bench.ground.clear()
            url = f"http://127.0.0.1:{port}"
            fill_catalog(bench.ground.state, RECORDS, is_queue=True, base_url=url)
            for name, found in _one_run(bench).items():
                waits.setdefault(name, []).extend(found)
    lines = [
        f"{name:28} median {median(found) * 1000:4.0f} ms, worst {max(found) * 1000:4.0f} ms, "
        f"{len(found)} keys"
        for name, found in waits.items()
    ]
    goals = [
        Goal(name, _judged(name, found) * 1000, LIMIT_MS, "ms") for name, found in waits.items()
    ]
    return [Report("P13", f"a list of {RECORDS}: from a key to its answer", lines, goals)]


def _judged(name: str, waits_s: Sequence[float]) -> float:
    """Return the median; of keys behind a great deed the worst one, as that is the stall."""
    return max(waits_s) if name.startswith("keys while") else median(waits_s)


def _one_run(bench: Bench) -> dict[str, list[float]]:
    arguments = ["--no-api", "--set", "downloads.slots=1", "-d", str(bench.ground.target)]
    waits: dict[str, list[float]] = {}
    with ScreenProcess(bench.ground, arguments) as screen:
        began_s = time.perf_counter()
        screen.wait_for(FIRST_FRAME)
        opened_s = time.perf_counter()
        if not screen.has_shown(FIRST_ROW):
            screen.wait_for(FIRST_ROW)
        waits["start: frame to list"] = [time.perf_counter() - opened_s]
        bench.say(f"    first frame after {opened_s - began_s:.3f} s")
        screen.read_for(1.0)
        for name, steps in (("scroll", SCROLL * 5), ("filter", FILTER), ("sort", SORT)):
            waits[name] = _waits(screen, steps)
            screen.press(AFTER[name])
            screen.read_for(0.5)
            screen.press(HOME)
            screen.read_for(0.2)
        waits["select all"] = _waits(screen, ((SELECT_ALL, re.compile(rb"10000 selected")),))
        for name, key, answer in (("pause", "p", PAUSED), ("resume", "r", QUEUED)):
            waits[f"{name} all that are selected"] = _waits(screen, ((key, answer),))
            waits[f"keys while they {name}"] = _waits_for(screen, STIRRED_S)
        screen.leave()
    return waits


def _waits(screen: ScreenProcess, steps: Sequence[Step]) -> list[float]:
    """Press each key once its forerunner was answered; return the times."""
    waits_s: list[float] = []
    for key, pattern in steps:
        began_s = time.perf_counter()
        screen.press(key)
        screen.wait_for(pattern, limit_s=10.0)
        waits_s.append(time.perf_counter() - began_s)
        screen.read_for(PAUSE_S)
    return waits_s


def _waits_for(screen: ScreenProcess, seconds: float) -> list[float]:
    end_s = time.perf_counter() + seconds
    waits_s: list[float] = []
    while time.perf_counter() < end_s:
        waits_s += _waits(screen, SCROLL)
    return waits_s


@contextmanager
def _silent_server() -> Iterator[int]:
    """Accept connections and say nothing: what is started stays started."""
    while True:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            port: int = listener.getsockname()[1]
            if "9" in str(port):
                continue  # the filter looks into URLs, too, and nines are what it looks for
            yield port
            return
