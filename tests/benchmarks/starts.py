"""P6: how long it takes until there is an answer, a file, a frame, a list."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.benchmarks.bench import Bench
from tests.benchmarks.engine_process import Errand
from tests.benchmarks.ground import program
from tests.benchmarks.measuring import Sample, interleave
from tests.benchmarks.programs import ONE_FILE, US, OneFile, tui_dl_one
from tests.benchmarks.results import MB, Goal, Report, table
from tests.benchmarks.screen_process import ScreenProcess
from tests.support.nginx import Nginx
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.storage.catalog import Catalog

RECORDS = 10_000
FIRST_FRAME = re.compile(rb"quit")
"""A word of the last line, which every whole frame shows."""


def p6(bench: Bench) -> list[Report]:
    """Measure the start of everything."""
    runs = max(5, bench.runs)
    return [_commands(bench, runs), _app(bench, runs)]


def warm_up(bench: Bench) -> None:
    """Start everything once, so that no row pays for compiling our modules."""
    bench.ground.source("tiny.bin", 1024)
    with Nginx(bench.ground.sources) as server:
        tiny = bench.ground.target / "tiny.bin"
        url = server.url("/tiny.bin")
        bench.run(tui_dl_one(OneFile(url, tiny)))
        target, state = str(bench.ground.target), str(bench.ground.state)
        bench.run(Errand(state=state, directory=target, urls=(url,), names=("tiny.bin",)).argv())
    bench.ground.clear()
    first_frame(bench)


def _commands(bench: Bench, runs: int) -> Report:
    source = bench.ground.source("tiny.bin", 1024)
    with Nginx(bench.ground.sources) as server:
        job = OneFile(server.url("/tiny.bin"), bench.ground.target / "tiny.bin")

        commands = {
            US: tui_dl_one(job),
            "--version": [*program(), "--version"],
            "aria2c": ONE_FILE["aria2c"](job),
            "curl": ONE_FILE["curl"](job),
        }

        def attempt(name: str) -> Sample:
            if name == "--version":
                return bench.run(commands[name])
            return bench.fetch(commands[name], job.path, source)

        found = interleave(tuple(commands), attempt, runs, say=bench.say)
    return Report(
        "P6",
        "get of 1 KiB from nginx, and --version",
        table(found, columns=("wall", "cpu")),
        [
            Goal("--version", found["--version"].wall_s * 1000, 90, "ms"),
            Goal("get of 1 KiB", found[US].wall_s * 1000, 220, "ms"),
        ],
    )


def _app(bench: Bench, runs: int) -> Report:
    empty: list[float] = []
    full: list[float] = []
    peaks: list[int] = []
    for _ in range(runs):
        bench.ground.clear()
        empty.append(first_frame(bench).wall_s)
        bench.ground.clear()
        fill_catalog(bench.ground.state, RECORDS)
        sample = first_frame(bench, rest_s=1.5)
        full.append(sample.wall_s)
        peaks.append(sample.peak_bytes)
    return Report(
        "P6 app",
        "start of the app in a terminal of 120x36",
        [f"first frame {median(empty):.3f} s, with {RECORDS} records {median(full):.3f} s"],
        [
            Goal("first frame", median(empty) * 1000, 450, "ms"),
            Goal(f"first frame with {RECORDS} records", median(full) * 1000, 1000, "ms"),
            Goal(f"memory of the app with {RECORDS} records (P8)", max(peaks) / MB, 200, "MB"),
        ],
    )


def first_frame(bench: Bench, rest_s: float = 0.0) -> Sample:
    """Open the app and return the time to its first frame and its peak after a rest."""
    began_s = time.perf_counter()
    with ScreenProcess(bench.ground, ["--no-api", "-d", str(bench.ground.target)]) as screen:
        screen.wait_for(FIRST_FRAME)
        wall_s = time.perf_counter() - began_s
        screen.read_for(rest_s)
        peak_bytes = screen.peak_bytes
        screen.leave()
    return Sample(wall_s, peak_bytes=peak_bytes)


def fill_catalog(
    state: Path, count: int, *, is_queue: bool = False, base_url: str = "https://files.example.org"
) -> None:
    """Put completed and paused records into the state folder, or queued ones only."""
    state.mkdir(mode=0o700, exist_ok=True)
    catalog = Catalog.open(state / "catalog.sqlite3")
    try:
        records = [_record(number, base_url) for number in range(count)]
        if is_queue:
            records = [_queued(record) for record in records]
        catalog.save(records, (), durable=False)
    finally:
        catalog.close()


def _queued(record: DownloadRecord) -> DownloadRecord:
    return replace(
        record, status=Status.QUEUED, synced=RangeSet(), completed_at=None, elapsed_s=0.0
    )


def _record(number: int, base_url: str) -> DownloadRecord:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    size = 1_000_000 + number
    record = DownloadRecord(
        id=str(uuid.UUID(int=number + 1, version=4)),
        gid=f"{number + 1:016x}",
        url=f"{base_url}/{number}/file-{number:05}.tar.gz",
        directory="/srv/downloads",
        position=number + 1,
        created_at=at,
        status=Status.PAUSED,
        name=f"file-{number:05}.tar.gz",
        total_bytes=size,
        started_at=at,
    )
    if number % 4:
        done = RangeSet([Range(0, size)])
        record = replace(
            record, status=Status.COMPLETED, synced=done, completed_at=at, elapsed_s=3.0
        )
    return record
