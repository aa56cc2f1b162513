"""P7: the app open on a running download, what its keys and its frames cost, and rest."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.ground import prove
from tests.benchmarks.measuring import RunFailedError
from tests.benchmarks.painting import Frames, measure_frames
from tests.benchmarks.programs import OneFile, tui_dl_one
from tests.benchmarks.results import Goal, Report
from tests.benchmarks.screen_process import ScreenProcess
from tests.benchmarks.starts import FIRST_FRAME, fill_catalog
from tests.support.nginx import Nginx

FILES = 4
REST_S = 10.0
SETTLE_S = 12.0
"""Time until an idle app has gone to its slow pace."""
RESTING_RECORDS = 100
ROUSING_TRIES = 10
PAUSE_S = 0.03
"""Between an answer and the next key; faster than anybody types."""
KEYS = (("5", re.compile(rb"Nothing is failed")), ("1", re.compile(rb"copy-|file-")))
"""Two filters in turn: one shows a sentence that the other does not, and back."""


def p7(bench: Bench) -> list[Report]:
    """Measure the app during a transfer and at rest."""
    source = bench.ground.source("big.bin", bench.size_bytes)
    rates: dict[str, list[float]] = {"get": [], "app": []}
    with Nginx(bench.ground.sources, workers=2) as server:
        url = server.url("/big.bin")
        for _ in range(bench.runs):
            rates["get"].append(_rate_of_get(bench, url, source))
            rates["app"].append(_rate_of_app(bench, url, source))
        waits_s, under_keys_bps = _key_waits(bench, server, source)
    usual = {name: median(values) for name, values in rates.items() if values}
    frames = asyncio.run(measure_frames())
    idle = _at_rest(bench)
    return [_report(usual | {"keys": under_keys_bps}, sorted(waits_s), frames, idle)]


def _report(usual: dict[str, float], waits_s: list[float], frames: Frames, idle: _Idle) -> Report:
    p99_s = waits_s[min(len(waits_s) - 1, int(len(waits_s) * 0.99))]
    return Report(
        "P7",
        "the app open on a running download",
        [
            f"rate, MB/s: get {usual['get'] / 1e6:.0f}, app {usual['app'] / 1e6:.0f}, "
            f"app under constant keys {usual['keys'] / 1e6:.0f}",
            f"{len(waits_s)} keys during a download: median {median(waits_s) * 1000:.0f} ms, "
            f"worst {waits_s[-1] * 1000:.0f} ms; "
            f"without a download: median {median(idle.waits_s) * 1000:.0f} ms",
        ],
        [
            Goal("rate against get", usual["app"] / usual["get"], 0.9, at_least=True),
            Goal("key to frame, p99", p99_s * 1000, 50, "ms"),
            Goal("repaint of 20 changed rows, CPU", frames.rows_ms, 6, "ms"),
            Goal("repaint of the chunk map, CPU", frames.chunks_ms, 3, "ms"),
            Goal("CPU at rest", idle.share * 100, 0.5, "%"),
        ],
    )


class _FileWatch:
    """Notes when a part file appears and when the finished file does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._begun_s = self._ended_s = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def took_s(self) -> float:
        """Return the time between the two.

        Raises:
            RunFailedError: the file never came.
        """
        self._thread.join(60)
        if not self._ended_s:
            raise RunFailedError(f"{self._path.name} never came")
        return self._ended_s - self._begun_s

    def _look(self) -> None:
        give_up_s = time.perf_counter() + 55
        while time.perf_counter() < give_up_s:
            now_s = time.perf_counter()
            if not self._begun_s and self._part.exists():
                self._begun_s = now_s
            if self._begun_s and self._path.exists():
                self._ended_s = now_s
                return
            time.sleep(0.002)


def _rate_of_get(bench: Bench, url: str, source: Path) -> float:
    path = bench.ground.target / source.name
    bench.ground.clear()
    watch = _FileWatch(path)
    bench.run(tui_dl_one(OneFile(url, path)))
    took_s = watch.took_s()
    prove(path, source)
    return bench.size_bytes / took_s


def _rate_of_app(bench: Bench, url: str, source: Path) -> float:
    path = bench.ground.target / source.name
    bench.ground.clear()
    watch = _FileWatch(path)
    arguments = ["--no-api", "--exit-when-done", "-d", str(bench.ground.target), url]
    with ScreenProcess(bench.ground, arguments) as screen:
        screen.wait_end()
    took_s = watch.took_s()
    prove(path, source)
    return bench.size_bytes / took_s


def _key_waits(bench: Bench, server: Nginx, source: Path) -> tuple[list[float], float]:
    """Press keys while files come, one behind the other; return their times and the rate."""
    bench.ground.clear()
    links = [source.with_name(f"copy-{number}.bin") for number in range(FILES)]
    for link in links:
        link.unlink(missing_ok=True)
        link.hardlink_to(source)
    urls = [server.url(f"/{link.name}") for link in links]
    last = bench.ground.target / links[-1].name
    waits_s: list[float] = []
    arguments = ["--no-api", "--set", "downloads.slots=1", "-d", str(bench.ground.target), *urls]
    with ScreenProcess(bench.ground, arguments) as screen:
        screen.wait_for(FIRST_FRAME)
        _rouse(screen)
        began_s = time.perf_counter()
        while not last.exists():
            waits_s += press_all(screen, KEYS)
        took_s = time.perf_counter() - began_s
        screen.leave()
    for link in links:
        prove(bench.ground.target / link.name, source)
        link.unlink()
    return waits_s, FILES * bench.size_bytes / took_s


def _rouse(screen: ScreenProcess) -> None:
    """Press keys until the first one is answered: an app that just opened may drop some.

    Raises:
        RunFailedError: it answers none.
    """
    for _ in range(ROUSING_TRIES):
        try:
            screen.press("5")
            screen.wait_for(KEYS[0][1], limit_s=3.0)
        except RunFailedError:
            continue
        screen.press("1")
        screen.wait_for(KEYS[1][1])
        return
    raise RunFailedError("the app answers no key")


def press_all(screen: ScreenProcess, keys: Sequence[tuple[str, re.Pattern[bytes]]]) -> list[float]:
    """Press each key once its forerunner was answered; return the times."""
    waits_s: list[float] = []
    for key, pattern in keys:
        began_s = time.perf_counter()
        screen.press(key)
        screen.wait_for(pattern)
        waits_s.append(time.perf_counter() - began_s)
        screen.read_for(PAUSE_S)
    return waits_s


@dataclass(frozen=True, slots=True)
class _Idle:
    """An app in which nothing runs."""

    share: float
    """CPU at rest, of one core."""
    waits_s: list[float]
    """From keys to their answers."""


def _at_rest(bench: Bench) -> _Idle:
    """Leave an app alone for a while, then press keys."""
    bench.ground.clear()
    fill_catalog(bench.ground.state, RESTING_RECORDS)
    with ScreenProcess(bench.ground, ["--no-api", "-d", str(bench.ground.target)]) as screen:
        screen.wait_for(FIRST_FRAME)
        screen.read_for(SETTLE_S)
        before_s = screen.cpu_s
        screen.read_for(REST_S)
        share = (screen.cpu_s - before_s) / REST_S
        waits_s = [wait_s for _ in range(15) for wait_s in press_all(screen, KEYS)]
        screen.leave()
    return _Idle(share, waits_s)
