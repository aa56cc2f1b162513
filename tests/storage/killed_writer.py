"""A program for ``test_journal_kill``: forks writers, has them killed, checks their claims.

The part file is position-coded: each 8-byte word is its own offset. So a claimed byte that
was never written shows as zero, a shifted one as a wrong number.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui_dl.domain.model import PartIdentity
from tui_dl.storage import journal as journal_module
from tui_dl.storage import journal_words
from tui_dl.storage.journal import WrittenJournal
from tui_dl.storage.journal_format import JournalOwner
from tui_dl.storage.part_file import PartFile

STEP_BYTES = 32 * 1024


def code(start: int, end: int) -> bytes:
    """Return the right bytes of ``start`` to ``end``, both multiples of 8."""
    return b"".join(offset.to_bytes(8, "little") for offset in range(start, end, 8))


def owner_of(part: PartFile) -> JournalOwner:
    """Return whose journal it is."""
    return JournalOwner(bytes(16), "r", 1, part.identity)


def work(directory: Path, seed: int, pieces: int) -> None:
    """Write pieces in several slots in turn, claiming each after it was written."""
    rng = random.Random(seed)
    part = PartFile.reserve(directory, "a")
    journal = WrittenJournal(directory / "j", owner_of(part))
    (directory / "identity").write_text(f"{part.identity.device} {part.identity.inode}")
    moving: dict[int, int] = {}
    for _ in range(pieces):
        if len(moving) < 3:
            start = rng.randrange(64) * 8 * STEP_BYTES
            moving[journal.open_slot(start)] = start
        slot = rng.choice(sorted(moving))
        start = moving[slot]
        part.write_at(code(start, start + STEP_BYTES), start)
        journal.advance(slot, start + STEP_BYTES)
        moving[slot] = start + STEP_BYTES
        if rng.random() < 0.3:
            journal.close_slot(slot)
            del moving[slot]


def check(directory: Path) -> int:
    """Return the bytes that the journal claims; end the program if one of them is wrong."""
    if not (directory / "identity").exists():
        return 0
    status = (directory / "a.part").stat()
    expected = (directory / "identity").read_text().split()
    if expected and expected != [str(status.st_dev), str(status.st_ino)]:
        sys.exit("the part was replaced")
    part = PartFile.reopen(directory, "a.part", "a", PartIdentity(status.st_dev, status.st_ino))
    claimed = WrittenJournal.load(directory / "j", owner_of(part))
    if claimed is None:
        sys.exit("the journal cannot be read")
    for piece in claimed:
        if part.read_at(piece.start, piece.length) != code(piece.start, piece.end):
            sys.exit(f"claimed but not written: {piece}")
    part.close()
    return claimed.total


def kill_at_call(number: int) -> None:
    """Have this process killed at its ``number``-th store, write or rename."""
    left = number

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return call

    patch = pytest.MonkeyPatch()  # never undone: the process does not live that long
    patch.setattr(os, "pwrite", counted(os.pwrite))
    patch.setattr(Path, "replace", counted(Path.replace))
    for kind in (journal_words.MappedWords, journal_words.WrittenWords):
        patch.setattr(kind, "store", counted(kind.store))


def main(directory: Path, way: str, mode: str, rounds: int) -> None:
    """Kill ``rounds`` writers, each at a later call or at a random moment; check them all."""
    patch = pytest.MonkeyPatch()
    patch.setattr(journal_module, "_LEAST_SLOTS", 3)  # compaction at almost every new slot
    if way == "in place":
        patch.setattr(journal_words, "map_is_safe", lambda _fd: False)
    rng = random.Random(7)
    total = 0
    for round_ in range(1, rounds + 1):
        place = directory / str(round_)
        place.mkdir()
        child = os.fork()
        if child == 0:
            if mode == "calls":
                kill_at_call(round_)
            work(place, round_, 1_000_000)
        if mode == "moments":
            time.sleep(rng.uniform(0.001, 0.03))
            os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(f"the writer ended by itself: {status}")
        total += check(place)
        (place / "a.part").unlink(missing_ok=True)
    print(total)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
