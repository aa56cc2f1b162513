"""A machine of all actions on a real engine, real server and real kills (rows 50-58).

Held after each step: no byte has two writers, nothing is claimed that is not there, and what
is done is one version of its source. At the end everything ends well once the faults are gone.
``CRASH_MACHINE=500`` makes it long, with new examples each time.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.crash.machine_child import Seen, serve
from tests.crash.set_clock import SetClock
from tests.support.fault_server import (
    FaultServer,
    Resource,
    Script,
    check_file,
    check_ranges,
    chunked,
    no_validators,
    one_connection_stalls,
    rst_every,
)
from tui_dl.domain.errors import DiskError
from tui_dl.domain.model import DownloadRecord, Status
from tui_dl.engine.disk import DiskPace, Pools
from tui_dl.engine.target import FileTarget
from tui_dl.storage.boot import current_boot_id
from tui_dl.storage.catalog_reader import read_catalog

KIB = 1024
LIMIT_S = 60.0
LONG = int(os.environ.get("CRASH_MACHINE", "0"))
KINDS: dict[str, Script] = {
    "plain": None,
    "one is silent": one_connection_stalls(2, 50 * KIB),
    "resets": rst_every(200 * KIB),
    "no validators": no_validators,
    "unknown length": chunked(hide_ranges=True),
}
SIZES = [1, 300_000, 1_500_000]
DAY_NS = 86_400 * 1_000_000_000
JUMPS_NS = (DAY_NS // 86_400, DAY_NS // 24, DAY_NS, 100 * DAY_NS)
"""A second, an hour, a day, and a clock that was never set."""

# One process imports everything; each child is forked from it, which has no threads.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.crash.machine_child"])


class Source:
    """One path of the server and all versions that it has had."""

    def __init__(self, server: FaultServer, number: int, kind: str, size: int) -> None:
        self.path = f"/{number}.bin"
        self.size = size
        self.seeds = [number * 100]
        self._server = server
        self.url = server.add(self._resource(size / 4), KINDS[kind])

    def _resource(self, rate_bps: float) -> Resource:
        seed = self.seeds[-1]
        tag = f'"{seed}"'
        return Resource(path=self.path, size=self.size, seed=seed, etag=tag, rate_bps=rate_bps)

    def change(self) -> None:
        """Put another version there."""
        self.seeds.append(self.seeds[-1] + 1)
        self._server.replace(self._resource(self.size / 4))

    def become_good(self) -> None:
        """Serve quickly and without faults."""
        self._server.set_script(self.path, None)
        self._server.replace(self._resource(0))


class Machine(RuleBasedStateMachine):
    """Downloads, their sources, and the process that may be killed at any time."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.base = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.server = FaultServer()
        self.sources: list[Source] = []
        self.of: dict[str, set[str]] = {}
        """By id: the URLs that a download has had."""
        self.checked: set[str] = set()

    @initialize(kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=2))
    def begin(self, kinds: list[str]) -> None:
        """Start with two large downloads."""
        self.boot()
        for kind in kinds:
            self.add(kind, SIZES[-1], 4)

    def boot(self) -> None:
        """Start the process."""
        self.pipe, theirs = _CONTEXT.Pipe()
        self.child = _CONTEXT.Process(target=serve, args=(theirs, self.base))
        self.child.start()
        theirs.close()
        self.answer()

    def answer(self) -> Any:
        """Wait for the process's answer."""
        assert self.pipe.poll(LIMIT_S), "the process does not answer"
        return self.pipe.recv()

    def ask(self, *order: object) -> Any:
        """Give an order and return the answer."""
        self.pipe.send(order)
        return self.answer()

    def look(self) -> list[Seen]:
        """Return all downloads; raise when a byte was written twice."""
        rows, conflicts = self.ask("look")
        assert not conflicts, conflicts
        return cast("list[Seen]", rows)

    # -- what users do

    @precondition(lambda self: len(self.of) < 4)
    @rule(
        kind=st.sampled_from(sorted(KINDS)),
        size=st.sampled_from(SIZES),
        connections=st.sampled_from([1, 4]),
        is_later=st.booleans(),
    )
    def add(self, kind: str, size: int, connections: int, *, is_later: bool = False) -> None:
        """Add a download of a new source, for now or for tomorrow."""
        source = Source(self.server, len(self.sources) + 1, kind, size)
        self.sources.append(source)
        record_id = str(self.ask("add", source.url, connections, {"is_later": is_later}))
        self.of[record_id] = {source.url}

    @rule(order=st.sampled_from(["pause", "resume", "cancel"]), which=st.integers(0, 3))
    def steer(self, order: str, which: int) -> None:
        """Pause, resume or cancel one."""
        self.ask(order, self.one(which))

    @rule(which=st.integers(0, 3), where=st.integers(0, 3))
    def set_url(self, which: int, where: int) -> None:
        """Give one the link of any source; that is refused while it runs."""
        source = self.sources[where % len(self.sources)]
        record_id = self.one(which)
        self.of[record_id].add(source.url)
        self.ask("set_url", record_id, source.url)

    # -- what happens to them

    @rule(wait_s=st.sampled_from([0.05, 0.2, 0.4]))
    def let_time_pass(self, wait_s: float) -> None:
        """Let bytes come. What has come by then does not matter."""
        time.sleep(wait_s)

    @rule(
        what=st.sampled_from(
            ["cut", "new version", "disk full", "disk empty", "clock", "clock back"]
        ),
        which=st.integers(0, 3),
    )
    def mishap(self, what: str, which: int) -> None:
        """Let something go wrong."""
        match what:
            case "cut":
                self.server.drop_connections()
            case "new version":  # who is at work on it must begin again
                self.sources[which % len(self.sources)].change()
                self.server.drop_connections()
            case "clock" | "clock back":
                away_ns = JUMPS_NS[which]
                self.ask("jump", away_ns if what == "clock" else -away_ns)
            case _:
                self.ask("fill_disk", what == "disk full")

    @rule()
    def kill(self) -> None:
        """Kill the process, check its claims, start another."""
        self.child.kill()
        self.child.join()
        self.pipe.close()
        self.check_claims()
        self.boot()

    @rule()
    def restart(self) -> None:
        """End the process in order."""
        self.stop()
        self.check_claims()
        self.boot()

    # -- what must hold

    @invariant()
    def what_is_done_is_right(self) -> None:
        """Compare each file that is called done with the versions of its sources."""
        self.check_done(self.look())

    def check_done(self, rows: list[Seen]) -> None:
        """Raise unless each completed file is whole and of one version."""
        for row in rows:
            if row.status is Status.COMPLETED and row.id not in self.checked:
                size = row.path.stat().st_size
                assert self.is_one_version(row.path, self.of[row.id], [(0, size)], size), row
                self.checked.add(row.id)

    def check_claims(self) -> None:
        """Raise unless all that a dead process claimed is there (traps D5-D7)."""
        records = read_catalog(self.base / "state" / "catalog.sqlite3").records
        assert {record.id for record in records} == set(self.of), "a record was lost"
        pools = Pools()
        try:
            with pytest.MonkeyPatch.context() as patch:
                SetClock(self.base / "clock.json").install(patch)
                for record in records:
                    self.check_claim(record, pools)
        finally:
            pools.close()

    def check_claim(self, record: DownloadRecord, pools: Pools) -> None:
        """Compare the claim of one record with its part."""
        if record.status is Status.COMPLETED:
            return
        journal = self.base / "state" / "journal" / f"{record.id}.journal"
        target = FileTarget(pools, DiskPace(), journal, current_boot_id())
        try:
            restored = target._restore(record)
            if target.part is not None and restored.written:
                claimed = [(r.start, r.end) for r in restored.written]
                path = target.part.final_path if restored.published_name else target.part.part_path
                assert self.is_one_version(path, self.of[record.id], claimed), (record, claimed)
        except DiskError:
            return  # it starts again, and says so
        finally:
            target._close(forget=False)

    def is_one_version(
        self, path: Path, urls: set[str], ranges: list[tuple[int, int]], size: int | None = None
    ) -> bool:
        """Return whether ranges of a file, or all of it, are of one version of one source."""
        for source in self.sources:
            for seed in source.seeds if source.url in urls else ():
                try:
                    check_ranges(path, seed, ranges)
                    if size is not None:
                        check_file(path, seed, source.size)
                except AssertionError:
                    continue
                return True
        return False

    # -- the end

    def stop(self) -> None:
        """End the process in order."""
        rows, conflicts = self.ask("stop")
        assert not conflicts, conflicts
        self.check_done(rows)
        self.child.join(LIMIT_S)
        assert self.child.exitcode == 0
        self.pipe.close()

    def teardown(self) -> None:
        """Take all faults away: everything must end well."""
        try:
            if self.child.is_alive():
                self.settle()
        finally:
            self.child.kill()
            self.child.join()
            self.server.close()
            shutil.rmtree(self.base)

    def settle(self) -> None:
        """Resume what stopped until all is done, then look at the folder."""
        self.ask("fill_disk", False)
        self.ask("jump", 1000 * DAY_NS)  # tomorrow has come, however far back the clock was put
        for source in self.sources:
            source.become_good()
        self.server.drop_connections()
        end_s = time.monotonic() + LIMIT_S
        rows = self.look()
        while any(row.status is not Status.COMPLETED for row in rows):
            assert time.monotonic() < end_s, f"not done: {rows}"
            for row in rows:
                if row.status in (Status.PAUSED, Status.FAILED, Status.CANCELLED):
                    self.ask("resume", row.id)
            time.sleep(0.02)
            rows = self.look()
        self.stop()
        left = {path.name for path in (self.base / "downloads").iterdir()}
        assert left == {row.path.name for row in rows}, f"beside the files: {left}"

    def one(self, which: int) -> str:
        """Return the id of one download."""
        return sorted(self.of)[which % len(self.of)]


Machine.TestCase.settings = settings(
    max_examples=LONG or 8,
    stateful_step_count=40 if LONG else 12,
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMachine = Machine.TestCase
