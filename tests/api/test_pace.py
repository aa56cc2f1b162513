"""S20, L5: a burst is free, running away is not."""

from __future__ import annotations

import pytest

from tui_dl.api.pace import Pace


def test_a_usual_rate_never_waits() -> None:
    pace = Pace(per_s=100, burst=10)
    assert {pace.take(number / 50) for number in range(1000)} == {0.0}


def test_a_burst_is_free_and_more_of_it_waits_its_turn() -> None:
    pace = Pace(per_s=100, burst=10)
    waits = [pace.take(1000.0) for _ in range(30)]
    assert waits[:10] == [0.0] * 10
    assert waits[-1] == pytest.approx(0.2)
    assert waits == sorted(waits)


def test_who_waits_gets_the_rate_and_no_more() -> None:
    pace = Pace(per_s=100, burst=10)
    now_s = 1000.0
    for _ in range(1000):
        now_s += pace.take(now_s)
    assert now_s - 1000.0 == pytest.approx(9.9, abs=0.2)
