"""A program for ``test_each_call``: ``tui-dl get``, killed at one system call after another.

Forks a process for each run from one that has imported everything. A child counts its calls
that change a disk and kills itself before or after one of them; the same command must then
end in one right file. Must not be imported by the product: it patches this process only.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from tests.support.body import check_file
from tests.support.disk_faults import replace_writes
from tui_dl.cli.main import main as tui_dl
from tui_dl.domain.model import Status
from tui_dl.service import local as local_service
from tui_dl.storage import journal_words, publish
from tui_dl.storage.catalog import Catalog
from tui_dl.storage.catalog_reader import read_catalog

IMPORTED = local_service
"""So that no child has to import it."""

CREATES = os.O_CREAT | getattr(os, "O_TMPFILE", 0)
CALLS = (
    *("ftruncate", "fdatasync", "fsync"),
    *("rename", "replace", "link", "unlink", "mkdir"),
)


@dataclass(frozen=True)
class Task:
    """What every run does."""

    base: Path
    url: str
    seed: int
    size: int
    options: tuple[str, ...]
    """The word PLACE in them becomes the number of the run."""
    goal: str = ""
    """Folder of the finished file, if that is another one; PLACE as above."""


class Fuse:
    """Counts calls and kills the process at one of them. A call counts twice: before, after."""

    def __init__(self, point: int, last_words: Path) -> None:
        self._left = point
        self._last_words = last_words
        self._lock = Lock()

    def burn(self, where: str) -> None:
        """Count one point; at the last one there is no return."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._last_words.write_text(where)
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a call."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.burn(f"before {name}")
            result = real(*args, **kwargs)
            self.burn(f"after {name}")
            return result

        return call

    def around_open(self, real: Callable[..., int]) -> Callable[..., int]:
        """Wrap ``os.open``: only what makes a file counts."""

        def call(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            if not flags & CREATES & ~os.O_DIRECTORY:
                return real(path, flags, *args, **kwargs)
            self.burn("before open")
            fd = real(path, flags, *args, **kwargs)
            self.burn("after open")
            return fd

        return call

    def install(self) -> None:
        """Put it into this process for good."""
        patch = pytest.MonkeyPatch()
        replace_writes(patch, self.around("pwrite", os.pwrite))
        for name in CALLS:
            patch.setattr(os, name, self.around(name, getattr(os, name)))
        patch.setattr(os, "open", self.around_open(os.open))
        rename = vars(publish)["rename_unless_exists"]
        patch.setattr(publish, "rename_unless_exists", self.around("renameat2", rename))
        patch.setattr(Catalog, "_transact", self.around("commit", Catalog._transact))
        for kind in (journal_words.MappedWords, journal_words.WrittenWords):
            patch.setattr(kind, "store", self.around("journal store", kind.store))


def run(task: Task, place: Path, point: int | None) -> int:
    """Run the command in a child of its own; return its exit code, negative for a signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        os.dup2(silence, 1)
        os.environ["TUI_DL_DATA_DIR"] = str(place / "state")
        if point is not None:
            Fuse(point, place / "last words").install()
        options = [option.replace("PLACE", place.name) for option in task.options]
        code = tui_dl(["get", "-q", "-d", str(place / "target"), *options, task.url])
    finally:
        os._exit(code)


def check(task: Task, place: Path) -> None:
    """Raise AssertionError unless there is one right file and one finished download."""
    target = Path(task.goal.replace("PLACE", place.name)) if task.goal else place / "target"
    if task.goal:
        left_over = [path.name for path in (place / "target").iterdir()]
        assert not left_over, f"still in the first folder: {left_over}"
    found = [path.name for path in target.iterdir()]
    assert found == [task.url.rpartition("/")[2]], f"in the folder: {found}"
    check_file(target / found[0], task.seed, task.size)
    records = read_catalog(place / "state" / "catalog.sqlite3").records
    rows = [(r.status, r.directory, r.name, r.moving) for r in records]
    assert rows == [(Status.COMPLETED, str(target), found[0], None)], f"in the list: {rows}"
    journals = place / "state" / "journal"  # a small file needs none, and no folder for it
    left = list(journals.iterdir()) if journals.exists() else []
    assert not left, f"beside the list: {left}"


def kill_at(task: Task, point: int, later: int | None) -> str | None:
    """Kill at ``point``, perhaps again at ``later``; return where, ``None`` when it was over."""
    place = task.base / str(point)
    place.mkdir()
    code = run(task, place, point)
    if code == 0:
        check(task, place)
        return None
    assert code == -signal.SIGKILL, f"exit code {code}"
    where = (place / "last words").read_text()
    if later is not None:
        code = run(task, place, later)
        assert code in (0, -signal.SIGKILL), f"exit code {code} after {where}"
    code = run(task, place, None)
    assert code == 0, f"exit code {code} after {where}"
    try:
        check(task, place)
    except AssertionError as error:
        raise AssertionError(f"killed {where}: {error}") from error
    return where


def main(text: str) -> None:
    """Kill at each point in turn; print where, as JSON."""
    wanted = json.loads(text)
    task = Task(
        Path(wanted["base"]),
        wanted["url"],
        wanted["seed"],
        wanted["size"],
        tuple(wanted["options"]),
        wanted.get("goal", ""),
    )
    rng = random.Random(wanted["start"])
    places: list[str] = []
    point = wanted["start"]
    while True:
        later = rng.randint(1, 60) if wanted["twice"] else None
        where = kill_at(task, point, later)
        if where is None:
            break
        places.append(where)
        point += wanted["step"]
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(places), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
