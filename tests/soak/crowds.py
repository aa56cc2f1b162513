"""L1, L2, L7 and L8: very long lists, very many downloads, very many files, a very large one."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.engine_process import Errand
from tests.benchmarks.ground import MIB, program, prove
from tests.benchmarks.measuring import PeakWatch, RunFailedError
from tests.benchmarks.results import MB, Goal, Report
from tests.benchmarks.screen_process import ScreenProcess
from tests.benchmarks.starts import FIRST_FRAME, fill_catalog, first_frame
from tests.benchmarks.terminal import KEYS, press_all
from tests.support.nginx import Nginx
from tui_dl.service.offline import read_stored

QUEUED, VERY_MANY = 10_000, 100_000
TURNS = 50
CROWD, CROWD_BYTES, HOSTS = 200, 8 * MIB, 20
FILES, FILE_BYTES, AT_ONCE = 10_000, 4096, 16
VAST_BYTES = 100 << 30
VAST_BPS = 3_000_000
"""Of each of 16 connections: the disk here must hold what comes."""
VAST_S = 8.0
LIMIT_S = 600.0


def l1(bench: Bench) -> Report:
    """Open the app on 10,000 queued downloads, press keys, add as many; open 100,000."""
    bench.ground.clear()
    fill_catalog(bench.ground.state, QUEUED, is_queue=True)
    began_s = time.perf_counter()
    with ScreenProcess(bench.ground, ["--no-api", "--paused"]) as screen:
        screen.wait_for(FIRST_FRAME)
        start_s = time.perf_counter() - began_s
        screen.read_for(2.0)
        waits_s = sorted(wait_s for _ in range(TURNS) for wait_s in press_all(screen, KEYS))
        peak_bytes = screen.peak_bytes
        screen.leave()
    listing = bench.ground.base / "work" / "urls.txt"
    listing.write_text("".join(f"https://files.example.org/{n}.bin\n" for n in range(QUEUED)))
    adding = bench.run([*program(), "add", "--paused", "-i", str(listing)])
    added = len(read_stored(bench.ground.state).downloads)
    bench.ground.clear()
    fill_catalog(bench.ground.state, VERY_MANY, is_queue=True)
    many = first_frame(bench, rest_s=1.0)
    return Report(
        "L1",
        f"{QUEUED} queued downloads",
        [
            f"{len(waits_s)} keys: median {waits_s[len(waits_s) // 2] * 1000:.0f} ms; with "
            f"{VERY_MANY} the first frame comes after {many.wall_s:.1f} s, "
            f"peak {many.peak_bytes / MB:.0f} MB"
        ],
        [
            Goal("cold start to the first frame", start_s, 2.0, "s"),
            Goal("add of as many, whole command", adding.wall_s, 3.0, "s"),
            Goal("records added", added, QUEUED, "", at_least=True),
            Goal("memory of the app", peak_bytes / MB, 250, "MB"),
            Goal("key to frame, p99", waits_s[int(len(waits_s) * 0.99)] * 1000, 100, "ms"),
        ],
    )


def l2(bench: Bench) -> Report:
    """Run 200 downloads over 4 connections each, as fast as it goes."""
    ground = bench.ground
    sources = ground.many_sources("crowd", CROWD, CROWD_BYTES)
    ground.clear()
    with ExitStack() as stack:
        servers = [stack.enter_context(Nginx(ground.sources)) for _ in range(HOSTS)]
        errand = Errand(
            state=str(ground.state),
            directory=str(ground.target),
            urls=tuple(servers[n % HOSTS].url(f"/crowd/{s.name}") for n, s in enumerate(sources)),
            names=tuple(path.name for path in sources),
            slots=CROWD,
            connections=4,
            fixed=True,
        )
        began_s = time.perf_counter()
        with _child(bench, errand.argv()) as process:
            memory, files = PeakWatch(process.pid), _Most(lambda: descriptors_of(process.pid))
            code = process.wait(LIMIT_S)
            wall_s = time.perf_counter() - began_s
            peak_bytes, most_files = memory.stop(), files.stop()
    if code:
        raise RunFailedError(f"the engine ended with {code}")
    for source in sources:
        prove(ground.target / source.name, source)
    rate_bps = CROWD * CROWD_BYTES / wall_s
    return Report(
        "L2",
        f"{CROWD} downloads of {CROWD_BYTES // MIB} MiB at once, 4 connections each",
        [f"wall {wall_s:.1f} s with the start of the process, all files right"],
        [
            Goal("all together", rate_bps / MB, 100, "MB/s", at_least=True),
            Goal("descriptors at most", most_files, 1100, ""),
            Goal("peak memory", peak_bytes / MB, 400, "MB"),
        ],
    )


def l7(bench: Bench) -> Report:
    """Fetch 10,000 files of 4 KiB, with a kill in the middle."""
    ground = bench.ground
    sources = ground.many_sources("tiny", FILES, FILE_BYTES)
    ground.clear()
    listing = ground.base / "work" / "urls.txt"
    with Nginx(ground.sources) as server:
        listing.write_text("".join(f"{server.url(f'/tiny/{path.name}')}\n" for path in sources))
        argv = [*program(), "get", "-q", "-j", str(AT_ONCE), "-d", str(ground.target)]
        argv += ["-i", str(listing)]
        began_s = time.perf_counter()
        with _child(bench, argv) as process:
            _wait(lambda: _finished(ground.target) >= FILES // 2, process)
            process.kill()
            process.wait()
        killed_s = time.perf_counter() - began_s
        had = _finished(ground.target)
        began_s = time.perf_counter()
        with _child(bench, argv) as process:
            code = process.wait(LIMIT_S)
        rest_s = time.perf_counter() - began_s
    if code:
        raise RunFailedError(f"get ended with {code}")
    for source in sources:
        prove(ground.target / source.name, source)
    extra = len(list(ground.target.iterdir())) - FILES
    return Report(
        "L7",
        f"{FILES} files of {FILE_BYTES // 1024} KiB, {AT_ONCE} at once, kill -9 in the middle",
        [f"{had} in {killed_s:.1f} s, kill, {FILES - had} in {rest_s:.1f} s; all right"],
        [
            Goal("files a second before", had / killed_s, 200, "", at_least=True),
            Goal("files a second after", (FILES - had) / rest_s, 200, "", at_least=True),
            Goal("files lost or left over", abs(extra), 0, ""),
        ],
    )


def l8(bench: Bench) -> Report:
    """Begin a sparse file of 100 GiB, kill, go on."""
    ground = bench.ground
    ground.clear()
    vast = ground.sources / "vast.bin"
    with vast.open("wb") as file:
        file.truncate(VAST_BYTES)
    part = ground.target / "vast.bin.part"
    with Nginx(ground.sources, rate_bps=VAST_BPS) as server:
        errand = Errand(
            state=str(ground.state),
            directory=str(ground.target),
            urls=(server.url("/vast.bin"),),
            names=("vast.bin",),
            fixed=True,
            is_roomy=True,
        )
        with _child(bench, errand.argv()) as process:
            memory = PeakWatch(process.pid)
            _wait(lambda: _blocks(part) > 0, process)
            time.sleep(VAST_S)
            peak_bytes = memory.stop()
            journal_bytes = sum(path.stat().st_size for path in ground.state.glob("journal/*"))
            process.kill()
            process.wait()
        had = _stored(bench)
        stamp = part.stat().st_mtime_ns
        began_s = time.perf_counter()
        with _child(bench, errand.argv()) as process:
            _wait(lambda: part.stat().st_mtime_ns != stamp, process)
            resume_s = time.perf_counter() - began_s
            time.sleep(1.0)
            process.kill()
            process.wait()
        kept = _stored(bench)
    ground.clear()
    return Report(
        "L8",
        "one sparse job of 100 GiB over 16 connections, kill -9 and on",
        [f"{had / MIB:.0f} MiB at the kill, {kept / MIB:.0f} MiB a second after the restart"],
        [
            Goal("peak memory", peak_bytes / MB, 150, "MB"),
            Goal("journal", journal_bytes / MIB, 1, "MiB"),
            Goal("start of the process to its first byte", resume_s, 2.0, "s"),
            Goal("bytes kept over the kill", kept / max(1, had), 1, "x", at_least=True),
        ],
    )


def descriptors_of(pid: int) -> int:
    """Return how many descriptors a process has open, 0 when it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names are enough
    except (FileNotFoundError, ProcessLookupError):
        return 0


class _Most:
    """The highest value of a figure, looked at from a thread."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look, self._most = look, 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Return it."""
        self._is_over.set()
        self._thread.join()
        return self._most

    def _run(self) -> None:
        while not self._is_over.wait(0.02):
            self._most = max(self._most, self._look())


@contextmanager
def _child(bench: Bench, argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        argv,
        env=bench.ground.environ,
        cwd=bench.ground.base / "work",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)


def _wait(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not holds():
        if process.poll() is not None or time.monotonic() > end_s:
            raise RunFailedError(f"it ended too early, with {process.poll()}")
        time.sleep(0.005)


def _finished(folder: Path) -> int:
    return sum(not name.endswith(".part") for name in os.listdir(folder))  # noqa: PTH208 - looked at often


def _blocks(path: Path) -> int:
    return path.stat().st_blocks if path.exists() else 0


def _stored(bench: Bench) -> int:
    (row,) = read_stored(bench.ground.state).downloads
    return row.done_bytes
