"""Short calls on a disk: on the loop only while the disk has proved quick."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui_dl.engine.disk import DISTRUST_CALLS, QUICK_CALLS, SLOW_CALL_S, DiskPace, Pools
from tui_dl.engine.target import FileTarget


@pytest.fixture
def pools() -> Iterator[Pools]:
    made = Pools()
    yield made
    made.close()


def _thread() -> str:
    return threading.current_thread().name


async def test_a_new_disk_is_not_trusted(pools: Pools) -> None:
    assert (await pools.call(DiskPace(), _thread)).startswith("tui-dl-disk")


async def test_a_quick_disk_is_called_from_the_loop_until_it_is_slow_once(pools: Pools) -> None:
    """Trap D17: a disk that begins to hang may hold up the loop once, not again and again."""
    pace = DiskPace()
    for _ in range(QUICK_CALLS):
        pace.note_call(0.0)
    assert await pools.call(pace, _thread) == _thread()

    pace.note_call(2 * SLOW_CALL_S)

    assert (await pools.call(pace, _thread)).startswith("tui-dl-disk")
    for _ in range(DISTRUST_CALLS + QUICK_CALLS):
        pace.note_call(0.0)
    assert await pools.call(pace, _thread) == _thread()


async def test_quick_writes_say_nothing_about_other_calls(pools: Pools) -> None:
    """A write ends in memory; a name on a network disk goes the whole way."""
    pace = DiskPace()
    for _ in range(100):
        pace.note(0.0)
    assert pace.is_quick
    assert not pace.calls_are_quick


async def test_a_sync_never_runs_on_the_loop(
    pools: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap D17: however quick the disk was so far, a sync waits for it."""
    pace = DiskPace()
    for _ in range(QUICK_CALLS):
        pace.note_call(0.0)
    seen: list[str] = []

    def noted(real: Callable[[int], None]) -> Callable[[int], None]:
        def call(fd: int) -> None:
            seen.append(_thread())
            real(fd)

        return call

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, noted(getattr(os, name)))
    target = FileTarget(pools, pace, tmp_path / "journal", bytes(16))
    try:
        await target.prepare(tmp_path, "x", 3)
        await target.place()
        await target.write_later(memoryview(b"abc"), 0)
        await target.sync()
        await target.finish(3)
        await target.publish()
    finally:
        await target.close()
    assert seen
    assert all(name.startswith("tui-dl-disk") for name in seen), seen


def quick_calls_until_trusted(pace: DiskPace) -> int:
    """Note quick calls until they may be made from the loop; return how many it took."""
    count = 0
    while not pace.calls_are_quick:
        pace.note_call(0.0)
        count += 1
    return count


def test_a_slow_call_in_the_pool_costs_no_trust_that_it_had_not_won() -> None:
    """Nobody waited for it, and on a busy machine it may only have waited for its turn."""
    pace = DiskPace()
    pace.note_call(2 * SLOW_CALL_S)
    assert quick_calls_until_trusted(pace) == QUICK_CALLS

    pace.note_call(2 * SLOW_CALL_S)
    pace.note_call(2 * SLOW_CALL_S)
    assert quick_calls_until_trusted(pace) == QUICK_CALLS + DISTRUST_CALLS
