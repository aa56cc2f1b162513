"""Few notes for many writes, and none that is wrong when the clock is put (traps D5, D15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from tui_dl.engine import write_stamps
from tui_dl.engine.write_stamps import FRESH_NS, WriteStamps
from tui_dl.storage.journal import WrittenJournal

SECOND_NS = 1_000_000_000


class Notes:
    """What a journal is told."""

    def __init__(self) -> None:
        self.times: list[int] = []

    def note_write(self, now_ns: int) -> None:
        """Keep it."""
        self.times.append(now_ns)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def write_at(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what writes at a wall time."""
    stamps = WriteStamps()
    stamps.use_journal(cast("WrittenJournal", notes))

    def write(now_ns: int) -> None:
        monkeypatch.setattr(write_stamps, "time_ns", lambda: now_ns)
        stamps.before()

    return write


def test_one_note_stands_for_the_writes_of_a_moment(
    notes: Notes, write_at: Callable[[int], None]
) -> None:
    for late_ns in (0, 1, FRESH_NS - 1, FRESH_NS, FRESH_NS + 1):
        write_at(SECOND_NS + late_ns)
    assert notes.times == [SECOND_NS, SECOND_NS + FRESH_NS]


def test_a_clock_that_is_put_back_is_noted_at_once(
    notes: Notes, write_at: Callable[[int], None]
) -> None:
    """Else writes after it would stand under a time to come, and an edit of others too."""
    write_at(100 * SECOND_NS)
    write_at(99 * SECOND_NS)
    write_at(99 * SECOND_NS + 1)
    assert notes.times == [100 * SECOND_NS, 99 * SECOND_NS]
