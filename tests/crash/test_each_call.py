"""Rows 50 and 53: a kill before and after each call of one download (traps D6, D8)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.fault_server import (
    Exchange,
    FaultServer,
    Resource,
    changed,
    cut_after,
    sha256_of,
)

SMALL = 150_000
"""Lands without a part of its own."""
SIZE = 1_200_000
"""Has a part, a journal and a checkpoint."""
EVERY = os.environ.get("CRASH_EACH_CALL") == "every"
"""Kill at every point, and each second run again; else at some."""


@pytest.mark.parametrize(
    ("start", "size"), [(1, SIZE), (4, SIZE), (7, SIZE), (1, SMALL), (4, SMALL), (7, SMALL)]
)
def test_a_kill_at_any_call_costs_nothing(
    fault_server: FaultServer, memory_folder: Path, start: int, size: int
) -> None:
    url = fault_server.add(Resource(path="/small.bin", size=size))
    digest = f"sha-256={sha256_of(1, size)}"
    places = kill_at_each_call(
        {
            "base": str(memory_folder),
            "url": url,
            "seed": 1,
            "size": size,
            "options": ["--checksum", digest] if start == 4 else [],
            "start": start,
            "step": 1 if EVERY else 8 if size == SIZE else 3,
            "twice": start == 7,
        }
    )
    assert places.total() >= 4, "few calls were met: is anything counted?"


@pytest.mark.parametrize("is_other_disk", [False, True], ids=["same disk", "other disk"])
def test_a_kill_while_the_finished_file_is_moved_leaves_one_in_one_place(
    fault_server: FaultServer, memory_folder: Path, tmp_path: Path, is_other_disk: bool
) -> None:
    if is_other_disk and memory_folder.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    url = fault_server.add(Resource(path="/small.bin", size=SIZE))
    goal = f"{tmp_path if is_other_disk else memory_folder}/PLACE/done"
    places = kill_at_each_call(
        {
            "base": str(memory_folder),
            "url": url,
            "seed": 1,
            "size": SIZE,
            "options": ["--move-to", goal],
            "goal": goal,
            # What comes before is that of every download.
            "start": 1 if EVERY else 40,
            "step": 1 if EVERY else 4,
            "twice": is_other_disk,
        }
    )
    assert places.total() >= 6, "few calls were met: is anything counted?"


async def change_once(x: Exchange) -> None:
    """Give each run two thirds of one version; all that it asks for later is another one."""
    run = x.request.header("x-run")
    if sum(r.header("x-run") == run for r in x.log.requests) > 1:
        x.answer_for(changed(x.resource, 2))
    else:
        await cut_after(SIZE * 2 // 3)(x)


@pytest.mark.parametrize("start", [30])
def test_a_kill_while_the_version_changes_leaves_nothing_of_the_old_one(
    fault_server: FaultServer, memory_folder: Path, start: int
) -> None:
    """Trap H7: the old part goes aside, comes to its end there, or was not yet touched."""
    url = fault_server.add(Resource(path="/small.bin", size=SIZE), change_once)
    places = kill_at_each_call(
        {
            "base": str(memory_folder),
            "url": url,
            "seed": 2,
            "size": SIZE,
            "options": ["-H", "X-Run: PLACE"],
            "start": start,
            "step": 1 if EVERY else 17,
            "twice": False,
        }
    )
    assert places.total() >= 6, "few calls were met: is anything counted?"


def kill_at_each_call(task: dict[str, object]) -> Counter[str]:
    """Run ``killed_get``; return at which calls it killed, and how often."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.killed_get", json.dumps(task)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    places = Counter(json.loads(done.stdout))
    print(places)
    assert len(places) >= 3, "hardly any two calls differed: is anything counted?"
    return places
