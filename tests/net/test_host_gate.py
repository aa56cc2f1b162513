"""The gate in front of a host: order, learning, pauses (H28, H35)."""

from __future__ import annotations

import asyncio
import gc
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.net.host_gate import MOST_BLANK, RAISE_AFTER_S, HostGate, HostGates


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """One clock for the test."""
    return Clock()


async def waiting(gate: HostGate, order: list[int], number: int) -> None:
    """Acquire and say so."""
    await gate.acquire()
    order.append(number)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_places_are_given_in_order(clock: Clock) -> None:
    gate = HostGate(2, clock)
    order: list[int] = []
    tasks = [asyncio.create_task(waiting(gate, order, n)) for n in range(6)]
    await settle()
    assert order == [0, 1]
    assert not gate.try_acquire(), "nobody jumps the line"
    tasks[3].cancel()
    for done in (3, 4):
        gate.release()
        await settle()
        assert len(order) == done
    assert order == [0, 1, 2, 4]
    assert gate.in_use == 2
    tasks[5].cancel()
    await settle()
    gate.release()
    gate.release()
    assert gate.in_use == 0
    assert gate.try_acquire()


async def test_cancelling_in_the_moment_of_admission_passes_the_place_on(clock: Clock) -> None:
    gate = HostGate(1, clock)
    assert gate.try_acquire()
    order: list[int] = []
    tasks = [asyncio.create_task(waiting(gate, order, n)) for n in range(3)]
    await settle()
    gate.release()
    tasks[0].cancel()  # it was let in, but has not run yet
    await settle()
    assert order == [1]
    tasks[2].cancel()
    gate.release()  # in the same moment: the line is empty in truth
    await settle()
    assert (gate.in_use, order) == (0, [1])
    assert gate.try_acquire()


async def test_the_limit_is_learned_and_forgotten(clock: Clock) -> None:
    gate = HostGate(16, clock)
    assert gate.limit == 16
    gate.lower(5)
    assert gate.limit == 5
    gate.lower(9)
    assert gate.limit == 5, "a later refusal never raises it"
    gate.lower(0)
    assert gate.limit == 1
    assert gate.try_acquire()
    order: list[int] = []
    task = asyncio.create_task(waiting(gate, order, 1))
    clock.now += RAISE_AFTER_S - 0.1
    gate.raise_slowly()
    assert gate.limit == 1
    clock.now += 0.2
    gate.raise_slowly()
    await settle()
    assert (gate.limit, order) == (2, [1])
    gate.raise_slowly()
    assert gate.limit == 2
    for _ in range(40):
        clock.now += RAISE_AFTER_S
        gate.raise_slowly()
    assert gate.limit == 16
    await task


async def test_releasing_after_a_quiet_minute_raises_too(clock: Clock) -> None:
    gate = HostGate(4, clock)
    gate.lower(1)
    assert gate.try_acquire()
    clock.now += RAISE_AFTER_S
    gate.release()
    assert gate.limit == 2


async def test_a_lowered_gate_lets_nobody_in_until_it_has_room(clock: Clock) -> None:
    gate = HostGate(4, clock)
    assert [gate.try_acquire() for _ in range(5)] == [True] * 4 + [False]
    gate.lower(2)
    gate.release()
    gate.release()
    assert not gate.try_acquire()
    gate.release()
    assert gate.try_acquire()


async def test_a_hold_makes_everybody_wait(clock: Clock) -> None:
    gate = HostGate(4, clock)
    gate.hold(0.01, "the server asked for it")
    gate.hold(0.001, "a shorter one does not count")
    assert gate.held_for_s() == pytest.approx(0.01)
    assert gate.held_for_s(clock.now + 0.004) == pytest.approx(0.006)
    assert gate.hold_reason == "the server asked for it"
    assert not gate.try_acquire()
    order: list[int] = []
    tasks = [asyncio.create_task(waiting(gate, order, n)) for n in range(2)]
    await settle()
    assert order == []
    clock.now += 0.02  # the gate's timer looks at the clock when it fires
    await asyncio.gather(*tasks)
    assert order == [0, 1]
    assert gate.held_for_s() == 0


