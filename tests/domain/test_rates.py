"""Meters fed with made-up clocks: honest, calm, and never below zero."""

from __future__ import annotations

import math
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate, thorough
from tui_dl.domain.rates import RESET_GAP_S, EtaMeter, RateHistory, RateMeter

clocks = st.floats(-1e9, 1e9)
feeds = st.lists(st.tuples(clocks, st.integers(0, 2**40)), max_size=40)
steps = st.lists(st.tuples(st.floats(0, 2), st.integers(0, 2**24)), min_size=1, max_size=60)


def feed_evenly(meter: RateMeter | EtaMeter, start_s: float, seconds: float, bps: int) -> float:
    """Feed ``bps`` in blocks of a hundredth of a second; return the end."""
    blocks = round(seconds * 100)
    for block in range(1, blocks + 1):
        meter.add(start_s + block / 100, bps // 100)
    return start_s + blocks / 100


@moderate
@given(st.floats(0, 1e7), st.floats(0.2, 5), st.integers(10_000, 10**10))
def test_an_even_stream_is_measured_within_a_few_percent(
    start_s: float, window_s: float, bps: int
) -> None:
    meter = RateMeter(window_s)
    now_s = feed_evenly(meter, start_s, 2 * window_s + 0.5, bps)
    assert meter.rate_bps(now_s) == pytest.approx(bps, rel=0.06)


@thorough
@given(feeds, clocks)
def test_no_clock_makes_a_rate_negative_or_endless(
    fed: list[tuple[float, int]], now_s: float
) -> None:
    """D15: time may stand still, run back or leap."""
    meter, eta = RateMeter(), EtaMeter()
    for moment_s, count in fed:
        meter.add(moment_s, count)
        eta.add(moment_s, count)
        rate_bps = meter.rate_bps(moment_s)
        assert 0.0 <= rate_bps < math.inf
        left_s = eta.eta_s(10**12, moment_s)
        assert left_s is None or 0.0 <= left_s < math.inf
    assert 0.0 <= meter.rate_bps(now_s) < math.inf


@thorough
@given(steps, st.floats(0.2, 5))
def test_the_rate_never_exceeds_what_came_in_the_window(
    taken: list[tuple[float, int]], window_s: float
) -> None:
    meter = RateMeter(window_s)
    log: list[tuple[float, int]] = []
    now_s = 1000.0
    for pause_s, count in taken:
        now_s += pause_s
        meter.add(now_s, count)
        log.append((now_s, count))
        # The window reaches at most one bucket further back, and a young meter divides
        # by a quarter of it.
        recent = sum(n for at_s, n in log if at_s > now_s - window_s * 1.11)
        assert meter.rate_bps(now_s) <= recent / (window_s / 4) * 1.0001


@thorough
@given(steps, st.floats(0.1, 5))
def test_after_two_windows_of_silence_the_rate_is_zero(
    taken: list[tuple[float, int]], window_s: float
) -> None:
    meter = RateMeter(window_s)
    now_s = 0.0
    for pause_s, count in taken:
        now_s += pause_s
        meter.add(now_s, count)
    assert meter.rate_bps(now_s + 2 * window_s) == 0.0


@moderate
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_in_silence_the_rate_only_falls(moments: list[float]) -> None:
    meter = RateMeter()
    now_s = feed_evenly(meter, 50.0, 1.5, 10**6)
    rates = [meter.rate_bps(now_s + moment) for moment in sorted(moments)]
    for earlier, later in pairwise(rates):
        assert later <= earlier * 1.0001


def test_the_rate_has_no_jumps_at_an_even_speed() -> None:
    meter = RateMeter()
    now_s = feed_evenly(meter, 0.0, 2.0, 10**6)
    seen = []
    for _ in range(100):
        now_s = feed_evenly(meter, now_s, 0.01, 10**6)
        seen.append(meter.rate_bps(now_s))
    assert max(seen) - min(seen) < 0.05 * 10**6


def test_a_first_block_does_not_look_like_a_miracle() -> None:
    meter = RateMeter()
    meter.add(5.0, 262_144)
    assert meter.rate_bps(5.0) == 262_144 / 0.25
    assert meter.rate_bps(5.2) == 262_144 / 0.25
    assert RateMeter().rate_bps(5.0) == 0.0


def test_reading_late_or_early_does_not_disturb_the_count() -> None:
    meter = RateMeter()
    now_s = feed_evenly(meter, 0.0, 1.0, 10**6)
    before = meter.rate_bps(now_s)
    assert meter.rate_bps(now_s - 30) == before
    meter.add(now_s - 30, 0)
    assert meter.rate_bps(now_s) == before


def test_waiting_for_the_first_byte_is_not_slowness() -> None:
    waited, fresh = RateMeter(), RateMeter()
    assert waited.rate_bps(0.3) == 0.0
    for meter in (waited, fresh):
        meter.add(1.0, 10**6)
    assert waited.rate_bps(1.0) == fresh.rate_bps(1.0)


def test_after_a_suspend_the_old_rate_is_forgotten() -> None:
    """D14: with a window of a minute the bytes from before would still be in it."""
    meter = RateMeter(60.0)
    now_s = feed_evenly(meter, 0.0, 20.0, 10**6)
    assert meter.rate_bps(now_s + RESET_GAP_S) > 0
    meter = RateMeter(60.0)
    now_s = feed_evenly(meter, 0.0, 20.0, 10**6) + RESET_GAP_S + 0.1
    assert meter.rate_bps(now_s) == 0.0
    now_s = feed_evenly(meter, now_s, 20.0, 5 * 10**6)
    assert meter.rate_bps(now_s) == pytest.approx(5 * 10**6, rel=0.05)


def test_memory_does_not_grow() -> None:
    meter = RateMeter()

    def size() -> int:
        return sum(
            sys.getsizeof(value)
            for name in RateMeter.__slots__
            if isinstance(value := getattr(meter, name), list)
        )

    meter.add(0.0, 1)
    before = size()
    feed_evenly(meter, 0.0, 300.0, 10**6)
    assert before > 0
    assert size() == before


@pytest.mark.parametrize("window_s", [0.0, -1.0, math.nan])
def test_a_window_is_a_positive_time(window_s: float) -> None:
    with pytest.raises(ValueError, match="not a window"):
        RateMeter(window_s)


def test_a_negative_count_is_a_mistake_of_the_caller() -> None:
    meter = RateMeter()
    with pytest.raises(ValueError, match="not a count"):
        meter.add(1.0, -1)
    assert meter.rate_bps(1.0) == 0.0


def test_eta_is_what_is_left_over_the_rate() -> None:
    meter = EtaMeter()
    assert meter.eta_s(10, 0.0) is None
    assert meter.eta_s(0, 0.0) == 0.0
    now_s = feed_evenly(meter, 0.0, 10.0, 10**6)
    assert meter.eta_s(60 * 10**6, now_s) == pytest.approx(60, rel=0.05)
    assert meter.eta_s(0, now_s) == 0.0
    assert meter.eta_s(-5, now_s) == 0.0
    assert meter.eta_s(10**9, now_s + 11) is None


def test_eta_is_calmer_than_the_rate() -> None:
    rate, eta = RateMeter(), EtaMeter()
    for meter in (rate, eta):
        feed_evenly(meter, 0.0, 10.0, 10**6)
    # One second without a byte: the rate falls to nothing, the time left grows by a quarter.
    assert rate.rate_bps(11.2) == 0.0
    assert eta.eta_s(10**6, 11.0) == pytest.approx(1.25, rel=0.1)


def test_a_crawl_below_a_byte_a_second_has_no_eta() -> None:
    meter = EtaMeter()
    for second in range(10):
        meter.add(second * 9.0, 1)
    assert meter.eta_s(1000, 81.0) is None


@moderate
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(-10, 1e9)), max_size=900))
def test_the_history_is_the_first_sample_of_each_of_the_last_seconds(
    taken: list[tuple[float, float]],
) -> None:
    history = RateHistory()
    now_s = 0.0
    firsts: dict[int, float] = {}
    for pause_s, rate_bps in taken:
        now_s += pause_s
        history.add(now_s, rate_bps)
        firsts.setdefault(int(now_s), max(0.0, rate_bps))
    assert history.samples() == tuple(firsts.values())[-RateHistory.LENGTH :]
    assert history.peak_bps == max(firsts.values(), default=0.0)


def test_the_history_is_a_ring_of_five_minutes_that_remembers_its_peak() -> None:
    history = RateHistory()
    for second in range(1000):
        history.add(second + 0.5, 10_000.0 if second == 3 else float(second))
    assert history.samples() == tuple(float(second) for second in range(700, 1000))
    assert history.peak_bps == 10_000.0
    history.add(20.0, 5.0)  # a clock that ran back
    assert len(history.samples()) == 300
    assert history.samples()[-1] == 999.0
