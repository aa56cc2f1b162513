"""Which of the waiting downloads starts: priorities first, then places in the queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.driving import running
from tests.support.fault_server import FaultServer, Resource
from tui_dl.domain.model import Status
from tui_dl.engine.queue import Queue

NAMES = "abcdefg"
priorities = st.fixed_dictionaries({name: st.sampled_from([-100, 0, 0, 7]) for name in NAMES})
names = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("insert"), names, st.none() | st.integers(-2, 9)),
    st.tuples(st.just("move"), st.sets(names, min_size=1), st.sampled_from(["up", "down"])),
    st.tuples(st.just("move"), st.sets(names, min_size=1), st.sampled_from(["top", "bottom"])),
    st.tuples(st.just("place"), names, st.integers(-2, 9)),
    st.tuples(st.just("leave"), names, st.none()),
    st.tuples(st.just("priority"), names, st.sampled_from([-100, 0, 7])),
)


@given(priorities, st.lists(steps, max_size=12))
def test_no_step_puts_a_lower_priority_before_a_higher_one(
    numbers: dict[str, int], done: list[tuple[str, Any, Any]]
) -> None:
    queue, there = Queue(1, numbers.__getitem__), set(NAMES)
    for name in NAMES:
        queue.append(name)
    for what, who, how in done:
        before = queue.waiting
        if what == "insert":
            queue.insert(who, how)
            there.add(who)
        elif what == "move":
            queue.move(sorted(who), how)
            for number in set(numbers.values()):
                kept = [n for n in queue.waiting if numbers[n] == number and n in who]
                assert kept == [n for n in before if n in kept]
        elif what == "place":
            queue.move_to_index(who, how)
        elif what == "leave":
            queue.leave(who)
            there.discard(who)
        else:
            numbers[who] = how
            queue.sort()
            others = [n for n in before if n != who]
            assert [n for n in queue.waiting if n != who] == others
        shown = [numbers[name] for name in queue.waiting]
        assert shown == sorted(shown, reverse=True)
        assert sorted(queue.waiting) == sorted(there)
    taken = []
    while (next_one := queue.take_next(lambda _: True)) is not None:
        taken.append(next_one)
        queue.release(next_one)
    assert [numbers[n] for n in taken] == sorted((numbers[n] for n in there), reverse=True)


def test_places_count_among_equals() -> None:
    numbers = dict.fromkeys("abc", 0) | {"X": 5, "Y": 5}
    queue = Queue(1, numbers.__getitem__)
    for name in ("a", "X", "b", "Y", "c"):
        queue.append(name)
    assert "".join(queue.waiting) == "XYabc"
    queue.move(["c"], "top")
    assert "".join(queue.waiting) == "XYcab"
    queue.move(["X"], "bottom")
    assert "".join(queue.waiting) == "YXcab"
    queue.move(["c", "X"], "up")
    assert "".join(queue.waiting) == "XYcab"
    queue.move(["Y"], "down")
    assert "".join(queue.waiting) == "XYcab"
    queue.move_to_index("b", 0)
    assert "".join(queue.waiting) == "XYbca"
    queue.move_to_index("X", 9)
    assert "".join(queue.waiting) == "YXbca"
    numbers["a"] = 5
    queue.sort()
    assert "".join(queue.waiting) == "YXabc"
    numbers["Y"] = 0
    queue.sort()
    assert "".join(queue.waiting) == "XaYbc"
    queue.put_first("moved")
    assert queue.waiting[0] == "moved"


async def test_a_raised_one_takes_the_next_slot_and_stops_nothing(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/slow.bin", size=50_000_000, rate_bps=100_000))
    async with running(tmp_path, slots=1) as driver:
        service = driver.service
        first = await driver.add(f"{url}?first")
        low = await driver.add(f"{url}?low", priority=-1)
        usual = await driver.add(f"{url}?usual")
        high = await driver.add(f"{url}?high", priority=9)
        waiting = (high, usual, low)

        async def ranks() -> list[int | None]:
            return [(await driver.details(id_)).download.queue_rank for id_ in waiting]

        assert await ranks() == [1, 2, 3]
        results = await service.set_priority([low], 100)
        assert [result.failure for result in results] == [None]
        assert await ranks() == [2, 3, 1]
        assert driver.row(first).status.is_running
        assert [row.id for row in service.snapshot().downloads] == [first, low, high, usual]
        await service.pause([first])
        await driver.until(low, lambda row: row.status.is_running)
        assert await ranks() == [1, 2, None]
    # What ran is queued again by the next engine, in its class, and the order was kept.
    async with running(tmp_path, slots=0, only_asked=True) as driver:
        rows = driver.service.snapshot().downloads
        ranked = [row.id for row in rows if row.status is Status.QUEUED]
        assert ranked == [low, high, usual]
        assert [driver.row(id_).queue_rank for id_ in ranked] == [1, 2, 3]


async def test_one_that_has_to_queue_again_goes_into_its_class(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    """It ran as the first of all, and its place is before theirs."""
    url = fault_server.add(Resource(path="/slow.bin", size=50_000_000, rate_bps=100_000))
    async with running(tmp_path, slots=1) as driver:
        ran = await driver.add(f"{url}?ran", priority=-5)
        await driver.until(ran, lambda row: row.status.is_running)
        ids = [await driver.add(f"{url}?{n}", priority=n) for n in (0, -5, 3)]
    async with running(tmp_path, slots=0, only_asked=True) as driver:
        rows = driver.service.snapshot().downloads
        assert [row.id for row in rows] == [ids[2], ids[0], ran, ids[1]]
        assert [row.queue_rank for row in rows] == [1, 2, 3, 4]


async def test_a_file_that_is_moved_gives_its_slot_to_nobody(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/slow.bin", size=50_000_000, rate_bps=100_000))
    async with running(tmp_path, slots=1) as driver:
        low = await driver.add(f"{url}?low", priority=-5)
        await driver.until(low, lambda row: row.done_bytes > 0)
        high = await driver.add(f"{url}?high", priority=5)
        answer = await driver.service.relocate(low, directory=str(tmp_path / "there"))
        assert answer.failure is None
        await driver.until(low, lambda row: row.status.is_running)
        assert (await driver.details(high)).download.status is Status.QUEUED


async def test_what_is_parked_goes_behind_the_higher_ones_wherever_they_came_from(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    """Resumed ones stand at the end of their class, whatever their places were."""
    url = fault_server.add(Resource(path="/slow.bin", size=50_000_000, rate_bps=100_000))
    async with running(tmp_path, slots=1) as driver:
        early = await driver.add(f"{url}?early", paused=True)
        parked = await driver.add(f"{url}?parked")
        await driver.until(parked, lambda row: row.status.is_running)
        high = await driver.add(f"{url}?high", paused=True, priority=5)
        await driver.service.resume([high, early])
        await driver.service.set_schedule("00:00-24:00 pause")
        await driver.until(parked, lambda row: row.queue_rank is not None)
        found = [(await driver.details(id_)).download.queue_rank for id_ in (high, early, parked)]
        assert found == [1, 2, 3]
