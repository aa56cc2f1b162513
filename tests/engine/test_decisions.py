"""The engine's pure decisions: limits, retries, the queue, how many connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.engine.governor import RAISED_CEILING, Governor
from tui_dl.engine.limiter import BURST_S, GRAIN_S, LEAST_GRAIN_BYTES, Limits, RateLimit
from tui_dl.engine.queue import Queue
from tui_dl.engine.retry import LONGEST_RETRY_AFTER_S, RetryPolicy

BROKEN = Failure(ErrorCode.CONNECTION_LOST, "It broke.", retryable=True)
GONE = Failure(ErrorCode.NOT_FOUND, "It is gone.")


@given(
    rate=st.integers(1_000, 10**9),
    takes=st.lists(st.integers(1, 256 * 1024), min_size=1, max_size=50),
)
def test_a_limit_is_kept_over_any_sequence_of_reads(rate: int, takes: list[int]) -> None:
    limit, now_s = RateLimit(rate), 100.0
    for count in takes:
        now_s += limit.take(count, now_s)
    assert sum(takes) <= rate * (now_s - 100.0 + BURST_S) * 1.000001 + 1


@given(rate=st.integers(1, 10**9), other=st.integers(0, 10**9), connections=st.integers(1, 64))
def test_all_connections_write_a_moments_worth_at_once(
    rate: int, other: int, connections: int
) -> None:
    limits = Limits(RateLimit(rate), RateLimit(other))
    grain = limits.grain_bytes(connections)
    strictest = min(rate, other or rate)
    assert LEAST_GRAIN_BYTES <= grain <= max(LEAST_GRAIN_BYTES, strictest * GRAIN_S / connections)
    assert Limits(RateLimit(0), RateLimit(0)).grain_bytes(connections) == 0


def test_the_strictest_limit_decides() -> None:
    own, shared = RateLimit(1_000), RateLimit(100)
    assert Limits(own, shared).take(100, 0.0) == Limits(RateLimit(100)).take(100, 0.0)
    assert own.take(1, 0.0) > 0.1 - BURST_S, "each limit knows what was taken"


def test_no_limit_costs_no_wait() -> None:
    assert RateLimit(0).take(10**9, 0.0) == 0.0


def test_idle_time_is_not_saved_up_for_a_burst() -> None:
    limit = RateLimit(1000)
    limit.take(1000, 0.0)
    assert limit.take(1000, 3600.0) > 0.999 - BURST_S


def test_a_changed_limit_acts_at_once() -> None:
    limit = RateLimit(1_000)
    assert limit.take(10_000, 0.0) > 9.0
    limit.set_rate(1_000_000, 0.0)
    assert limit.take(1, 0.0) < 0.02


@given(tries=st.integers(1, 200), jitter=st.floats(0, 1))
def test_backoff_grows_to_its_ceiling_and_never_beyond(tries: int, jitter: float) -> None:
    policy = RetryPolicy(max_tries=0, base_s=1.0, longest_s=60.0)
    delay_s = policy.delay_s(BROKEN, tries, jitter)
    assert delay_s is not None
    assert 0.5 * min(60.0, 2.0 ** (tries - 1)) <= delay_s <= 60.0


def test_a_permanent_failure_is_not_tried_again() -> None:
    assert RetryPolicy().delay_s(GONE, 1, 0.5) is None


def test_retry_after_is_obeyed_and_capped() -> None:
    """Trap H28: as told, but never for ever."""
    told = Failure(ErrorCode.BUSY, "Busy.", retryable=True, retry_after_s=30.0)
    assert RetryPolicy().delay_s(told, 1, 0.0) == 30.0
    huge = Failure(ErrorCode.BUSY, "Busy.", retryable=True, retry_after_s=80_000.0)
    assert RetryPolicy().delay_s(huge, 1, 0.0) == LONGEST_RETRY_AFTER_S
    absurd = Failure(ErrorCode.BUSY, "Busy.", retryable=True, retry_after_s=1e9)
    assert RetryPolicy().delay_s(absurd, 1, 0.0) == RetryPolicy().delay_s(BROKEN, 1, 0.0)


def test_slots_are_never_exceeded_and_order_is_kept() -> None:
    queue = Queue(slots=2)
    for name in "abcd":
        queue.append(name)
    assert [queue.take_next(lambda _: True) for _ in range(3)] == ["a", "b", None]
    queue.release("a")
    assert queue.take_next(lambda _: True) == "c"
    assert queue.waiting == ("d",)


def test_one_that_is_on_its_way_out_is_passed_over() -> None:
    queue = Queue(slots=2)
    queue.append("leaving")
    queue.append("ready")
    assert queue.take_next(lambda name: name != "leaving") == "ready"
    assert queue.waiting == ("leaving",)


@given(
    order=st.permutations("abcdefg"),
    chosen=st.sets(st.sampled_from("abcdefg"), min_size=1),
    to=st.sampled_from(["up", "down", "top", "bottom"]),
)
def test_moves_lose_nobody_and_keep_the_order_of_the_moved(
    order: list[str], chosen: set[str], to: str
) -> None:
    queue = Queue(1)
    for name in order:
        queue.append(name)
    queue.move(sorted(chosen), to)
    assert sorted(queue.waiting) == sorted(order)
    assert [n for n in queue.waiting if n in chosen] == [n for n in order if n in chosen]


def test_moves_by_one_place() -> None:
    queue = Queue(1)
    for name in "abcd":
        queue.append(name)
    queue.move(["c", "d"], "up")
    assert "".join(queue.waiting) == "acdb"
    queue.move(["c", "d"], "down")
    assert "".join(queue.waiting) == "abcd"
    queue.move_to_index("d", 0)
    assert "".join(queue.waiting) == "dabc"


def climb(
    governor: Governor,
    rate_of: list[float] | float,
    steps: int,
    *,
    setup_s: float = 0.001,
    lag_s: float = 0.0,
) -> list[int]:
    """Run a governor over a server that gives ``rate_of(n)`` bytes/s to n connections."""
    now_s, done, seen = 0.0, 0, []
    governor.begin(now_s, done, setup_s)
    for _ in range(steps):
        now_s += 0.2
        n = governor.target
        rate = rate_of * n if isinstance(rate_of, float) else rate_of[min(n, len(rate_of) - 1)]
        done += int(rate * 0.2)
        seen.append(governor.update(now_s, done, 10**12, setup_s, lag_s=lag_s))
    return seen


def test_connections_are_added_while_each_brings_as_much() -> None:
    assert climb(Governor(ceiling=16), 2e6, 12)[-1] == RAISED_CEILING


def test_each_step_is_steep_once_every_connection_proves_limited() -> None:
    assert climb(Governor(ceiling=16), 2e6, 4) == [4, 16, 64, 64]


def test_on_a_longer_link_a_lone_connection_is_no_measure() -> None:
    assert climb(Governor(ceiling=16), 2e6, 5, setup_s=0.01) == [4, 8, 16, 64, 64]


def test_how_near_a_server_is_tells_the_shortest_answer() -> None:
    """Usual answers are late as soon as one end is busy: each step was half as steep then."""

    def second_target(least_setup_s: float | None) -> int:
        governor, per_look = Governor(ceiling=16), 10**6
        governor.begin(0.0, 0, 0.01)
        for now_s, done in ((0.1, per_look), (0.2, 5 * per_look)):
            governor.update(now_s, done, 10**9, 0.01, least_setup_s=least_setup_s)
        return governor.target

    assert second_target(0.001) == 16
    assert second_target(0.01) == second_target(None) == 8


def test_a_machine_that_is_busy_itself_asks_for_no_more_than_usual() -> None:
    """Under load twice 64 connections were opened for one file, and a third fetched twice."""
    assert max(climb(Governor(ceiling=16), 2e6, 12, lag_s=0.1)) == 16


def test_a_slow_start_of_the_first_connection_proves_no_limit() -> None:
    """On a full link a look that fell into the start must not end in 64 connections."""
    slow_start = [0.0, 5e6, *[50e6] * 64]
    seen = climb(Governor(ceiling=16), slow_start, 40)
    assert max(seen) <= 16
    assert seen[-1] <= 8


def test_a_thread_that_is_the_limit_itself_opens_no_more() -> None:
    """On loopback one connection filled the machine, and sixteen cost a fifth more CPU."""
    governor = Governor(ceiling=16)
    governor.begin(0.0, 0, 0.001, busy_s=5.0)
    now_s, busy_s, done = 0.0, 5.0, 0
    for _ in range(10):
        now_s, busy_s, done = now_s + 0.2, busy_s + 0.19, done + 10**8
        assert governor.update(now_s, done, 10**12, 0.001, busy_s=busy_s) == 1
    seen = []
    for _ in range(10):  # the server has become slow: now others may help
        now_s, busy_s, done = now_s + 0.6, busy_s + 0.01, done + governor.target * 10**6
        seen.append(governor.update(now_s, done, 10**12, 0.001, busy_s=busy_s))
    assert seen[-1] >= 16


def test_a_very_fast_connection_needs_but_half_of_the_thread() -> None:
    """What is left over other work has, or the server on the same machine."""
    governor = Governor(ceiling=16)
    governor.begin(0.0, 0, 0.001)
    for n in range(1, 9):
        moved = n * 100 * 10**6  # in 0.2 s each
        assert governor.update(0.2 * n, moved, 10**12, 0.001, busy_s=0.12 * n) == 1


def test_a_slow_connection_is_not_alone_because_the_thread_did_other_things() -> None:
    """Work of the start, or of other downloads."""
    governor = Governor(ceiling=16)
    governor.begin(0.0, 0, 0.001)
    seen = [
        governor.update(0.2 * n, n * 10**6, 10**12, 0.001, busy_s=0.12 * n) for n in range(1, 4)
    ]
    assert seen[-1] > 1


def test_a_small_file_climbs_slowly() -> None:
    governor = Governor(ceiling=16)
    governor.begin(0.0, 0, 0.001)
    seen = [
        governor.update(0.2 * n, 400_000 * done, 20_000_000, 0.001)
        for n, done in ((1, 1), (2, 5), (3, 13))
    ]
    assert seen == [4, 8, 16]


@pytest.mark.parametrize(("share", "most"), [(0.1, 64), (0.25, 48), (0.4, 32), (0.6, 32)])
def test_the_ceiling_is_raised_no_further_than_the_thread_can_serve(
    share: float, most: int
) -> None:
    """Bytes wait in the buffers of those that it cannot: a tenth was fetched twice (measured)."""
    governor = Governor(ceiling=16)
    governor.begin(0.0, 0, 0.001)
    done, seen = 0, []
    for n in range(1, 4):
        done += int(governor.target * 2e6 * 0.2)
        seen.append(governor.update(0.2 * n, done, 10**12, 0.001, busy_s=0.2 * n * share))
    assert seen[-1] == most


@pytest.mark.parametrize(("left_s", "most"), [(0.4, 16), (0.6, 32), (1.0, 48), (2.0, 64)])
def test_the_ceiling_is_raised_as_far_as_there_is_time_to_gain(left_s: float, most: int) -> None:
    governor = Governor(ceiling=16)
    governor.begin(0.0, 0, 0.001)
    now_s, done, seen = 0.0, 0, set()
    before_bytes = int((1 + 4 + 16) * 20e6 * 0.2)
    total = before_bytes + int(16 * 20e6 * left_s)
    while done < total:
        now_s += 0.2
        done += int(governor.target * 20e6 * 0.2)
        seen.add(governor.update(now_s, done, total - done, 0.001))
    assert max(seen) == most


def test_four_times_as_many_must_bring_more_than_twice_as_many() -> None:
    half_as_much_each = [0.0, 2e6, 2e6, 2e6, 3e6, *[3e6] * 60]
    assert max(climb(Governor(ceiling=16), half_as_much_each, 3)) <= 8


def test_a_ceiling_that_the_user_named_is_never_raised() -> None:
    assert max(climb(Governor(ceiling=4, ceiling_is_fixed=True), 2e6, 12)) == 4


def test_a_full_link_gets_no_more_connections() -> None:
    full = [0.0] + [50e6] * 64
    seen = climb(Governor(ceiling=16), full, 40)
    assert max(seen) <= 8, "one step further is tried now and then"
    assert seen[-1] <= 8
    assert sum(n <= 4 for n in seen) > len(seen) / 2, "but not kept"


def test_a_server_that_takes_no_more_is_believed() -> None:
    governor = Governor(ceiling=16)
    climb(governor, 2e6, 3)
    governor.lower(2)
    assert governor.target == 2


def test_a_transfer_that_is_nearly_over_gets_no_more_connections() -> None:
    governor = Governor(ceiling=16)
    governor.begin(0.0, 0, 0.001)
    assert governor.update(0.2, 10_000_000, 1_000_000, 0.001) == 1


def test_what_another_link_brings_is_no_sign_of_a_throttled_server() -> None:
    """A slow first link and a fast mirror look like it: forty connections cost a fifth."""
    governor = Governor(ceiling=16)
    governor.has_several_links = True
    assert max(climb(governor, 2e6, 12)) == 16
