"""Run one program and say what it cost: wall time, CPU with all children, peak memory.

Must not judge. Every figure is of the whole process, its start and its end included.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LOOK_S = 0.02
_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


class RunFailedError(Exception):
    """A program did not do what it was started for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run."""

    wall_s: float
    cpu_s: float = 0.0
    """User and system time of the process and of its children."""
    peak_bytes: int = 0
    """Peak resident memory, 0 unless it was watched."""
    fetched_bytes: int = 0
    """What the server or the link counted, 0 unless it did."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of several runs."""

    runs: int
    wall_s: float
    cpu_s: float
    peak_bytes: int
    fetched_bytes: int


def summarize(samples: Sequence[Sample]) -> Summary:
    """Return the medians; of memory and bytes the worst."""
    return Summary(
        runs=len(samples),
        wall_s=median(sample.wall_s for sample in samples),
        cpu_s=median(sample.cpu_s for sample in samples),
        peak_bytes=max(sample.peak_bytes for sample in samples),
        fetched_bytes=max(sample.fetched_bytes for sample in samples),
    )


def run_measured(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    limit_s: float = 300.0,
    watch_memory: bool = False,
) -> Sample:
    """Run ``argv`` to its end in ``folder``.

    Memory is watched by looking at the kernel's high-water mark: ``ru_maxrss`` would also
    count what this process held at the moment of the fork.

    Raises:
        RunFailedError: it ended with another code than 0, or not within ``limit_s``.
    """
    errors = folder / "stderr.txt"
    with errors.open("wb") as said:
        began_s = time.perf_counter()
        process = subprocess.Popen(
            list(argv),
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        watch = PeakWatch(process.pid) if watch_memory else None
        killer = threading.Timer(limit_s, process.kill)
        killer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            killer.cancel()
        wall_s = time.perf_counter() - began_s
    process.returncode = os.waitstatus_to_exitcode(status)
    peak_bytes = 0 if watch is None else watch.stop()
    if process.returncode != 0:
        tail = errors.read_text(errors="replace").strip()[-300:]
        raise RunFailedError(f"{Path(argv[0]).name} ended with {process.returncode}: {tail}")
    return Sample(wall_s, usage.ru_utime + usage.ru_stime, peak_bytes)


def peak_bytes_of(pid: int) -> int:
    """Return the high-water mark of a process' resident memory, 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = _PEAK.search(status)
    return 0 if found is None else int(found[1]) * 1024


def cpu_s_of(pid: int) -> float:
    """Return the CPU time of a running process without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class PeakWatch:
    """Looks at a process' memory from a thread until ``stop``."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak_bytes = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Return the peak in bytes."""
        self._is_over.set()
        self._thread.join()
        return self._peak_bytes

    def _look(self) -> None:
        while not self._is_over.wait(LOOK_S):
            self._peak_bytes = max(self._peak_bytes, peak_bytes_of(self._pid))


def interleave(
    names: Sequence[str],
    attempt: Callable[[str], Sample],
    runs: int,
    *,
    once: frozenset[str] = frozenset(),
    say: Callable[[str], None],
) -> dict[str, Summary]:
    """Attempt all ``names`` in turn, ``runs`` times; those in ``once`` only the first time.

    The order turns with each round, so that nobody always runs behind the same one. Who
    fails is left out with a word about it; the first contestant must not fail.

    Raises:
        RunFailedError: the first contestant failed.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    failed: set[str] = set()
    for number in range(runs):
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            if name in failed or (name in once and samples[name]):
                continue
            try:
                samples[name].append(attempt(name))
            except RunFailedError as error:
                if name == names[0]:
                    raise
                failed.add(name)
                say(f"  {name} is left out: {error}")
    return {
        name: summarize(taken) for name, taken in samples.items() if taken and name not in failed
    }