async def test_a_hold_that_grows_while_somebody_waits(clock: Clock) -> None:
    gate = HostGate(4, clock)
    gate.hold(0.005, "first")
    order: list[int] = []
    task = asyncio.create_task(waiting(gate, order, 1))
    await settle()
    gate.hold(0.02, "second")
    await asyncio.sleep(0.01)
    assert order == []
    clock.now += 0.03
    await task
    assert order == [1]


def test_one_gate_for_a_host_and_port(clock: Clock) -> None:
    gates = HostGates(8, clock)
    assert gates.gate("a", 80) is gates.gate("a", 80)
    assert gates.gate("a", 80) is not gates.gate("a", 81)
    assert gates.gate("b", 80).limit == 8


@given(steps=st.lists(st.sampled_from(["ask", "cancel", "release", "lower", "minute"])))
def test_places_are_never_lost_or_made_up(steps: list[str]) -> None:
    """Whatever happens in whatever order: in use is what was given and not yet returned."""

    async def run() -> None:
        clock = Clock()
        gate = HostGate(3, clock)
        asking: list[asyncio.Task[None]] = []
        held = 0
        for step in steps:
            if step == "ask":
                asking.append(asyncio.create_task(gate.acquire()))
            elif step == "cancel" and asking:
                asking[len(asking) // 2].cancel()
            elif step == "release" and held:
                held -= 1
                gate.release()
            elif step == "lower":
                gate.lower(gate.in_use - 1)
            elif step == "minute":
                clock.now += RAISE_AFTER_S
            if step != "cancel":
                await settle()
                done = [task for task in asking if task.done()]
                held += sum(1 for task in done if not task.cancelled())
                asking = [task for task in asking if not task.done()]
                assert gate.in_use == held <= 3
        for task in asking:
            task.cancel()
        await settle()
        held += sum(1 for task in asking if not task.cancelled())
        assert gate.in_use == held
        for _ in range(held):
            gate.release()
        clock.now += 10 * RAISE_AFTER_S
        assert gate.in_use == 0
        assert gate.try_acquire()

    asyncio.run(run())


async def test_places_are_shared_among_those_who_want_them(clock: Clock) -> None:
    gate = HostGate(8, clock)
    first, second = object(), object()
    while gate.try_acquire(first):
        pass
    assert (gate.held_by(first), gate.share(first), gate.is_wanted) == (8, 8, False)
    late = asyncio.create_task(gate.acquire(second))
    await settle()
    assert gate.is_wanted
    assert gate.share(first) == gate.share(second) == 4
    gate.release(first)
    await late
    assert (gate.held_by(first), gate.held_by(second), gate.is_wanted) == (7, 1, False)
    assert gate.share(first) == 4
    gate.release(second)
    assert gate.share(first) == 8, "who has left has no share"


async def test_whoever_leaves_the_line_has_no_share(clock: Clock) -> None:
    gate = HostGate(1, clock)
    await gate.acquire("a")
    late = asyncio.create_task(gate.acquire("b"))
    await settle()
    gate.release("a")  # the place comes in the same moment as the cancel
    late.cancel()
    await settle()
    assert (gate.in_use, gate.held_by("b"), gate.is_wanted) == (0, 0, False)
    assert gate.share("c") == 1


def test_an_engine_that_meets_many_hosts_forgets_those_that_taught_nothing(clock: Clock) -> None:
    """L6: a gate for each host ever met was what made an engine grow for months."""
    gates = HostGates(8, clock)
    used = gates.gate("used", 80)
    gates.gate("taught", 80).lower(3)
    gates.gate("busy", 80).hold(30.0, "Retry-After")
    assert gates.gate("open", 80).try_acquire()
    met = WeakSet(gates.gate(f"host-{number}", 80) for number in range(5 * MOST_BLANK))
    gc.collect()
    assert len(met) <= MOST_BLANK
    assert gates.gate("used", 80) is used
    assert gates.gate("taught", 80).limit < 8
    assert gates.gate("busy", 80).held_for_s() > 0
    assert gates.gate("open", 80).in_use == 1
